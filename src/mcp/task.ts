// A call that the server runs as a task (MCP 2025-11-25, "Tasks"): created, looked at until it ended, its result fetched,
// so that it comes to what any other call comes to. When the caller stops waiting the task is cancelled, even one whose id
// comes too late for the caller. Status notifications are not used: the protocol promises none.

import { isObject } from '../json/value.ts';
import type { Reply, RequestOptions } from './transports/transport.ts';
import type { CancelSignal, Tool } from './types.ts';
import { settledBy } from './waiting.ts';

/** What a task needs of its connection. */
export interface TaskChannel {
  request(method: string, params: string, options: RequestOptions): Promise<Reply>;
  /** Keeps the connection until `work` is done, although no caller waits for it. */
  outlast(work: Promise<unknown>): void;
}

/** Such a tool has to be refused by its server when it is called in any other way. */
export function mustRunAsTask(tool: Tool): boolean {
  const { execution } = tool.definition as { readonly execution?: unknown };
  return isObject(execution) && execution['taskSupport'] === 'required';
}

/** A server tells at once that it created a task: what takes longer than this beyond the caller is given up. */
const lateMs = 5_000;

/** tools/call with the arguments' own text. Never rejects. */
export async function callAsTask(
  channel: TaskChannel,
  tool: Tool,
  argumentsText: string,
  { deadlineAt, signal = new AbortController().signal }: Omit<RequestOptions, 'headers'>,
): Promise<Reply> {
  if (signal.aborted) return { kind: 'cancelled' };
  // The caller does not end this request: without its answer nobody would know which task to cancel.
  const late = new AbortController();
  const params = `{"name":${JSON.stringify(tool.name)},"arguments":${argumentsText},"task":{"ttl":${ttlMs(deadlineAt)}}}`;
  const creating = channel.request('tools/call', params, { deadlineAt: deadlineAt + lateMs, signal: late.signal });
  await settledBy(creating, deadlineAt, signal);
  const created = await Promise.race([creating, Promise.resolve(undefined)]);
  if (created === undefined) {
    channel.outlast(cancelLate(channel, creating, late));
    return { kind: signal.aborted ? 'cancelled' : 'timeout' };
  }
  // A server may have run the tool at once, and answer with its result.
  if (created.kind !== 'result' || !isObject(created.value) || !('task' in created.value)) return created;
  const task = taskOf(created.value['task']);
  if (task === undefined) {
    return { kind: 'unusable', detail: 'the server created a task, but does not tell its id and status' };
  }
  const reply = await follow(channel, task, { deadlineAt, signal });
  // Results and errors are the end of the task; after anything else it may still run.
  if (reply.kind !== 'result' && reply.kind !== 'rpc-error') channel.outlast(cancel(channel, task));
  return reply;
}

/** Time to fetch the result of a task that ended just in time. */
const ttlMarginMs = 10_000;

function ttlMs(deadlineAt: number): number {
  return Math.max(0, Math.ceil(deadlineAt - Date.now())) + ttlMarginMs;
}

async function cancelLate(channel: TaskChannel, creating: Promise<Reply>, late: AbortController): Promise<void> {
  const timer = setTimeout(() => late.abort(), lateMs).unref();
  const created = await creating;
  clearTimeout(timer);
  const task = created.kind === 'result' && isObject(created.value) ? taskOf(created.value['task']) : undefined;
  if (task !== undefined) await cancel(channel, task);
}

const cancelWithinMs = 5_000;

/** The answer is of no interest: a task that ended in the meantime cannot be cancelled. */
function cancel(channel: TaskChannel, task: Task): Promise<Reply> {
  return channel.request('tasks/cancel', idParams(task), { deadlineAt: Date.now() + cancelWithinMs });
}

/** Many tasks are short. */
const firstLookMs = 100;
/** Questions in a row that came to nothing, though the connection lives. */
const maxMisses = 3;

/** While these last, somebody waits. */
type Patience = { readonly deadlineAt: number; readonly signal: CancelSignal };

/** What one question about a task came to. */
type Step =
  | { readonly kind: 'over'; readonly reply: Reply }
  | { readonly kind: 'seen'; readonly task: Task }
  /** Worth another one; `reply` is what it comes to where there were too many. */
  | { readonly kind: 'missed'; readonly reply: Reply };

/** Until the task ended, nobody waits any more, or the server cannot be asked. */
async function follow(channel: TaskChannel, created: Task, { deadlineAt, signal }: Patience): Promise<Reply> {
  let task = created;
  let pauseMs = Math.min(firstLookMs, task.pollMs);
  for (let misses = 0; ; pauseMs = task.pollMs) {
    const looks = task.status === 'working';
    if (looks) await settledBy(undefined, Math.min(Date.now() + pauseMs, deadlineAt), signal);
    if (signal.aborted) return { kind: 'cancelled' };
    if (Date.now() >= deadlineAt) return { kind: 'timeout' };
    const step = await (looks ? look : fetchResult)(channel, task, { deadlineAt, signal });
    if (step.kind === 'over') return step.reply;
    if (step.kind === 'seen') {
      task = step.task;
      if (task.status === 'working') misses = 0;
      continue;
    }
    misses++;
    if (misses >= maxMisses) return step.reply;
    task = { ...task, status: 'working' };
  }
}

/** A server that is busy with just this task may be slow to say so, and is asked again. */
const lookWithinMs = 30_000;

async function look(channel: TaskChannel, task: Task, { deadlineAt, signal }: Patience): Promise<Step> {
  const untilMs = Math.min(deadlineAt, Date.now() + lookWithinMs);
  const reply = await channel.request('tasks/get', idParams(task), { deadlineAt: untilMs, signal });
  switch (reply.kind) {
    case 'result': {
      const seen = taskOf(reply.value, task);
      if (seen !== undefined) return { kind: 'seen', task: seen };
      return { kind: 'over', reply: { kind: 'unusable', detail: 'the server does not tell the status of its task' } };
    }
    case 'rpc-error':
      return { kind: 'over', reply: { kind: 'unusable', detail: `the server lost its task: ${reply.message}` } };
    case 'timeout':
    case 'cancelled':
      return { kind: 'seen', task };
    default:
      return outOfReach(reply);
  }
}

/**
 * Of a task that waits for input, too: that is how its server learns that there is none, and it answers when the task has
 * ended.
 */
async function fetchResult(channel: TaskChannel, task: Task, patience: Patience): Promise<Step> {
  const reply = await channel.request('tasks/result', idParams(task), patience);
  const endedBadly = task.status === 'failed' || task.status === 'cancelled';
  switch (reply.kind) {
    case 'result':
      return { kind: 'over', reply };
    case 'rpc-error': {
      if (endedBadly) return { kind: 'over', reply: { ...reply, message: withReason(reply.message, task) } };
      const detail = `the server does not give the result of its task: ${reply.message}`;
      return { kind: task.status === 'completed' ? 'over' : 'missed', reply: { kind: 'unusable', detail } };
    }
    case 'timeout':
    case 'cancelled':
      return { kind: 'seen', task };
    default: {
      if (reply.kind !== 'unusable' && reply.gone) return outOfReach(reply);
      if (endedBadly) {
        const detail = withReason(task.status === 'failed' ? 'the task failed' : 'the server cancelled the task', task);
        return { kind: 'missed', reply: { kind: 'unusable', detail } };
      }
      return reply.kind === 'unusable' ? { kind: 'missed', reply } : outOfReach(reply);
    }
  }
}

/** Whatever was not delivered now, the call itself was: it must not pass for one that did not happen. */
function outOfReach(reply: Extract<Reply, { kind: 'undelivered' | 'lost' | 'unauthorized' | 'unusable' }>): Step {
  const gone = reply.kind !== 'unusable' && reply.gone;
  return { kind: gone ? 'over' : 'missed', reply: { kind: 'lost', detail: reply.detail, gone } };
}

/** The status message is where a server says why (MCP, "Task Execution Errors"); what it gives as result may not. */
function withReason(sentence: string, { message }: Task): string {
  return message === undefined || sentence.includes(message) ? sentence : `${sentence}: ${message}`;
}

/** The members of MCP's `Task` that matter here. */
interface Task {
  readonly id: string;
  readonly status: (typeof statuses)[number];
  readonly message: string | undefined;
  /** Between two looks. */
  readonly pollMs: number;
}

const statuses = ['working', 'input_required', 'completed', 'failed', 'cancelled'] as const;

/** Where the server names no interval. */
const defaultPollMs = 1_000;
/** A server may ask for no load, or for answers that come a minute late. */
const minPollMs = 100;
const maxPollMs = 10_000;

/** undefined where it is no task. The id, and an interval that was told once, are those of `earlier`. */
function taskOf(value: unknown, earlier?: Task): Task | undefined {
  if (!isObject(value)) return undefined;
  const { taskId, status, statusMessage, pollInterval } = value;
  const id = earlier?.id ?? taskId;
  const known = statuses.find((each) => each === status);
  if (typeof id !== 'string' || known === undefined) return undefined;
  const pollMs = typeof pollInterval === 'number' ? pollInterval : (earlier?.pollMs ?? defaultPollMs);
  return {
    id,
    status: known,
    message: typeof statusMessage === 'string' && statusMessage !== '' ? statusMessage : undefined,
    pollMs: Math.min(Math.max(pollMs, minPollMs), maxPollMs),
  };
}

function idParams({ id }: Task): string {
  return JSON.stringify({ taskId: id });
}
