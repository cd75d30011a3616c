// Sends each event where people look for it: the start message while the program starts on a terminal, the log in all
// other cases and always afterwards. What the start message shows is not said a second time on the same screen.

import type { AppEvent, Observe } from '../events.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Logs } from './logs.ts';
import type { Links, SettledEvent, StartMessage } from './start-message.ts';
import { tryLine } from './try-line.ts';

export interface ReportOptions {
  readonly logs: Logs;
  /** Where people watch the start. */
  readonly startMessage?: StartMessage | undefined;
  /** The log goes to the same screen as the start message. */
  readonly sameScreen: boolean;
  /** Holds back what is logged at first, so that a start that fails ends with its one sentence alone. */
  readonly holdMs: number;
}

export interface Report {
  readonly observe: Observe;
  /** Every server had its first attempt, and the program goes on. `snapshot` gives the current one, now and later. */
  started(links: Links, snapshot: () => Snapshot): void;
  /** Forgets what is held back and says nothing more: the last word is the caller's. */
  silence(): void;
}

export function createReport({ logs, startMessage, sameScreen, holdMs }: ReportOptions): Report {
  let held: { readonly event: AppEvent; readonly at: number }[] | undefined = holdMs > 0 ? [] : undefined;
  let silent = false;
  let settled: SettledEvent | undefined;
  let current: (() => Snapshot) | undefined;

  const release = (): void => {
    const events = held ?? [];
    held = undefined;
    for (const { event, at } of events) log(event, at);
  };
  const timer = setTimeout(release, holdMs).unref();

  function log(event: AppEvent, at?: number): void {
    if (silent) return;
    if (event.type === 'listening') logs(event, { docs: `${event.url}/docs` }, at);
    else logs(event, undefined, at);
    if (event.type === 'reload' && event.outcome === 'applied' && current !== undefined) {
      logs.setLevel(current().config.settings.logLevel);
    }
  }

  return {
    observe(event) {
      const shown = startMessage?.show(event) === true;
      // Says what to try, which only the snapshot knows.
      if (event.type === 'settled') settled = event;
      else if (shown && sameScreen) logs.known(event);
      else if (held === undefined || event.type === 'stopping') {
        release();
        log(event);
      } else held.push({ event, at: Date.now() });
    },
    started(links, snapshot) {
      clearTimeout(timer);
      current = snapshot;
      release();
      if (settled === undefined) return;
      startMessage?.finish(settled, snapshot(), links);
      if (startMessage !== undefined && sameScreen) return;
      logs(settled, { openWebUi: links.baseUrl, try: tryLine(snapshot(), links.url) });
    },
    silence() {
      clearTimeout(timer);
      silent = true;
      held = undefined;
    },
  };
}
