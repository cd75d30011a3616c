// Takes a request body to the arguments of a tool. What is accepted here is forwarded as the text that came, so anything
// that two readers could read differently is refused: duplicate keys, other charsets. Checks form only; whether the
// tool wants these arguments is not asked here.

import { AppError } from '../errors.ts';
import { parseExactly } from '../json/parse.ts';
import { inspectJson } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import { kindOf } from './keyword-sentences.ts';
import { findSyntaxError } from './syntax.ts';
import { cutText } from './text.ts';

/** The arguments object as its own text, and the same, parsed. */
export interface GivenArguments {
  readonly argumentsText: string;
  readonly value: JsonObject;
}

export type ReadArguments = ({ readonly ok: true } & GivenArguments) | { readonly ok: false; readonly error: AppError };

/** Deeper than any real argument, and less than what readers that recurse can take. */
const MAX_DEPTH = 500;
const MAX_KEY_CHARS = 100;

/** `text` is the decoded body, '' where there is none. */
export function readArguments(text: string, contentType: string | undefined): ReadArguments {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (body.trim() === '') return { ok: true, argumentsText: '{}', value: {} };
  const error = typeError(contentType);
  return error === undefined ? readObject(body) : refused(error);
}

/** A missing type is taken for JSON. */
function typeError(contentType: string | undefined): AppError | undefined {
  if (contentType === 'application/json') return undefined;
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

function readObject(body: string): ReadArguments {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return malformed(`The body is not valid JSON: ${syntaxSentence(body)}`);
  }
  if (!isObject(value)) {
    return malformed(`The body must be a JSON object that holds the arguments by name, not ${kindOf(value)}.`);
  }
  const { depth, duplicateKey, longNumber } = inspectJson(body);
  if (depth > MAX_DEPTH) return malformed(`The body nests ${depth} levels deep: at most ${MAX_DEPTH} are accepted.`);
  if (duplicateKey !== undefined) {
    return malformed(`The body has the key ${shown(duplicateKey)} twice in one object: send each key once.`);
  }
  const exact = longNumber ? (parseExactly(body) as JsonObject) : value;
  return { ok: true, argumentsText: body, value: exact };
}

/** Gives the place and never the text, which may hold secrets. */
function syntaxSentence(body: string): string {
  const { line, column, atEnd } = findSyntaxError(body);
  const what = atEnd ? 'it ends too early, at' : 'what does not belong there stands at';
  return `${what} line ${line}, column ${column}.`;
}

function malformed(detail: string): ReadArguments {
  return refused(new AppError('malformed_request', detail));
}

function refused(error: AppError): ReadArguments {
  return { ok: false, error };
}

function shown(text: string): string {
  return JSON.stringify(cutText(text, MAX_KEY_CHARS));
}
