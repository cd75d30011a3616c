// Prints JSON values as text, as JSON (RFC 8259) or as YAML 1.2 in block style, exact numbers as they were written.
// Members that are undefined are left out, as JSON.stringify does. Values are trees of bounded depth.

import { ExactNumber, isObject, type JsonObject } from './value.ts';

export function printJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  let members = '';
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${printJson(member)}`;
  }
  return `{${members}}`;
}

/** What stands after `key:` of a member at this depth, or after `-` of an element: ` scalar`, or lines of their own. */
export function printYaml(value: unknown, depth: number): string {
  if (Array.isArray(value)) return value.length === 0 ? ' []' : value.map((item) => yamlElement(item, depth)).join('');
  if (isObject(value)) {
    const members = membersOf(value);
    if (members.length === 0) return ' {}';
    return members.map(([key, member]) => `\n${yamlMember(key, member, depth)}`).join('');
  }
  return ` ${yamlScalar(value, depth)}`;
}

/** A member of a mapping whose own lines are indented `depth` times. Without a line end. */
export function yamlMember(key: string, value: unknown, depth: number): string {
  return yamlKey(key, depth) + printYaml(value, depth + 1);
}

/** `key:`, for a mapping whose members are printed one by one. */
export function yamlKey(key: string, depth: number): string {
  return `${indentOf(depth)}${yamlText(key)}:`;
}

function yamlElement(value: unknown, depth: number): string {
  const lines = printYaml(value, depth + 1);
  const dash = `\n${indentOf(depth)}-`;
  // The first member of a mapping stands beside its dash.
  return lines.startsWith('\n') ? `${dash} ${lines.slice(1).trimStart()}` : dash + lines;
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

function indentOf(depth: number): string {
  return '  '.repeat(depth);
}

function yamlScalar(value: unknown, depth: number): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  return yamlLines(value, depth) ?? yamlText(value);
}

/** Words that mean something else than themselves, to readers of YAML 1.1 too. */
const reservedWord = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
const plainText = /^[A-Za-z_](?:[\w ./()-]*[\w./()-])?$/;
/** YAML cannot say half a surrogate pair, not even escaped; JSON can. */
const halfPair = /\p{Surrogate}/gu;
/** What YAML does not let stand in a text unescaped, and JSON does. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function yamlText(text: string): string {
  if (plainText.test(text) && !reservedWord.test(text)) return text;
  return JSON.stringify(text.replaceAll(halfPair, '\uFFFD')).replaceAll(unprintable, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Characters that a block shows as they are; half a surrogate pair is none. */
const blockText = /^[\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\u{10000}-\u{10ffff}]*$/u;

/** Several lines as a literal block, which people can read; undefined where its rules of space could change the text. */
function yamlLines(text: string, depth: number): string | undefined {
  if (!text.includes('\n') || !/^[^\s]/.test(text) || !blockText.test(text)) {
    return undefined;
  }
  const [, body = '', end = ''] = /^([\s\S]*[^\n])(\n*)$/.exec(text) ?? [];
  if (end.length > 1) return undefined;
  const indent = indentOf(depth);
  const lines = body.split('\n').map((line) => (line === '' ? '' : indent + line));
  return `|${end === '' ? '-' : ''}\n${lines.join('\n')}`;
}
