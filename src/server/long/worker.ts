// The thread for long bodies and results: does one job after the other. Started, and ended, by thread.ts.

import { parentPort } from 'node:worker_threads';
import { answer, judge, type Answered, type AnswerJob, type Judged, type JudgeJob } from './work.ts';

/** What a job came to. */
export type Delivery =
  | { readonly done: Judged | Answered }
  /** A bug of ours. */
  | { readonly error: unknown };

parentPort?.on('message', (job: JudgeJob | AnswerJob) => {
  try {
    if (job.kind === 'judge') return deliver({ done: judge(job) });
    const done = answer(job);
    deliver({ done }, [done.body.buffer]);
  } catch (error) {
    deliver({ error });
  }
});

function deliver(delivery: Delivery, handedOver: readonly (ArrayBuffer | SharedArrayBuffer)[] = []): void {
  parentPort?.postMessage(
    delivery,
    handedOver.filter((buffer) => buffer instanceof ArrayBuffer),
  );
}
