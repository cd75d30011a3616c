// Names that the outside needs and a tool's own name cannot always be: operation ids, which models and code generators
// take for function names, and path segments. Both are unique, depend on nothing but names and their order, and keep
// the tool's name wherever it can stand. Texts (summary, description) are prepared.ts's.

import type { OperationIdStyle } from '../config/types.ts';
import { reservedToolNames } from '../routes.ts';

/** What LLM APIs accept as a function name. */
const MAX_ID_CHARS = 64;
const HASH_CHARS = 6;
/** Far below the 8 KiB of a URL, so that prefix, server and query fit beside it. */
const MAX_ENCODED_SEGMENT_CHARS = 1024;
const MAX_WORD_CHARS = 48;

/** Whose operation id is meant. */
export interface ToolAddress {
  readonly server: string;
  readonly tool: string;
}

/**
 * Gives operation ids that match `^[A-Za-z_][A-Za-z0-9_-]{0,63}$` and differ in more than case. The plain id goes to the
 * one of `everyone` whose name it is, letter for letter, else to who asks first; whoever would repeat it gets one with a
 * hash in it.
 */
export function createOperationIds(
  everyone: Iterable<ToolAddress>,
  style: OperationIdStyle,
): (address: ToolAddress) => string {
  const owners = literalOwners(everyone, style);
  const taken = new Set<string>();
  return (address) => {
    const words = wordsOf(address, style);
    const key = keyOf(address);
    const isFree = (id: string) => !taken.has(id.toLowerCase()) && (owners.get(id.toLowerCase()) ?? key) === key;
    let id = joined(words.server, words.tool);
    if (id.length > MAX_ID_CHARS) id = marked(words, hash(key, 0));
    for (let salt = 0; !isFree(id); salt++) id = marked(words, hash(key, salt));
    taken.add(id.toLowerCase());
    return id;
  };
}

/** By id in small letters: the first for whom it is the name itself and not a reading of it. */
function literalOwners(everyone: Iterable<ToolAddress>, style: OperationIdStyle): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const address of everyone) {
    const literal = literalId(address, style);
    const words = wordsOf(address, style);
    if (joined(words.server, words.tool) !== literal || literal.length > MAX_ID_CHARS) continue;
    const id = literal.toLowerCase();
    if (!owners.has(id)) owners.set(id, keyOf(address));
  }
  return owners;
}

function literalId({ server, tool }: ToolAddress, style: OperationIdStyle): string {
  switch (style) {
    case 'tool':
      return tool;
    case 'server_tool':
      return `${server}_${tool}`;
    case 'mcpo':
      return `tool_${tool}_post`;
  }
}

function keyOf({ server, tool }: ToolAddress): string {
  return `${server}\n${tool}`;
}

/** The decoded path segments of one server's tools, in their order, all different. */
export function pathSegments(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const plain = names.map((name) => {
    if (!canStandInPath(name) || taken.has(name)) return undefined;
    taken.add(name);
    return name;
  });
  return plain.map((segment, index) => segment ?? renamed(names[index] ?? '', taken));
}

/** A path segment as addresses show it: no `/`, no template braces. A lone surrogate has no encoding: it is U+FFFD. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.replace(/\p{Surrogate}/gu, '\uFFFD'));
}

/** URL parsers resolve `.` and `..` even when they are encoded; a lone surrogate has no encoding. */
function canStandInPath(name: string): boolean {
  if (name === '' || name === '.' || name === '..' || reservedToolNames.has(name)) return false;
  return !/\p{Surrogate}/u.test(name) && encodeSegment(name).length <= MAX_ENCODED_SEGMENT_CHARS;
}

function renamed(name: string, taken: Set<string>): string {
  const word = toolWord(name).slice(0, MAX_WORD_CHARS);
  for (let salt = 0; ; salt++) {
    const segment = joined(word, hash(name, salt));
    if (!taken.has(segment)) {
      taken.add(segment);
      return segment;
    }
  }
}

/** `{server, cut}_{hash}_{tool}`, or, where the tool leaves no room for a hash, `{tool, cut}_{hash}`. */
function marked({ server, tool }: Words, mark: string): string {
  const end = joined(mark, tool);
  const room = MAX_ID_CHARS - end.length;
  if (room < 0) return joined(startable(tool).slice(0, MAX_ID_CHARS - HASH_CHARS - 1), mark);
  return joined(server.slice(0, Math.max(0, room - 1)), end);
}

/** Both readable; `server`, what an id begins with, is '' where there is nothing before the tool. */
interface Words {
  readonly server: string;
  readonly tool: string;
}

function wordsOf({ server, tool }: ToolAddress, style: OperationIdStyle): Words {
  switch (style) {
    case 'tool':
      return { server: '', tool: toolWord(tool) };
    case 'server_tool':
      return { server: startable(toWord(server) ?? 'server'), tool: toolWord(tool) };
    case 'mcpo':
      // FastAPI's ids, which have no hyphens.
      return { server: 'tool', tool: joined(toolWord(tool).replaceAll(/-+/g, '_'), 'post') };
  }
}

function toolWord(tool: string): string {
  return toWord(tool) ?? 'tool';
}

/** With one `_` between them, and never two that neither had. */
function joined(left: string, right: string): string {
  const start = left.replace(/_$/, '');
  if (start === '') return startable(right);
  return right.startsWith('_') ? start + right : `${start}_${right}`;
}

function startable(word: string): string {
  return /^[A-Za-z_]/.test(word) ? word : `_${word}`;
}

/**
 * Runs of other characters become one `_`, which swallows its neighbours, so that `__` stays only where the name has it.
 * undefined if nothing readable is left.
 */
function toWord(name: string): string | undefined {
  let word = '';
  let made = false;
  for (const char of name) {
    if (word.length > MAX_ID_CHARS) break; // Too long for an id already: only the beginning will show.
    if (/[A-Za-z0-9-]/.test(char) || (char === '_' && !made)) {
      word += char;
      made = false;
    } else if (char !== '_') {
      if (!word.endsWith('_')) word += '_';
      made = true;
    }
  }
  return /[A-Za-z0-9]/.test(word) ? word : undefined;
}

/** FNV-1a, 32 bits. It only has to spread: collisions are looked for and salted. Begins with a letter. */
function hash(text: string, salt: number): string {
  let value = 0x811c9dc5;
  for (const unit of `${salt}\n${text}`) {
    value = Math.imul(value ^ (unit.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return `h${value
    .toString(36)
    .padStart(7, '0')
    .slice(-(HASH_CHARS - 1))}`;
}
