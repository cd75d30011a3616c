// What a server offers, as last learned over one source of connections: listed when there is a new one, and again after
// the server said that it changed. An older list never replaces a newer one. Whom the catalogue is for, and what follows
// when it becomes another one, is upstream.ts's.

import { messageOf } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { CallSource } from './call.ts';
import { listCatalogue } from './catalogue.ts';
import type { Connection } from './connection.ts';
import { Refresh } from './refresh.ts';
import type { Catalogue } from './types.ts';

export interface LearningOptions {
  readonly server: string;
  readonly observe: Observe;
  readonly learnsPrompts: boolean;
  /** A listing may take this long. */
  readonly withinMs: number;
  /** What others learned of the same server: definitions with the same text stay the same objects. */
  readonly known: () => Catalogue | undefined;
  readonly onChange: () => void;
}

export class Learning {
  /** Where to ask after an announcement; undefined: nowhere, until there is a new connection. */
  source: Pick<CallSource, 'live' | 'examine'> | undefined;

  readonly #options: LearningOptions;
  readonly #lifetime = new AbortController();
  readonly #refresh = new Refresh(() => this.#relist());
  #catalogue: Catalogue | undefined;
  /** Listings are numbered as they begin. */
  #listings = 0;
  #learned = 0;
  /** Something changed while there was nobody to ask for it. */
  #missed = false;

  constructor(options: LearningOptions) {
    this.#options = options;
  }

  get catalogue(): Catalogue | undefined {
    return this.#catalogue;
  }

  /** What a state of `ready` says to people. */
  get readySentence(): string {
    const count = this.#catalogue?.tools.length ?? 0;
    return `ready with ${count} tool${count === 1 ? '' : 's'}`;
  }

  /** Over a new connection. Throws where the list cannot be had. */
  async learn(connection: Connection, deadlineAt: number, signal: AbortSignal): Promise<void> {
    const { server, observe, learnsPrompts, known, onChange } = this.#options;
    const listing = ++this.#listings;
    const { catalogue, rejected, problems } = await listCatalogue(connection, {
      previous: () => this.#catalogue ?? known(),
      learnsPrompts,
      deadlineAt,
      signal,
    });
    if (listing < this.#learned || signal.aborted) return;
    this.#learned = listing;
    for (const { tool, reason } of rejected) observe({ type: 'tool-rejected', server, tool, reason });
    for (const problem of problems) observe({ type: 'warning', message: `${server}: ${problem}` });
    const before = this.#catalogue;
    if (sameCatalogue(catalogue, before)) return;
    // What others are offered as well is one object.
    const others = known();
    this.#catalogue = others !== undefined && sameCatalogue(catalogue, others) ? others : catalogue;
    if (before !== undefined && !sameOffers(catalogue, before)) {
      observe({ type: 'catalogue-changed', server, tools: catalogue.tools.length });
    }
    onChange();
  }

  /** The server said that something changed. */
  ask(): void {
    this.#refresh.ask();
  }

  /** There is a connection: what was announced without one is asked for now. */
  connected(): void {
    if (this.#missed) this.#refresh.ask();
  }

  /** Nothing more is learned. */
  stop(): void {
    this.#lifetime.abort();
    this.#refresh.stop();
  }

  /** False: try again. */
  async #relist(): Promise<boolean> {
    const connection = this.source?.live;
    this.#missed = connection === undefined;
    if (connection === undefined) return true;
    const { server, observe, withinMs } = this.#options;
    try {
      await this.learn(connection, Date.now() + withinMs, this.#lifetime.signal);
      return true;
    } catch (error) {
      if (this.#lifetime.signal.aborted) return true;
      void this.source?.examine(connection);
      observe({ type: 'warning', message: `${server}: the changed list was not had: ${messageOf(error)}` });
      return false;
    }
  }
}

function sameCatalogue(a: Catalogue, b: Catalogue | undefined): boolean {
  return (
    b !== undefined &&
    sameOffers(a, b) &&
    a.instructions === b.instructions &&
    a.serverName === b.serverName &&
    a.serverVersion === b.serverVersion &&
    a.protocolVersion === b.protocolVersion &&
    a.offers.prompts === b.offers.prompts &&
    a.offers.resources === b.offers.resources
  );
}

/** Unchanged tools and prompts are the same objects (catalogue.ts). */
function sameOffers(a: Catalogue, b: Catalogue): boolean {
  return sameList(a.tools, b.tools) && sameList(a.prompts, b.prompts);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
