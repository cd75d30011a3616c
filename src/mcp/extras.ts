// What of one caller goes along with a request, beside the arguments: header fields that are forwarded, the trace it
// is in, and what the configuration's templates stand for. Where these may go is forwarding.ts's, what they come to templates.ts's.

import type { Target } from '../config/types.ts';
import type { Principal } from '../principal.ts';
import { toHeaders, toMetaMembers, type Trace } from '../trace.ts';
import type { Extras } from './call.ts';
import { toHttpHeaders, toMeta } from './forwarding.ts';
import type { SessionOwner } from './sessions.ts';
import { fillHeaders, fillingOf } from './templates.ts';
import type { CallerFields } from './types.ts';

/** `ownAuthorization`: users sign in to the server, and it gets their tokens. */
export function extrasOf(
  target: Target,
  { claims }: Principal,
  fields: CallerFields | undefined,
  trace: Trace | undefined,
  ownAuthorization: boolean,
): Extras {
  const operators = target.kind === 'stdio' ? {} : target.headers;
  // A user and a password in the address become that header.
  const hasOwn = ownAuthorization || (target.kind !== 'stdio' && new URL(target.url).username !== '');
  const members = [trace && toMetaMembers(trace), toMeta(fields?.forwarded, operators)];
  const metaMember = members.filter((member) => member !== undefined).join(',') || undefined;
  if (target.kind === 'stdio') return { metaMember };
  const forwarded = toHttpHeaders({ ...fields?.forwarded, ...(trace && toHeaders(trace)) }, operators, hasOwn);
  return { headers: { ...forwarded, ...fillHeaders(operators, { claims, headers: fields?.named }) }, metaMember };
}

/** For whom a session is opened. */
export function ownerOf(target: Target, principal: Principal, fields?: CallerFields): SessionOwner {
  const facts = { claims: principal.claims, headers: fields?.named };
  return { principal, facts, filling: fillingOf(target, facts) };
}
