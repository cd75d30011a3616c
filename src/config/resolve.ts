// ${VAR}, ${VAR:-default}, ${env:VAR}, ${env:VAR:-default} and ${file:PATH} in the texts of a configuration.
// Promises that what is put in is never read as a reference again, that keys stay as they are, and that an error names
// the key and the variable or file, never a value. A bare $NAME means nothing; $${ is a literal ${.

import { resolve as resolvePath } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { Path } from './document.ts';
import { readTextFile } from './files.ts';

export interface ReferenceContext {
  /** What ${VAR} gives; undefined where it is not set. */
  readonly variable: (name: string) => string | undefined;
  /** Relative paths of ${file:} start here. */
  readonly folder: string;
  /** Begins a sentence about the value at a path. */
  readonly label: (path: Path) => string;
}

/** A copy of `value` with every text resolved. */
export async function resolveReferences(value: unknown, path: Path, context: ReferenceContext): Promise<unknown> {
  if (typeof value === 'string') return resolveText(value, path, context);
  if (typeof value !== 'object' || value === null) return value;
  // One after the other, so that of several mistakes the first is told.
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) items.push(await resolveReferences(item, [...path, index], context));
    return items;
  }
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    copy[key] = await resolveReferences(member, [...path, key], context);
  }
  return copy;
}

async function resolveText(text: string, path: Path, context: ReferenceContext): Promise<string> {
  const label = (): string => context.label(path);
  let resolved = '';
  let withoutTemplates = '';
  let at = 0;
  const add = (piece: string, isTemplate = false): void => {
    resolved += piece;
    withoutTemplates += isTemplate ? '\n' : piece;
  };
  for (;;) {
    const start = text.indexOf('${', at);
    if (start < 0) break;
    if (start > at && text[start - 1] === '$') {
      add(`${text.slice(at, start - 1)}\${`);
      at = start + 2;
      continue;
    }
    const end = text.indexOf('}', start);
    if (end < 0) throw new ConfigError(`${label()} holds a \${ without its }; write $\${ for a literal \${.`);
    add(text.slice(at, start));
    const inside = text.slice(start + 2, end);
    if (meansTemplate.test(inside)) add(checkTemplate(inside, path, label), true);
    else add(await lookUp(inside, label, context));
    at = end + 1;
  }
  add(text.slice(at));
  // What comes out of a variable, or is meant as it stands, would be taken for one.
  if (mayHoldTemplates(path) && holdsTemplate(withoutTemplates)) {
    throw new ConfigError(
      `${label()} comes to a text that would be taken for a template such as \${user.id}; a template cannot be escaped, nor come out of a variable.`,
    );
  }
  return resolved;
}

/** What is known only when somebody calls: `${user.id}`, `${user.email}`, `${header:X-Name}`. What fills it is mcp/templates.ts. */
export function holdsTemplate(text: string): boolean {
  return /\$\{(?:user\.(?:id|email)|header:[!#$%&'*+\-.^_`|~0-9A-Za-z]+)\}/.test(text);
}

const meansTemplate = /^(?:user\.|header:)/;

/** Kept as it stands, where it may stand: in a header or a variable of a server. */
function checkTemplate(inside: string, path: Path, label: () => string): string {
  const text = `\${${inside}}`;
  if (!holdsTemplate(text)) {
    throw new ConfigError(
      `${label()} holds a \${...} that is none of \${user.id}, \${user.email} and \${header:X-Name}.`,
    );
  }
  if (mayHoldTemplates(path)) return text;
  throw new ConfigError(`${label()} holds ${text}, which may stand in values of "headers" and "env" of a server only.`);
}

function mayHoldTemplates([top, , member, ...rest]: Path): boolean {
  return top === 'mcpServers' && (member === 'headers' || member === 'env') && rest.length === 1;
}

/** A variable's name, with those of Windows such as ProgramFiles(x86), and its default. */
const reference = /^(?:env:)?([A-Za-z_][A-Za-z0-9_()]*)(?::-([^]*))?$/;

async function lookUp(inside: string, label: () => string, context: ReferenceContext): Promise<string> {
  if (inside.startsWith('file:')) {
    const file = resolvePath(context.folder, inside.slice('file:'.length));
    return (await readTextFile(file, `${label()} needs the file ${file}, which`)).replace(/\r?\n$/, '');
  }
  const [, name, fallback] = reference.exec(inside) ?? [];
  if (name === undefined || fallback?.includes('${')) {
    throw new ConfigError(
      `${label()} holds a \${...} that is none of \${VAR}, \${VAR:-default}, \${env:VAR} and \${file:PATH}; write $\${ for a literal \${.`,
    );
  }
  const value = context.variable(name);
  if (value !== undefined && (value !== '' || fallback === undefined)) return value;
  if (fallback !== undefined) return fallback;
  throw new ConfigError(
    `${label()} needs the variable ${name}, which is not set; set it, or give a default with \${${name}:-...}.`,
  );
}
