// What requests for an upstream are told while the program stops: none begins, and one that is cut off is not its caller's
// doing. Who stops, and when, is app.ts's.

import { AppError } from '../errors.ts';
import type { Surroundings } from './exchange.ts';

/** Long enough for a restart, short enough to be worth waiting for. */
const shutdownRetrySeconds = 5;

export function refuseWhileStopping({ isStopping }: Surroundings): void {
  if (isStopping()) throw shuttingDown('The proxy is shutting down: try again in a moment.');
}

export function shuttingDown(detail: string): AppError {
  return new AppError('shutting_down', detail, { retryAfter: shutdownRetrySeconds });
}
