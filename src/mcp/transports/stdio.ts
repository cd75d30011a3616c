// MCP over the standard streams of a child process: a line is a message. Survives what the client library's own
// transport does not: messages of any size up to a limit that fails one call alone, lines that are no messages, wrappers
// that leave their servers behind. Writes of one turn of the event loop go out as one.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { LONG_JSON } from '../../json/long.ts';
import { spawnChild, type StdioTarget } from '../process/spawn.ts';
import { terminate } from '../process/terminate.ts';
import { LineSplitter } from './lines.ts';
import { idOfResult, longReply, textOf } from './long-result.ts';
import { batch, ownIdOf, PendingRequests } from './pending.ts';
import { clean, StderrTail } from './stderr-tail.ts';
import { idOfEnds } from './too-long.ts';
import {
  cancelReasons,
  cancelledText,
  requestText,
  type McpTransport,
  type Reply,
  type RequestOptions,
} from './transport.ts';

export interface StdioOptions {
  /** Largest single message from the child. */
  readonly maxMessageBytes: number;
  /** The first line of this connection that is no JSON-RPC message. */
  readonly onNoise: (excerpt: string) => void;
  readonly onStderr: (line: string) => void;
}

/** After the child's exit, what it still wrote is read for at most this long (a grandchild may hold the pipe open). */
const drainAfterExitMs = 250;
/** What a child may leave unread before calls fail instead of piling up in memory: two of the largest usual bodies. */
const maxUnreadBytes = 64 * 1024 * 1024;
/** Of a noisy line, in a log. */
const excerptChars = 120;

export class StdioTransport implements McpTransport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  readonly #target: StdioTarget;
  readonly #options: StdioOptions;
  readonly #pending = new PendingRequests((id, why) => this.#write(cancelledText(id, cancelReasons[why])));
  readonly #stderr: StderrTail;
  /** Requests in the outbox. */
  #unsent: number[] = [];
  #child: ChildProcessWithoutNullStreams | undefined;
  #outbox: string[] = [];
  #noise = '';
  #endTimer: NodeJS.Timeout | undefined;
  #ended: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(target: StdioTarget, options: StdioOptions) {
    this.#target = target;
    this.#options = options;
    this.#stderr = new StderrTail(options.onStderr);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Why the connection ended, for people: exit code and the last lines of stderr. */
  get endReason(): string | undefined {
    return this.#ended;
  }

  get lastWords(): string {
    return this.#stderr.text() || this.#noise;
  }

  async start(): Promise<void> {
    const child = await spawnChild(this.#target);
    this.#child = child;
    if (this.#closing !== undefined) {
      await terminate(child);
      return;
    }
    const lines = new LineSplitter(this.#options.maxMessageBytes, {
      line: (text) => this.#receive(text),
      long: (pieces) => this.#receiveLong(pieces),
      tooLong: (head, tail) => this.#refuseTooLong(head, tail),
    });
    child.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    // Most often the child is just ending, which then is the better reason.
    child.stdin.on('error', () => this.#endSoon(child));
    child.stdout.once('end', () => this.#endSoon(child));
    child.once('exit', () => this.#endSoon(child));
    child.once('close', () => this.#endNow(child));
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    this.#write(JSON.stringify(message));
    return Promise.resolve();
  }

  request(method: string, params: string, options: RequestOptions): Promise<Reply> {
    const child = this.#child;
    if (this.#ended !== undefined || child === undefined || hasExited(child)) {
      return Promise.resolve({ kind: 'undelivered', detail: this.#whyEnded(), gone: true });
    }
    if (child.stdin.writableLength > maxUnreadBytes) {
      return Promise.resolve({ kind: 'undelivered', detail: 'the server does not read its input', gone: false });
    }
    const { id, reply } = this.#pending.open(options);
    this.#unsent.push(id);
    const text = requestText(id, method, params);
    // A received text may hold line ends between its tokens; here a line is a message.
    this.#write(holdsLineEnd(text) ? text.replace(/[\r\n]+/g, ' ') : text);
    return reply;
  }

  /** Ends the child and everything it started. Idempotent; bounded in time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#flush();
    const child = this.#child;
    if (child !== undefined) await terminate(child);
    clearTimeout(this.#endTimer);
    this.#end('the connection was closed');
  }

  #write(text: string): void {
    if (this.#outbox.push(text) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    if (this.#child === undefined || this.#ended !== undefined) return this.#failUnsent();
    // Most often the child is just ending: what is unsent fails with it, for the better reason.
    if (!takesInput(this.#child)) return this.#endSoon(this.#child);
    const { stdin } = this.#child;
    writeLines(stdin, this.#outbox);
    // Nobody reads any more, and nothing of it was taken. An error that comes later says nothing of the kind.
    if (stdin.errored !== null) return this.#endSoon(this.#child);
    this.#outbox = [];
    this.#unsent = [];
  }

  #failUnsent(): void {
    const detail = this.#whyEnded();
    const unsent = this.#unsent;
    this.#outbox = [];
    this.#unsent = [];
    for (const id of unsent) this.#pending.settle(id, { kind: 'undelivered', detail, gone: true });
  }

  #receive(line: string): void {
    const text = line.startsWith('\uFEFF') ? line.slice(1) : line;
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      if (text.trim() !== '') this.#tellNoise(text);
      return;
    }
    this.#deliver(message, text);
  }

  #receiveLong(pieces: readonly Buffer[]): void {
    const id = ownIdOf(idOfResult(pieces));
    if (id === undefined) this.#receive(textOf(pieces));
    else this.#pending.settle(id, longReply(pieces));
  }

  #deliver(message: unknown, text: string): void {
    // Revision 2025-03-26 allows batches.
    if (Array.isArray(message)) for (const each of batch(message, text)) this.#dispatch(each.message, each.text);
    else this.#dispatch(message, text);
  }

  #dispatch(message: unknown, text: string): void {
    if (typeof message !== 'object' || message === null) return this.#tellNoise(text);
    if (this.#pending.take(message as { readonly [key: string]: unknown }, text)) return;
    if ('jsonrpc' in message) this.onmessage?.(message as JSONRPCMessage);
    else this.#tellNoise(text);
  }

  #tellNoise(text: string): void {
    if (this.#noise !== '') return;
    const line = clean(text);
    this.#noise = line.length > excerptChars ? `${line.slice(0, excerptChars)}...` : line;
    this.#options.onNoise(this.#noise);
  }

  /** Fails the request that an over-long message answers: the one it names, or the only one that is open. */
  #refuseTooLong(head: string, tail: string): void {
    const id = idOfEnds(head, tail) ?? this.#pending.only();
    const limit = `the result is larger than ${this.#options.maxMessageBytes} bytes (--max-result)`;
    if (id !== undefined) this.#pending.settle(id, { kind: 'unusable', detail: limit });
    this.onerror?.(new Error(limit));
  }

  /** The child exited or closed its output: what it still wrote is read, but not for long. */
  #endSoon(child: ChildProcessWithoutNullStreams): void {
    this.#endTimer ??= setTimeout(() => this.#endNow(child), drainAfterExitMs);
  }

  /** No answer can come any more, and what is left of the child's group has to go. */
  #endNow(child: ChildProcessWithoutNullStreams): void {
    clearTimeout(this.#endTimer);
    if (this.#closing !== undefined) return;
    this.#end(this.#sentence(child));
    void this.close();
  }

  #whyEnded(): string {
    return this.#ended ?? (this.#child === undefined ? 'the process is not running' : this.#sentence(this.#child));
  }

  #sentence(child: ChildProcessWithoutNullStreams): string {
    const how =
      child.exitCode !== null
        ? `the process exited with code ${child.exitCode}`
        : child.signalCode !== null
          ? `the process was ended by ${child.signalCode}`
          : `the process closed its ${child.stdin.writable ? 'output' : 'input'}`;
    const said = this.lastWords;
    return said === '' ? how : `${how}: ${said}`;
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#failUnsent();
    this.#pending.settleAll({ kind: 'lost', detail: reason, gone: true });
    this.onclose?.();
  }
}

/** A long line is not joined to what follows it: that would be one more copy. */
function writeLines(stdin: Writable, lines: readonly string[]): void {
  const [first = '', ...others] = lines;
  if (others.length > 0) stdin.write(`${lines.join('\n')}\n`);
  else if (first.length < LONG_JSON) stdin.write(`${first}\n`);
  else {
    stdin.cork();
    stdin.write(Buffer.from(first));
    stdin.write('\n');
    stdin.uncork();
  }
}

/** Many times faster than an expression, over megabytes. */
function holdsLineEnd(text: string): boolean {
  return text.includes('\n') || text.includes('\r');
}

/** What a dead child left behind may still read its pipe: it gets nothing more. */
function takesInput(child: ChildProcessWithoutNullStreams): boolean {
  return child.stdin.writable && !hasExited(child);
}

function hasExited({ exitCode, signalCode }: ChildProcessWithoutNullStreams): boolean {
  return exitCode !== null || signalCode !== null;
}
