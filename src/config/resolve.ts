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
  if (typeof value === 'string') return resolveText(value, () => context.label(path), context);
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

async function resolveText(text: string, label: () => string, context: ReferenceContext): Promise<string> {
  let resolved = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf('${', at);
    if (start < 0) return resolved + text.slice(at);
    if (start > at && text[start - 1] === '$') {
      resolved += `${text.slice(at, start - 1)}\${`;
      at = start + 2;
      continue;
    }
    const end = text.indexOf('}', start);
    if (end < 0) throw new ConfigError(`${label()} holds a \${ without its }; write $\${ for a literal \${.`);
    resolved += text.slice(at, start) + (await lookUp(text.slice(start + 2, end), label, context));
    at = end + 1;
  }
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
