// What one caller sees, where servers offer each user something else: the Snapshot with what they offer this user. Users
// who are offered the same see the same Snapshot, so that what is cached on it, such as documents, is made once for all of
// them.

import type { Catalogue } from '../mcp/types.ts';
import { personalise, type ServerView, type Snapshot } from '../snapshot.ts';
import { identify } from './access/principal.ts';
import { Cancellation } from '../mcp/cancellation.ts';
import type { Exchange } from './exchange.ts';

/** What servers offer a user, by their names. */
export type PersonalCatalogues = ReadonlyMap<string, Catalogue>;

/** A page or a document waits so long for what a server offers this user; then it shows what is known. */
const learnWithinMs = 5_000;

/** The Snapshot of this request as its caller sees these servers: where he has not signed in, without their tools. */
export async function personalView(exchange: Exchange, views: readonly ServerView[]): Promise<Snapshot> {
  const personal = views.filter(isPersonal);
  if (personal.length === 0) return exchange.snapshot;
  const catalogues = await offeredWithin(learnWithinMs, exchange, personal);
  exchange.renew();
  return personalSnapshot(exchange.snapshot, catalogues);
}

async function offeredWithin(
  ms: number,
  exchange: Exchange,
  views: readonly ServerView[],
): Promise<PersonalCatalogues> {
  const enough = new Cancellation();
  const stop = (): void => enough.abort();
  const timer = setTimeout(stop, ms);
  exchange.gone.addEventListener('abort', stop);
  if (exchange.gone.aborted) stop();
  try {
    const offers = await Promise.all(
      views.map(async (view) => {
        const learned = await view.upstream?.catalogueOf(await identify(exchange, view), enough);
        return learned?.kind === 'catalogue' ? [[view.name, learned.catalogue] as const] : [];
      }),
    );
    return new Map(offers.flat());
  } finally {
    clearTimeout(timer);
    exchange.gone.removeEventListener('abort', stop);
  }
}

/** Whether each user signs in to it, and is offered something else. */
export function isPersonal({ upstream }: ServerView): boolean {
  return upstream?.signIn?.multiUser === true;
}

/** Header fields of an answer that depends on who asks. */
export const personalHeaders = {
  'Cache-Control': 'private, no-cache',
  Vary: 'Cookie, Authorization, X-OpenWebUI-User-Jwt',
} as const;

interface Personal {
  readonly catalogues: PersonalCatalogues;
  readonly snapshot: Snapshot;
}

/** Of one Snapshot; with more different ones at a time the oldest are made anew. */
const maxKept = 50;

/** They go when the Snapshot does that they are made of. */
const kept = new WeakMap<Snapshot, Personal[]>();

export function personalSnapshot(snapshot: Snapshot, catalogues: PersonalCatalogues): Snapshot {
  if (catalogues.size === 0) return snapshot;
  const known = kept.get(snapshot) ?? [];
  const found = known.find((each) => sameCatalogues(each.catalogues, catalogues));
  if (found !== undefined) return found.snapshot;
  const personal = personalise(snapshot, catalogues);
  kept.set(snapshot, [...known.slice(-(maxKept - 1)), { catalogues, snapshot: personal }]);
  return personal;
}

/** Equal catalogues are the same objects (mcp/learning.ts). */
function sameCatalogues(a: PersonalCatalogues, b: PersonalCatalogues): boolean {
  return a.size === b.size && [...a].every(([name, catalogue]) => b.get(name) === catalogue);
}
