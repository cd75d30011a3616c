// One content item of a tool's result (MCP, `ContentBlock`): its value as JSON text, its text, its bytes. Images and
// audio become bare `data:` URIs, because that is the one form in which Open WebUI shows them to a model. What is not
// known, or lacks what its type should have, passes as it is.

import { isJson } from '../json/grammar.ts';
import { isObject } from '../json/value.ts';
import { OCTET_STREAM } from './negotiate.ts';

/** The exact JSON text of an item, or of what stands on a path in it. */
export type OwnText = (path: readonly string[]) => string;

/** `ownText` is asked only where that is the value, or long. */
export function contentValue(item: unknown, ownText: OwnText): string {
  if (!isObject(item)) return ownText([]);
  const { type, text } = item;
  if (type === 'text') return typeof text === 'string' ? textValue(text, ownText) : ownText([]);
  const embedded = textOf(item);
  if (embedded !== undefined) return stringValue(embedded, () => ownText(['resource', 'text']));
  return dataUri(item) ?? ownText([]);
}

/** What a text item says, or an embedded resource that is a text. */
export function textOf(item: unknown): string | undefined {
  if (!isObject(item)) return undefined;
  const { type, resource } = item;
  const holder = type === 'text' ? item : type === 'resource' && isObject(resource) ? resource : undefined;
  const text = holder?.['text'];
  return typeof text === 'string' ? text : undefined;
}

export interface EncodedBytes {
  /** Lower case, without parameters. */
  readonly mediaType: string;
  /** Of the standard alphabet, padded, without line breaks. */
  readonly base64: string;
}

/** What an image, a sound or an embedded file holds; undefined where that is no base64. */
export function bytesOf(item: unknown): EncodedBytes | undefined {
  if (!isObject(item)) return undefined;
  const { type, data, mimeType, resource } = item;
  if (type === 'image' || type === 'audio') return encodedBytes(data, mimeType);
  if (type === 'resource' && isObject(resource)) return encodedBytes(resource['blob'], resource['mimeType']);
  return undefined;
}

/** `type/subtype` in lower case, without parameters; undefined where there is none. */
export function essenceOf(mediaType: unknown): string | undefined {
  if (typeof mediaType !== 'string') return undefined;
  return /^\s{0,9}([\w.+-]{1,127}\/[\w.+-]{1,127})\s{0,9}(?:;|$)/.exec(mediaType)?.[1]?.toLowerCase();
}

/** The text itself where it is a JSON object, array or plain literal; else a JSON string. */
function textValue(text: string, ownText: OwnText): string {
  if (isPlainLiteral(text)) return text;
  if (isJsonContainer(text)) return text.isWellFormed() ? text : text.replaceAll(/\p{Surrogate}/gu, escaped);
  return stringValue(text, () => ownText(['text']));
}

/** From here on, finding a string in the text that came costs less than writing it anew. */
const LONG_TEXT_CHARS = 65_536;

function stringValue(text: string, ownText: () => string): string {
  return text.length < LONG_TEXT_CHARS ? JSON.stringify(text) : ownText();
}

/** Half of a surrogate pair has no UTF-8: written raw it would be lost on the way out. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16)}`;
}

/** Looks at both ends first: logs and Markdown that begin with a bracket are not worth a parse. */
function isJsonContainer(text: string): boolean {
  const first = /^[\t\n\r ]*([{[])/.exec(text)?.[1];
  if (first === undefined) return false;
  let end = text.length - 1;
  while (' \t\n\r'.includes(text[end] ?? 'x')) end--;
  return text[end] === (first === '{' ? '}' : ']') && isJson(text);
}

/** The longest number that prints as itself is shorter. */
const MAX_LITERAL_CHARS = 32;
/** Beyond it, integers that look exact are not, for whoever reads them as doubles. */
const MAX_EXACT_INTEGER = 2 ** 53;

/** `true`, `null`, and numbers that every reader prints as they are written: not `007`, `1.0` or `9007199254740993`. */
function isPlainLiteral(text: string): boolean {
  if (text.length > MAX_LITERAL_CHARS || !/^[-\dtfn]/.test(text) || !isJson(text)) return false;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > MAX_EXACT_INTEGER) return false;
  return JSON.stringify(value) === text;
}

/** RFC 2397, without parameters and line breaks: Open WebUI looks for exactly `data:TYPE;base64,`. As JSON text. */
function dataUri(item: unknown): string | undefined {
  const bytes = bytesOf(item);
  // Nothing in it has to be escaped, which spares a copy of what may be many megabytes.
  return bytes && `"data:${bytes.mediaType};base64,${bytes.base64}"`;
}

function encodedBytes(data: unknown, mimeType: unknown): EncodedBytes | undefined {
  if (typeof data !== 'string') return undefined;
  const uri = data.startsWith('data:') ? splitDataUri(data) : undefined;
  const base64 = normalBase64(uri?.data ?? data);
  if (base64 === undefined) return undefined;
  return { mediaType: essenceOf(mimeType) ?? essenceOf(uri?.mediaType) ?? OCTET_STREAM, base64 };
}

/** Some servers give the whole URI where MCP wants the data. */
function splitDataUri(uri: string): { readonly mediaType: string; readonly data: string } | undefined {
  const comma = uri.indexOf(',');
  const head = uri.slice('data:'.length, comma);
  return comma < 0 || !/;base64$/i.test(head) ? undefined : { mediaType: head, data: uri.slice(comma + 1) };
}

const strangeToBase64 = /[^A-Za-z\d+/=]/;

/** Without line breaks, in the standard alphabet, padded; undefined where it is no base64 (RFC 4648). */
function normalBase64(data: string): string | undefined {
  let text = data;
  if (strangeToBase64.test(text)) {
    text = text.replaceAll(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
    if (strangeToBase64.test(text)) return undefined;
  }
  const padding = text.indexOf('=');
  const length = padding < 0 ? text.length : padding;
  if (length % 4 === 1 || !['', '=', '=='].includes(text.slice(length, length + 3))) return undefined;
  const paddedLength = Math.ceil(length / 4) * 4;
  return text.length === paddedLength ? text : text.slice(0, length).padEnd(paddedLength, '=');
}
