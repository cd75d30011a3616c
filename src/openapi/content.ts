// The value of one content item of a tool's result (MCP, `ContentBlock`), as JSON text. Images and audio become bare
// `data:` URIs, because that is the one form in which Open WebUI shows them to a model. What is not known passes as it is.

import { isObject } from '../json/value.ts';

/** `ownText` gives the item's exact JSON text; asked only where that is the value. */
export function contentValue(item: unknown, ownText: () => string): string {
  if (!isObject(item)) return ownText();
  switch (item['type']) {
    case 'text':
      return typeof item['text'] === 'string' ? textValue(item['text']) : ownText();
    case 'image':
    case 'audio':
      return dataUri(item['data'], item['mimeType']) ?? ownText();
    case 'resource':
      return resourceValue(item['resource']) ?? ownText();
    default:
      return ownText();
  }
}

/** The text itself where it is a JSON object, array or plain literal; else a JSON string. */
function textValue(text: string): string {
  return isJsonContainer(text) || isPlainLiteral(text) ? text : JSON.stringify(text);
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // Text that is no JSON is text.
  }
}

function resourceValue(resource: unknown): string | undefined {
  if (!isObject(resource)) return undefined;
  const { text, blob, mimeType } = resource;
  return typeof text === 'string' ? JSON.stringify(text) : dataUri(blob, mimeType);
}

/** RFC 2397, without parameters and line breaks: Open WebUI looks for exactly `data:TYPE;base64,`. */
function dataUri(data: unknown, mimeType: unknown): string | undefined {
  if (typeof data !== 'string') return undefined;
  const essence = typeof mimeType === 'string' ? (mimeType.split(';')[0] ?? '').trim() : '';
  const type = /^[\w.+-]+\/[\w.+-]+$/.test(essence) ? essence : 'application/octet-stream';
  return JSON.stringify(`data:${type};base64,${/\s/.test(data) ? data.replaceAll(/\s+/g, '') : data}`);
}
