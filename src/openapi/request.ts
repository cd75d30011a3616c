// Takes a request body to the arguments of a tool. What is accepted here is forwarded as the text that came, so anything
// that two readers could read differently is refused: duplicate keys, other charsets. Checks form only; whether the
// tool wants these arguments is not asked here.

import { AppError } from '../errors.ts';
import { inspectJson } from '../json/scan.ts';
import { findSyntaxError } from './syntax.ts';
import { cutText } from './text.ts';

export type ReadArguments =
  | { readonly ok: true; readonly argumentsText: string }
  | { readonly ok: false; readonly error: AppError };

/** Deeper than any real argument, and less than what readers that recurse can take. */
const MAX_DEPTH = 500;
const MAX_KEY_CHARS = 100;

/** `text` is the decoded body, '' where there is none. */
export function readArguments(text: string, contentType: string | undefined): ReadArguments {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (body.trim() === '') return { ok: true, argumentsText: '{}' };
  const error = typeError(contentType) ?? bodyError(body);
  return error === undefined ? { ok: true, argumentsText: body } : { ok: false, error };
}

/** A missing type is taken for JSON. */
function typeError(contentType: string | undefined): AppError | undefined {
  const [essence = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const mediaType = essence.trim();
  if (!isJsonType(mediaType)) {
    return new AppError(
      'unsupported_media_type',
      `The arguments cannot be sent as ${shown(mediaType)}: send a JSON object with Content-Type: application/json.`,
    );
  }
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=').map((part) => part.trim().replaceAll('"', ''));
    if (name === 'charset' && value !== '' && !/^(?:utf-?8|us-ascii)$/.test(value)) {
      return new AppError(
        'unsupported_media_type',
        `The charset ${shown(value)} is not supported: send JSON encoded as UTF-8.`,
      );
    }
  }
  return undefined;
}

/** Holds arguments beside other things: to forward it as arguments would be a misreading. */
const CALL_TYPE = 'application/vnd.mcp.call+json';

function isJsonType(mediaType: string): boolean {
  if (mediaType === '' || mediaType === 'application/json') return true;
  return mediaType !== CALL_TYPE && /^[^\s/]+\/[^\s/]+\+json$/.test(mediaType);
}

function bodyError(body: string): AppError | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return malformed(`The body is not valid JSON: ${syntaxSentence(body)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return malformed(`The body must be a JSON object that holds the arguments by name, not ${kindOf(value)}.`);
  }
  const { depth, duplicateKey } = inspectJson(body);
  if (depth > MAX_DEPTH) return malformed(`The body nests ${depth} levels deep: at most ${MAX_DEPTH} are accepted.`);
  if (duplicateKey !== undefined) {
    return malformed(`The body has the key ${shown(duplicateKey)} twice in one object: send each key once.`);
  }
  return undefined;
}

/** Gives the place and never the text, which may hold secrets. */
function syntaxSentence(body: string): string {
  const { line, column, atEnd } = findSyntaxError(body);
  const what = atEnd ? 'it ends too early, at' : 'what does not belong there stands at';
  return `${what} line ${line}, column ${column}.`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function malformed(detail: string): AppError {
  return new AppError('malformed_request', detail);
}

function shown(text: string): string {
  return JSON.stringify(cutText(text, MAX_KEY_CHARS));
}
