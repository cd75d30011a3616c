// What a person sees on a terminal while the proxy starts: one line per server when its first attempt ends, then where
// everything is, what to paste into Open WebUI and a line to try. It only reads events and the snapshot; once the
// start is over it shows nothing more, and the log goes on alone.

import { inspect } from 'node:util';
import type { AppEvent } from '../events.ts';
import type { Snapshot } from '../snapshot.ts';
import { formatDuration, formatTools } from './format.ts';
import { newsOf } from './log-lines.ts';
import { printable } from './printable.ts';
import { keyVariable, tryLine } from './try-line.ts';

export interface StartMessageOptions {
  readonly version: string;
  readonly colors: boolean;
  readonly write: (text: string) => void;
}

export interface StartMessage {
  /** Shows an event that belongs to the start; says whether it did. */
  show(event: AppEvent): boolean;
  /** Ends the message; `snapshot` is that of the moment when every server had its first attempt. */
  finish(settled: SettledEvent, snapshot: Snapshot, links: Links): void;
}

export interface Links {
  /** Where this machine reaches the program, without a path. */
  readonly url: string;
  /** What other programs use, root path and path prefix included. */
  readonly baseUrl: string;
}

type ListeningEvent = Extract<AppEvent, { type: 'listening' }>;
type StateEvent = Extract<AppEvent, { type: 'upstream-state' }>;
export type SettledEvent = Extract<AppEvent, { type: 'settled' }>;

export function createStartMessage({ version, colors, write }: StartMessageOptions): StartMessage {
  const paint: Paint = (format, text) => (colors ? painted(format, text) : text);
  let listening: ListeningEvent | undefined;
  let finished = false;
  /** Results that came before the address was known. */
  let early: StateEvent[] = [];
  const shown = new Map<string, string>();

  const showServer = (event: StateEvent, { servers }: ListeningEvent): void => {
    // An attempt repeated while others still start says the same again.
    if (shown.get(event.server) === newsOf(event)) return;
    shown.set(event.server, newsOf(event));
    write(serverLine(event, columnWidth(servers), paint));
  };

  return {
    show(event) {
      if (finished) return false;
      if (event.type === 'listening') {
        listening = event;
        write(head(event, version, paint));
        for (const result of early) showServer(result, event);
        early = [];
        return true;
      }
      if (event.type !== 'upstream-state') return false;
      if (event.state === 'starting') return true;
      if (listening === undefined) early.push(event);
      else showServer(event, listening);
      return true;
    },
    finish(settled, snapshot, links) {
      if (listening !== undefined) write(tail(listening, settled, snapshot, links, paint));
      finished = true;
    },
  };
}

type Format = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
type Paint = (format: Format, text: string) => string;

/** Whether to paint is decided once, by the caller; `styleText` of newer Node versions decides again. */
function painted(format: Format, text: string): string {
  const [on, off] = inspect.colors[format] ?? [0, 0];
  return `\u001B[${on}m${text}\u001B[${off}m`;
}

function head({ url }: ListeningEvent, version: string, paint: Paint): string {
  return `\n  ${paint('bold', `mcpo ${version}`)}  ${paint('cyan', url)}\n\n  ${paint('dim', 'Servers')}\n`;
}

/** Longer names push their own line only. */
const maxNameColumns = 24;

function columnWidth(servers: readonly string[]): number {
  return Math.min(maxNameColumns, Math.max(0, ...servers.map((name) => name.length)));
}

function serverLine(event: StateEvent, width: number, paint: Paint): string {
  const name = printable(event.server).padEnd(width);
  if (event.state === 'ready') {
    const tools = formatTools(event.tools).padEnd('999 tools'.length);
    const took = event.tookMs === undefined ? '' : formatDuration(event.tookMs);
    return `  ${paint('green', '✓')} ${name}  ${`${tools}  ${took}`.trimEnd()}\n`;
  }
  const mark = event.state === 'authorization-required' ? paint('yellow', '!') : paint('red', '✗');
  return `  ${mark} ${name}  ${printable(event.detail)}\n`;
}

/** They start nothing and so send no event. */
function disabledLines(snapshot: Snapshot, { servers }: ListeningEvent, paint: Paint): string {
  const names = [...snapshot.servers.values()].filter((server) => server.config.disabled).map(({ name }) => name);
  const width = columnWidth(servers);
  return names.map((name) => `  ${paint('dim', `- ${printable(name).padEnd(width)}  disabled`)}\n`).join('');
}

function tail(
  listening: ListeningEvent,
  settled: SettledEvent,
  snapshot: Snapshot,
  { url, baseUrl }: Links,
  paint: Paint,
): string {
  const line = tryLine(snapshot, url);
  const rows: [string, string][] = [
    ['Address', url],
    ['', listening.bind],
    ['Origins', listening.origins],
    ['Docs', `${url}/docs`],
    ['Overview', `${url}/`],
    ...openWebUiRows(snapshot, baseUrl),
    ['Try', line],
  ];
  if (line.includes(keyVariable)) rows.push(['', `with the key in the variable ${keyVariable}`]);
  const lines = rows.map(([label, text]) => `  ${paint('dim', label.padEnd('Open WebUI'.length))}  ${text}`.trimEnd());
  return `${disabledLines(snapshot, listening, paint)}\n  ${readiness(settled)}\n\n${lines.join('\n')}\n\n`;
}

function readiness({ ready, servers, tookMs }: SettledEvent): string {
  const took = formatDuration(tookMs);
  if (ready === servers) return servers === 1 ? `Ready after ${took}.` : `All ${servers} servers ready after ${took}.`;
  return `${ready} of ${servers} servers ready after ${took}; the others are tried again and again.`;
}

/** What goes into the field "URL" of a connection of the type OpenAPI. */
function openWebUiRows({ servers, root }: Snapshot, base: string): [string, string][] {
  const where = 'Settings > Integrations, a connection of the type OpenAPI with this URL:';
  const example = [...servers.values()].find((server) => !server.config.disabled);
  if (root !== undefined || example === undefined)
    return [
      ['Open WebUI', where],
      ['', base],
    ];
  const one = `${base}/${encodeURIComponent(example.name)}`;
  const width = Math.max(base.length, one.length);
  return [
    ['Open WebUI', where],
    ['', `${base.padEnd(width)}  every server`],
    ['', `${one.padEnd(width)}  one server`],
  ];
}
