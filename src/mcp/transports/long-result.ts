// The answer to a request of ours that is too long to be read where other calls wait. Whose it is stands at its ends; it
// goes on as it came, to be read elsewhere.

import { LONG_JSON } from '../../json/long.ts';
import { memberSpan } from '../../json/scan.ts';
import { isObject } from '../../json/value.ts';
import type { LongMessage } from '../types.ts';
import type { Reply } from './transport.ts';

export function isLong(message: LongMessage): boolean {
  return (typeof message === 'string' ? message.length : lengthOf(message)) >= LONG_JSON;
}

/** The id of the request that a message answers with a result; undefined where its two ends do not say so. */
export function idOfResult(message: LongMessage): number | undefined {
  const { head, tail } = endsOf(message);
  const before = headOfResult.exec(head)?.[1];
  if (before === undefined) return undefined;
  const id = idMember.exec(before) ?? idMember.exec(tailOfResult.exec(tail)?.[1] ?? '');
  return id === null ? undefined : Number(id[1]);
}

/** `value` and `text` read it at once, for the few who ask for a long result and are no caller's call. */
export function longReply(message: LongMessage): Reply {
  let read: { readonly value: unknown; readonly text: string } | undefined;
  const whole = (): { readonly value: unknown; readonly text: string } => (read ??= resultOf(textOf(message)));
  return {
    kind: 'result',
    message,
    get value(): unknown {
      return whole().value;
    },
    text: () => whole().text,
  };
}

export function textOf(message: LongMessage): string {
  if (typeof message === 'string') return message;
  const [first, ...others] = message;
  if (first === undefined || others.length > 0) return Buffer.concat(message).toString();
  return Buffer.from(first.buffer, first.byteOffset, first.length).toString();
}

/** `undefined` and `null` for what is no JSON after all. */
function resultOf(text: string): { readonly value: unknown; readonly text: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { value: undefined, text: 'null' };
  }
  const span = memberSpan(text, ['result']);
  return {
    value: isObject(parsed) ? parsed['result'] : undefined,
    text: span === undefined ? 'null' : text.slice(span.start, span.end),
  };
}

/** What may stand beside a result: `jsonrpc` and `id`, in any order. */
const envelope = String.raw`"(?:jsonrpc|id)"\s*:\s*(?:"[^"\\]{0,20}"|\d{1,15})\s*`;
const headOfResult = new RegExp(String.raw`^\s*\{\s*((?:${envelope},\s*)*)"result"\s*:`);
/** A result is an object. */
const tailOfResult = new RegExp(String.raw`\}\s*((?:,\s*${envelope})+)\}\s*$`);
const idMember = /"id"\s*:\s*"?(\d+)/;

const endBytes = 256;

function endsOf(message: LongMessage): { readonly head: string; readonly tail: string } {
  if (typeof message === 'string') return { head: message.slice(0, endBytes), tail: message.slice(-endBytes) };
  const first: Uint8Array[] = [];
  for (let index = 0; index < message.length && lengthOf(first) < endBytes; index++) first.push(message[index] ?? none);
  const last: Uint8Array[] = [];
  for (let index = message.length; index > 0 && lengthOf(last) < endBytes; index--) {
    last.unshift(message[index - 1] ?? none);
  }
  return {
    head: Buffer.concat(first.map((piece) => piece.subarray(0, endBytes))).toString('latin1'),
    tail: Buffer.concat(last.map((piece) => piece.subarray(-endBytes))).toString('latin1'),
  };
}

const none = new Uint8Array();

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
