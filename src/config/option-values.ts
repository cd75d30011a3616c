// What each kind of option accepts, from a flag, a variable, the file or a library user, and what it becomes.
// Pure; each function takes the value and the words that name its source, and throws a ConfigError with those words.
// No message quotes the value.

import { isObject } from '../json/value.ts';
import { constants } from 'node:buffer';
import { isIP, isIPv6 } from 'node:net';
import { ConfigError } from './config-error.ts';
import { checkHeaders } from './headers.ts';
import type { OptionKind } from './options.ts';
import type { LogLevel, OperationIdStyle } from './types.ts';

export type ServerType = 'stdio' | 'sse' | 'streamable-http';

/** What a value of each kind becomes. */
export interface OptionValue {
  text: string;
  secret: string;
  host: string;
  port: number;
  boolean: boolean;
  /** Milliseconds. */
  seconds: number;
  /** Bytes. */
  size: number;
  origins: readonly string[];
  networks: readonly string[];
  variables: Readonly<Record<string, string>>;
  headers: Readonly<Record<string, string>>;
  /** Without a trailing slash. */
  url: string;
  /** '' or '/path' without a trailing slash. */
  path: string;
  file: string;
  'log-level': LogLevel;
  'operation-ids': OperationIdStyle;
  'server-type': ServerType;
}

type Parse<T> = (raw: unknown, source: string) => T;

/** The value for a kind; `source` begins the sentence of an error. */
export function parseOption<Kind extends OptionKind>(kind: Kind, raw: unknown, source: string): OptionValue[Kind] {
  return parsers[kind](raw, source);
}

const parsers: { readonly [Kind in OptionKind]: Parse<OptionValue[Kind]> } = {
  text: (raw, source) => text(raw, source),
  secret,
  host,
  port,
  boolean,
  seconds: secondsToMs,
  size,
  origins,
  networks,
  variables,
  headers,
  url,
  path,
  file: (raw, source) => filled(raw, source, 'needs the path of a file'),
  'log-level': logLevel,
  'operation-ids': operationIds,
  'server-type': (raw, source) => serverType(filled(raw, source, serverTypeWords), source),
};

/** Node's timers take no more than 2^31 - 1 milliseconds, which is 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/** Milliseconds from seconds. */
export function secondsToMs(raw: unknown, source: string): number {
  return toMs(raw, 1000, `${source} must be a number of seconds`);
}

/** Milliseconds from minutes. */
export function minutesToMs(raw: unknown, source: string): number {
  return toMs(raw, 60_000, `${source} must be a number of minutes`);
}

/** The one place where a time is judged. */
function toMs(raw: unknown, unitMs: number, sentence: string): number {
  const units = number(raw);
  const timeMs = Math.ceil(units * unitMs);
  if (!(units > 0) || timeMs > maxTimerMs) {
    throw new ConfigError(`${sentence} above 0, such as 30 or 0.5, and at most 24 days.`);
  }
  return timeMs;
}

/** A whole number within limits; without `most`, as large as one likes. */
export function wholeNumber(raw: unknown, source: string, least: number, most?: number): number {
  const value = number(raw);
  if (!Number.isSafeInteger(value) || value < least || (most !== undefined && value > most)) {
    const limits = most === undefined ? `, at least ${least}` : ` from ${least} to ${most}`;
    throw new ConfigError(`${source} must be a whole number${limits}.`);
  }
  return value;
}

const serverTypeWords = 'must be stdio, sse or streamable-http';

/** The names in use for the three transports, among them those of the Python program and of other MCP clients. */
export function serverType(raw: string, source: string): ServerType {
  switch (raw.toLowerCase().replaceAll(/[-_]/g, '')) {
    case 'stdio':
      return 'stdio';
    case 'sse':
      return 'sse';
    case 'http':
    case 'streamablehttp':
      return 'streamable-http';
    default:
      throw new ConfigError(`${source} ${serverTypeWords}.`);
  }
}

/** An http or https URL of a server. */
export function webUrl(raw: string, source: string): URL {
  const parsed = URL.canParse(raw) ? new URL(raw) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new ConfigError(`${source} must be a URL that starts with http:// or https://.`);
  }
  return parsed;
}

/** For addresses that are asked without one: it would be dropped, or fail at every request. */
export function refuseLogin({ username, password }: URL, source: string): void {
  if (username === '' && password === '') return;
  throw new ConfigError(`${source} must not hold a user or a password.`);
}

function text(raw: unknown, source: string): string {
  if (typeof raw !== 'string') throw new ConfigError(`${source} must be a string.`);
  if (raw.includes('\0')) throw new ConfigError(`${source} holds a NUL character, which cannot be used.`);
  return raw;
}

function filled(raw: unknown, source: string, needs: string): string {
  const value = text(raw, source).trim();
  if (value === '') throw new ConfigError(`${source} ${needs}.`);
  return value;
}

function secret(raw: unknown, source: string): string {
  const value = text(raw, source);
  if (value.trim() === '') throw new ConfigError(`${source} is empty; leave it out to run without a key.`);
  if (hasControls(value)) throw new ConfigError(`${source} holds a line break or another control character.`);
  return value;
}

function host(raw: unknown, source: string): string {
  const value = filled(raw, source, 'needs an address, such as 127.0.0.1');
  const bare = value.startsWith('[') && value.endsWith(']') ? value.slice(1, -1) : value;
  if (isIP(bare) === 0 && (!/^[\w.-]+$/.test(bare) || bare !== value)) {
    throw new ConfigError(
      `${source} must be an address or a host name alone, such as 0.0.0.0; the port goes to --port.`,
    );
  }
  return bare;
}

function port(raw: unknown, source: string): number {
  return wholeNumber(raw, source, 0, 65_535);
}

function boolean(raw: unknown, source: string): boolean {
  switch (typeof raw === 'string' ? raw.trim().toLowerCase() : raw) {
    case true:
    case 'true':
    case '1':
    case 'yes':
    case 'on':
      return true;
    case false:
    case 'false':
    case '0':
    case 'no':
    case 'off':
      return false;
    default:
      throw new ConfigError(`${source} must be true or false (or 1, 0, yes, no, on, off).`);
  }
}

/** Bare letters count as binary, as in Docker and nginx. */
const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1000,
  kib: 1024,
  m: 1024 ** 2,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

/** A body is held as one text, and no text of Node's can be longer. */
const maxSizeBytes = constants.MAX_STRING_LENGTH;

function size(raw: unknown, source: string): number {
  const written = typeof raw === 'number' ? String(raw) : typeof raw === 'string' ? raw.trim() : '';
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(written) ?? [];
  const bytes = Math.floor(number(digits) * (sizeUnits[unit.toLowerCase()] ?? Number.NaN));
  if (!(bytes >= 1)) throw new ConfigError(`${source} must be a size, such as 32MiB, 10MB or a number of bytes.`);
  if (bytes > maxSizeBytes) {
    throw new ConfigError(
      `${source} must be at most ${Math.floor(maxSizeBytes / 1024 ** 2)}MiB, the most that fits in memory as one text.`,
    );
  }
  return bytes;
}

function origins(raw: unknown, source: string): readonly string[] {
  return list(raw, source).map((entry) => {
    if (entry === '*' || entry === 'null') return entry;
    const parsed =
      /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\s]+\/?$/i.test(entry) && URL.canParse(entry) ? new URL(entry) : undefined;
    if (parsed === undefined) {
      throw new ConfigError(`${source} must be * or web origins, such as https://chat.example.com, without a path.`);
    }
    return parsed.origin === 'null' ? `${parsed.protocol}//${parsed.host}` : parsed.origin;
  });
}

function networks(raw: unknown, source: string): readonly string[] {
  return list(raw, source).map((entry) => {
    const [address = '', prefix, ...rest] = entry.split('/');
    const longest = isIPv6(address) ? 128 : 32;
    const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (isIP(address) === 0 || address.includes('%') || rest.length > 0 || !(length <= longest)) {
      throw new ConfigError(
        `${source} must be addresses or CIDR blocks, such as 10.0.0.0/8 (0.0.0.0/0 for all of IPv4).`,
      );
    }
    return entry;
  });
}

function variables(raw: unknown, source: string): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  if (isObject(raw)) {
    for (const [name, value] of Object.entries(raw)) found.set(name, text(value, `${source} ${name}`));
  } else {
    for (const entry of entries(raw, source)) {
      const at = entry.indexOf('=');
      if (at < 0) throw new ConfigError(`${source} must be written KEY=VALUE.`);
      found.set(entry.slice(0, at), text(entry.slice(at + 1), source));
    }
  }
  for (const name of found.keys()) checkVariableName(name, source);
  return Object.fromEntries(found);
}

/** A name that a process can be given; the proxy's own variables never reach a child. */
export function checkVariableName(name: string, source: string): void {
  if (!/^[^=\s\0]+$/.test(name) || name === '__proto__') {
    throw new ConfigError(`${source} holds a name that no variable can have: it is empty, or holds a space or "=".`);
  }
  if (/^MCPO_/i.test(name)) {
    throw new ConfigError(
      `${source} cannot set ${name}, because MCPO_ variables belong to mcpo and never reach a server.`,
    );
  }
}

function headers(raw: unknown, source: string): Readonly<Record<string, string>> {
  const found = new Map<string, string>();
  const pieces = isObject(raw) ? [raw] : entries(raw, source).map((entry) => headerEntry(entry, source));
  for (const piece of pieces) {
    checkHeaders(piece, source);
    for (const [name, value] of Object.entries(piece)) {
      for (const known of found.keys()) if (known.toLowerCase() === name.toLowerCase()) found.delete(known);
      found.set(name, String(value).trim());
    }
  }
  return Object.fromEntries(found);
}

/** `Name: value`, or a JSON object of headers. */
function headerEntry(entry: string, source: string): Readonly<Record<string, unknown>> {
  const at = entry.indexOf(':');
  if (!/^\s*[{["]/.test(entry) && at > 0) return { [entry.slice(0, at).trim()]: entry.slice(at + 1).trim() };
  try {
    const parsed: unknown = JSON.parse(entry);
    if (isObject(parsed)) return parsed;
  } catch {
    // The parser's own message quotes the text, which may hold a token.
  }
  throw new ConfigError(`${source} must be "Name: value", or a JSON object such as {"Authorization": "Bearer ..."}.`);
}

function url(raw: unknown, source: string): string {
  const parsed = webUrl(filled(raw, source, 'needs a URL, such as https://tools.example.com'), source);
  if (parsed.search !== '' || parsed.hash !== '' || parsed.username !== '' || parsed.password !== '') {
    throw new ConfigError(`${source} must be a plain address, without user, query or fragment.`);
  }
  return parsed.href.replace(/\/+$/, '');
}

/** The characters of RFC 3986 that may stand in a path segment, and whole percent-encodings. */
const pathSegment = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/;

function path(raw: unknown, source: string): string {
  const segments = text(raw, source)
    .trim()
    .split('/')
    .filter((segment) => segment !== '');
  for (const segment of segments) {
    if (
      !pathSegment.test(segment) ||
      segment === '.' ||
      segment === '..' ||
      segment === 'http:' ||
      segment === 'https:'
    ) {
      throw new ConfigError(
        `${source} must be a path, such as /api/mcpo; anything unusual in it must be percent-encoded.`,
      );
    }
  }
  return segments.map((segment) => `/${segment}`).join('');
}

/** Besides our own four, the names of Python's logging and of other loggers that share the variable LOG_LEVEL. */
const logLevels: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  notset: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  fatal: 'error',
};

function logLevel(raw: unknown, source: string): LogLevel {
  const word = filled(raw, source, 'must be debug, info, warning or error').toLowerCase();
  const level = Object.hasOwn(logLevels, word) ? logLevels[word] : undefined;
  if (level === undefined) throw new ConfigError(`${source} must be debug, info, warning or error.`);
  return level;
}

const operationIdStyles: ReadonlyMap<string, OperationIdStyle> = new Map([
  ['tool', 'tool'],
  ['server_tool', 'server_tool'],
  ['mcpo', 'mcpo'],
]);

function operationIds(raw: unknown, source: string): OperationIdStyle {
  const expected = 'must be tool, server_tool or mcpo';
  const style = operationIdStyles.get(filled(raw, source, expected));
  if (style === undefined) throw new ConfigError(`${source} ${expected}.`);
  return style;
}

/** Entries of a list; a comma separates too, since none of these values can hold one. */
function list(raw: unknown, source: string): readonly string[] {
  const found = entries(raw, source)
    .flatMap((entry) => entry.split(','))
    .map((entry) => entry.trim());
  return found.filter((entry) => entry !== '');
}

function entries(raw: unknown, source: string): readonly string[] {
  const all: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  return all.map((entry) => text(entry, source));
}

/** NaN for everything that is not a plain decimal number. */
function number(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && /^\s*\d+(?:\.\d+)?\s*$|^\s*\.\d+\s*$/.test(raw) ? Number(raw) : Number.NaN;
}

function hasControls(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001F\u007F]/.test(value);
}
