// Events as log lines, one line per event: JSON for programs, short coloured text for a terminal. Which events become
// a line at which level, and what the line says, is log-lines.ts; this file prints.

import { createRequire } from 'node:module';
import { pino } from 'pino';
import type { prettyFactory } from 'pino-pretty';
import type { LogLevel } from '../config/types.ts';
import type { AppEvent, Observe } from '../events.ts';
import { createFlood } from './flood.ts';
import { fieldsOf, levelOf, messageOfEvent, newsOf } from './log-lines.ts';

export interface LogOptions {
  readonly level: LogLevel;
  /** Text for a terminal instead of JSON. */
  readonly pretty: boolean;
  readonly destination: NodeJS.WritableStream;
}

export interface Logs extends Observe {
  /** `extra` adds fields that the event cannot know; `at` is when it happened, in milliseconds since the epoch, if not now. */
  (event: AppEvent, extra?: Readonly<Record<string, string | undefined>>, at?: number): void;
  setLevel(level: LogLevel): void;
  /** Takes an event for told, because it is on the same screen already: a repetition of it is no news. */
  known(event: AppEvent): void;
}

/** Numbers as pino orders them; lines carry the words. */
const levelNumbers: Record<LogLevel, number> = { debug: 20, info: 30, warning: 40, error: 50 };

export function createLogs({ level, pretty, destination }: LogOptions): Logs {
  let happenedAt: number | undefined;
  const print = pretty ? prettyPrinter(destination) : undefined;
  const logger = pino(
    {
      level,
      customLevels: levelNumbers,
      useOnlyCustomLevels: true,
      base: null,
      timestamp: () => `,"time":"${new Date(happenedAt ?? Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    print ?? { write: (line) => void destination.write(line) },
  );
  const isRepeat = repeats();
  // One server that is away can fail thousands of calls a second, all for the same reason.
  const flood = createFlood();
  const isTold = (asked: LogLevel): boolean => levelNumbers[asked] >= levelNumbers[logger.level as LogLevel];
  const log = (event: AppEvent, extra?: Readonly<Record<string, string | undefined>>, at?: number): void => {
    const usual = isRepeat(event) ? 'debug' : levelOf(event);
    // Asked first, because a call is an event and its sentence costs more than this question.
    if (!isTold(usual)) return;
    const leftOut = event.type === 'call' && usual !== 'debug' ? flood.told(`${event.server} ${event.code}`) : 0;
    const shown = leftOut === undefined ? 'debug' : usual;
    if (!isTold(shown)) return;
    const fields = { ...fieldsOf(event), ...extra, ...(leftOut && { leftOut }) };
    happenedAt = at;
    logger[shown](fields, withLeftOut(withHint(messageOfEvent(event), extra), leftOut));
  };
  return Object.assign(log, {
    setLevel(next: LogLevel) {
      logger.level = next;
    },
    known(event: AppEvent) {
      isRepeat(event);
    },
  });
}

function withLeftOut(message: string, leftOut: number | undefined): string {
  return leftOut ? `${message} ${leftOut} more like it were left out before.` : message;
}

/** A connection that is lost in the same way again and again, and is back at once, is news so many times, */
const toldLosses = 3;
/** and again when it had held for so long. */
const calmMs = 10 * 60_000;

/** What was said of one server last. */
interface Said {
  readonly sentence: string;
  readonly isReady: boolean;
  /** The last event was a loss that is no news. */
  readonly hushed: boolean;
  /** Of the last loss: what it said, when, and how many there were of it. */
  readonly loss: { readonly sentence: string; readonly at: number; readonly count: number } | undefined;
}

/**
 * A server that stays down is tried for ever, and each attempt is an event. The same sentence, whatever its numbers and
 * the next try, is news only once. Neither is it news for ever that a gateway cuts idle streams.
 */
function repeats(): (event: AppEvent) => boolean {
  const all = new Map<string, Said>();
  return (event) => {
    if (event.type !== 'upstream-state') return false;
    const sentence = newsOf(event);
    const isReady = event.state === 'ready';
    const last = all.get(event.server);
    let loss = last?.loss;
    if (last?.isReady && !isReady) {
      const now = Date.now();
      const again = loss?.sentence === sentence && now - loss.at < calmMs;
      loss = { sentence, at: now, count: again && loss ? loss.count + 1 : 1 };
    }
    const hushed = last?.isReady === true && !isReady && (loss?.count ?? 0) > toldLosses;
    all.set(event.server, { sentence, isReady, hushed, loss });
    // Being ready again is news, unless the loss was none; a loss that the next attempt does not heal is.
    return isReady ? last?.hushed === true : hushed || (last?.sentence === sentence && !last.hushed);
  };
}

/** What to paste is for people too, and a terminal shows no fields. */
function withHint(message: string, extra: Readonly<Record<string, string | undefined>> | undefined): string {
  const { openWebUi, try: line } = extra ?? {};
  const paste = openWebUi === undefined ? '' : ` Open WebUI: ${openWebUi} (a connection of the type OpenAPI).`;
  return `${message}${paste}${line === undefined ? '' : ` Try: ${line}`}`;
}

/** Loaded only where it prints: it costs a tenth of the start time. */
function prettyPrinter(destination: NodeJS.WritableStream): { write(line: string): void } {
  const require = createRequire(import.meta.url);
  const library = require('pino-pretty') as { prettyFactory: typeof prettyFactory };
  const format = library.prettyFactory({
    colorize: hasColors(destination),
    translateTime: 'SYS:HH:MM:ss',
    // The sentence says it all, except for an error's stack.
    include: 'level,time,error',
    customLevels: 'debug:20,info:30,warning:40,error:50',
  });
  return { write: (line) => void destination.write(format(JSON.parse(line))) };
}

/** Follows NO_COLOR and TERM, as the terminal's own method does. */
function hasColors(stream: NodeJS.WritableStream): boolean {
  return 'hasColors' in stream && typeof stream.hasColors === 'function' && stream.hasColors() === true;
}
