// The text of a configuration as a tree that remembers places: JSON with comments and trailing commas, by jsonc-parser.
// Promises that every mistake is told with file, line and column and never with a value, and that a key stands once in
// its object. What the keys mean is in schema.ts.

import { findNodeAtLocation, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { ConfigError } from './config-error.ts';

export type Path = readonly (string | number)[];

export interface Document {
  /** Plain data; its objects have no prototype, so that no key has a meaning of its own. */
  readonly value: unknown;
  /** `config.json:3:15: mcpo.port`: what begins a sentence about the value at a path. */
  label(path: Path): string;
  /** The same, placed at the key instead of its value. */
  keyLabel(path: Path): string;
  /** `config.json:3:15: `, of a key. */
  keyPlace(path: Path): string;
  /** For sorting by place; the end of the text for what is not there. */
  offset(path: Path): number;
  /** Keys of an object in the order of the file, which JavaScript would change for names that look like numbers. */
  keys(path: Path): readonly string[];
}

/** Deeper than any configuration, and shallow enough for every recursion over it. */
const maxDepth = 100;

/** `file` is the name used in messages; undefined for servers that a library user gives, which have no lines. */
export function parseDocument(text: string, file: string | undefined): Document {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const placeAt = (offset: number): string => (file === undefined ? '' : `${file}:${lineAndColumn(source, offset)}: `);
  const root = parse(source, placeAt);
  const value = toValue(root, [], placeAt);
  const find = (path: Path): Node | undefined => findNodeAtLocation(root, [...path]);
  const nearestNode = (path: Path): Node => {
    for (let length = path.length; length > 0; length--) {
      const node = find(path.slice(0, length));
      if (node !== undefined) return node;
    }
    return root;
  };
  const keyPlace = (path: Path): string => placeAt((keyNode(find(path)) ?? nearestNode(path)).offset);
  return {
    value,
    label: (path) => placeAt(nearestNode(path).offset) + pathText(path),
    keyLabel: (path) => keyPlace(path) + pathText(path),
    keyPlace,
    offset: (path) => find(path)?.offset ?? source.length,
    keys: (path) => (find(path)?.children ?? []).map((property) => String(property.children?.[0]?.value)),
  };
}

/** `mcpServers.time.args[0]`, `mcpServers["my server"]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w$-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

function parse(source: string, placeAt: (offset: number) => string): Node {
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(source, errors, { allowTrailingComma: true, disallowComments: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`${placeAt(0)}the file is nested too deeply.`, { cause: error });
  }
  if (root === undefined && errors.every((error) => printParseErrorCode(error.error) === 'ValueExpected')) {
    throw new ConfigError(`${placeAt(0)}the file is empty; it must hold an object such as {"mcpServers": {}}.`);
  }
  const [first] = errors;
  if (first !== undefined || root === undefined) {
    throw new ConfigError(`${placeAt(first?.offset ?? 0)}this is not JSON: ${whatIsWrong(source, first)}.`);
  }
  return root;
}

/** In words of our own, because the text at the place may be a secret. */
function whatIsWrong(source: string, error: ParseError | undefined): string {
  switch (error === undefined ? undefined : printParseErrorCode(error.error)) {
    case 'InvalidSymbol':
      return source[error?.offset ?? 0] === "'"
        ? 'texts are written in double quotes'
        : 'a word or character that means nothing here (keys and texts are written in double quotes)';
    case 'InvalidNumberFormat':
    case 'UnexpectedEndOfNumber':
      return 'this number is not complete';
    case 'PropertyNameExpected':
      return 'a key in double quotes is missing';
    case 'ValueExpected':
      return 'a value is missing';
    case 'ColonExpected':
      return 'a colon is missing';
    case 'CommaExpected':
      return 'a comma is missing before this';
    case 'CloseBraceExpected':
      return 'a closing } is missing';
    case 'CloseBracketExpected':
      return 'a closing ] is missing';
    case 'EndOfFileExpected':
      return 'there is something after the end';
    case 'UnexpectedEndOfComment':
      return 'this comment is not closed';
    case 'UnexpectedEndOfString':
      return 'this text has no closing quote';
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
      return 'a backslash in this text must be doubled, as in "C:\\\\tools"';
    case 'InvalidCharacter':
      return 'a tab or another control character in this text must be written as an escape, such as \\t';
    default:
      return 'it cannot be read';
  }
}

function toValue(node: Node, path: Path, placeAt: (offset: number) => string): unknown {
  if (path.length > maxDepth) throw new ConfigError(`${placeAt(node.offset)}this is nested too deeply.`);
  if (node.type === 'array')
    return (node.children ?? []).map((child, index) => toValue(child, [...path, index], placeAt));
  if (node.type !== 'object') return node.value;
  const object: Record<string, unknown> = Object.create(null);
  for (const { children: [key, child] = [] } of node.children ?? []) {
    if (key === undefined || child === undefined) continue;
    const name = String(key.value);
    const at = `${placeAt(key.offset)}${pathText([...path, name])}`;
    if (Object.hasOwn(object, name)) throw new ConfigError(`${at} is written twice; keep one of them.`);
    if (name === '__proto__') throw new ConfigError(`${at} cannot be used, because JavaScript reserves this name.`);
    object[name] = toValue(child, [...path, name], placeAt);
  }
  return object;
}

function keyNode(node: Node | undefined): Node | undefined {
  return node?.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
}

/** From 1, as editors count. */
function lineAndColumn(source: string, offset: number): string {
  const lines = source.slice(0, offset).split(/\r\n|\r|\n/);
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}
