// The thread for long bodies and results: does one job after the other. Started, and ended, by thread.ts.

import { parentPort } from 'node:worker_threads';
import { answer, judge, type Answered, type AnswerJob, type Judged, type JudgeJob } from './work.ts';

/** A job with its number. */
export type Order = { readonly id: number; readonly job: JudgeJob | AnswerJob };
export type Delivery = { readonly id: number } & (
  | { readonly done: Judged | Answered }
  /** A bug of ours. */
  | { readonly error: unknown }
);

parentPort?.on('message', ({ id, job }: Order) => {
  try {
    if (job.kind === 'judge') return deliver({ id, done: judge(job) });
    const done = answer(job);
    deliver({ id, done }, [done.body.buffer]);
  } catch (error) {
    deliver({ id, error });
  }
});

function deliver(delivery: Delivery, handedOver: readonly (ArrayBuffer | SharedArrayBuffer)[] = []): void {
  parentPort?.postMessage(
    delivery,
    handedOver.filter((buffer) => buffer instanceof ArrayBuffer),
  );
}
