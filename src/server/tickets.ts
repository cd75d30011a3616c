// Tickets: what lets somebody whom a chat's token named go on in a browser that has no such token. Random, short-lived,
// used once, known to this process alone. Whoever has one can sign in for that user, which is why the page behind it
// names him.

import { randomBytes } from 'node:crypto';
import type { Principal } from '../principal.ts';
import type { Surroundings } from './exchange.ts';

/** Who goes on with a ticket, and to which server. */
export interface Ticket {
  readonly server: string;
  readonly principal: Principal;
}

export interface Tickets {
  /** The one that this user has already, while most of its time is left. */
  issue(server: string, principal: Principal): string;
  /** Leaves it as it is: programs look at links that people are sent. */
  find(ticket: string, server: string): Ticket | undefined;
  /** Of several takers one has it. */
  take(ticket: string, server: string): Ticket | undefined;
}

/** From the refusal in a chat to the button in the browser. */
const ticketMs = 10 * 60 * 1000;

/** So much is left at least of one that is shown again. */
const reuseMs = ticketMs / 2;

/** A user has two of a server at most; with more users than this at a time the oldest ask again. */
const maxTickets = 20_000;

export function createTickets(now: () => number = Date.now): Tickets {
  // In the order in which they end.
  const issued = new Map<string, Ticket & { readonly endsAt: number }>();
  const latest = new Map<string, string>();

  function find(text: string, server: string): Ticket | undefined {
    const found = issued.get(text);
    return found !== undefined && found.server === server && now() < found.endsAt ? found : undefined;
  }

  function remove(text: string): void {
    const ticket = issued.get(text);
    if (ticket === undefined) return;
    issued.delete(text);
    const owner = ownerOf(ticket);
    if (latest.get(owner) === text) latest.delete(owner);
  }

  function removeOld(): void {
    for (const [text, { endsAt }] of issued) {
      if (now() < endsAt && issued.size < maxTickets) break;
      remove(text);
    }
  }

  return {
    issue(server, principal) {
      const owner = ownerOf({ server, principal });
      const text = latest.get(owner);
      if (text !== undefined && now() < (issued.get(text)?.endsAt ?? 0) - reuseMs) return text;
      removeOld();
      const made = randomBytes(32).toString('base64url');
      issued.set(made, { server, principal, endsAt: now() + ticketMs });
      latest.set(owner, made);
      return made;
    },
    find,
    take(text, server) {
      const found = find(text, server);
      if (found !== undefined) remove(text);
      return found;
    },
  };
}

function ownerOf({ server, principal }: Ticket): string {
  return JSON.stringify([server, principal.user]);
}

/** They live as long as the program. */
const kept = new WeakMap<Surroundings, Tickets>();

export function ticketsOf(program: Surroundings): Tickets {
  const known = kept.get(program) ?? createTickets();
  kept.set(program, known);
  return known;
}
