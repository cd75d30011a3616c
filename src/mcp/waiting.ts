// Waiting that never lasts longer than the one who waits: until something happens, a moment is reached, or the caller
// goes away, whichever comes first. Leaves no timer and no listener behind.

import type { CancelSignal } from './types.ts';

/** Resolves with `work` (undefined: never happens), at `untilMs`, or at an abort. Never rejects. */
export async function settledBy(
  work: Promise<unknown> | undefined,
  untilMs: number,
  signal: CancelSignal,
): Promise<void> {
  if (signal.aborted) return;
  let stop = (): void => {};
  const enough = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, untilMs - Date.now()));
    signal.addEventListener('abort', resolve, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', resolve);
    };
  });
  await Promise.race([work?.catch(() => {}) ?? enough, enough]);
  stop();
}
