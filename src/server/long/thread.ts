// Reads long bodies and results on a thread of its own, so that other calls do not wait for it: the same work on 50 MiB
// takes up to a second. The thread begins with the first of them, and ends when it has had nothing to do for a while; then the
// memory is given back. Where there is no such thread (in the sources, which Node cannot run), the work is done here.

import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors.ts';
import type { LongMessage } from '../../mcp/types.ts';
import type { Answered, AnswerJob, Judged, JudgeJob } from './work.ts';
import type { Delivery } from './worker.ts';

/** Its start takes 50 ms, and calls with long results seldom come alone. */
const idleMs = 10_000;
/** Copied in one piece: less than a millisecond. */
const pieceBytes = 1_048_576;

/** `LONG_JSON` bytes and more. */
export async function judgeLong(job: JudgeJob): Promise<Judged> {
  if (!isBuilt) return (await import('./work.ts')).judge(job);
  return inTurn(async () => {
    const { pieces, buffers } = await handedOver(job.body);
    return (await run({ ...job, body: pieces }, buffers)) as Judged;
  });
}

export async function answerLong(job: AnswerJob): Promise<Answered> {
  if (!isBuilt) return (await import('./work.ts')).answer(job);
  return inTurn(async () => {
    if (typeof job.message === 'string') return (await run(job, [])) as Answered;
    const { pieces, buffers } = await handedOver(job.message);
    return (await run({ ...job, message: pieces }, buffers)) as Answered;
  });
}

const noop = (): void => {};
let last: Promise<void> = Promise.resolve();

/** What waits is not on the thread yet: it is not lost where that runs out of memory. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  // Nothing of what it came to is kept.
  last = turn.then(noop, noop);
  return turn;
}

const program = fileURLToPath(new URL('./worker.js', import.meta.url));
const isBuilt = existsSync(program);

interface Waiting {
  readonly resolve: (done: Judged | Answered) => void;
  readonly reject: (error: unknown) => void;
}

class Thread {
  readonly #worker = new Worker(program, { name: 'long', execArgv: [], env: {} });
  #waiting: Waiting | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor() {
    this.#worker.on('message', (delivery: Delivery) => this.#receive(delivery));
    this.#worker.on('error', (error) => void this.#end(sentenceOf(error)));
    this.#worker.on('exit', () => void this.#end(new Error('The thread for long results ended.')));
    // The program may end while it waits.
    this.#worker.unref();
  }

  /** One at a time. */
  run(job: JudgeJob | AnswerJob, buffers: readonly ArrayBuffer[]): Promise<Judged | Answered> {
    clearTimeout(this.#idle);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(job, buffers);
    });
  }

  #receive(delivery: Delivery): void {
    if ('done' in delivery) this.#waiting?.resolve(delivery.done);
    else this.#waiting?.reject(delivery.error);
    this.#waiting = undefined;
    this.#idle = setTimeout(() => this.#rest(), idleMs).unref();
  }

  #rest(): void {
    void this.#end().then(collectGarbage);
  }

  /** Also where it ended by itself, out of memory: what is asked of it next has another one. */
  async #end(error?: unknown): Promise<void> {
    if (thread === this) thread = undefined;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    await this.#worker.terminate();
  }
}

function sentenceOf(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')) return error;
  const what = 'There is not enough memory to read so long a body or result';
  const remedy = 'ask for less at once, or give the proxy more memory (NODE_OPTIONS=--max-old-space-size=MEGABYTES)';
  return new AppError('internal', `${what}: ${remedy}.`, {}, error);
}

/** V8 leaves hundreds of megabytes lie for as long as nothing new is allocated. Takes some 20 ms of an idle program. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}

/** One for the process, as there is one memory. */
let thread: Thread | undefined;

function run(job: JudgeJob | AnswerJob, buffers: readonly ArrayBuffer[]): Promise<Judged | Answered> {
  thread ??= new Thread();
  return thread.run(job, buffers);
}

/** Copies, in memory that can be given away: what came may share its memory with what came before and after. */
async function handedOver(
  message: Exclude<LongMessage, string>,
): Promise<{ readonly pieces: readonly Uint8Array[]; readonly buffers: readonly ArrayBuffer[] }> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let group: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of message) {
    group.push(chunk);
    bytes += chunk.length;
    if (bytes < pieceBytes) continue;
    pieces.push(joined(group, bytes));
    group = [];
    bytes = 0;
    await nextTurn();
  }
  pieces.push(joined(group, bytes));
  return { pieces, buffers: pieces.map(({ buffer }) => buffer) };
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
