// Who is calling, for servers that keep their users or callers apart. Only what was proved counts: with one key for
// everybody, whoever has it is the same user, and without a key nobody is anybody in particular. X-Session-Id tells the
// sessions of one user apart; it is a name, and gives no right to anything of another user's.

import type { IncomingHttpHeaders } from 'node:http';
import type { SessionScope } from '../../config/types.ts';
import { AppError } from '../../errors.ts';
import type { Principal } from '../../principal.ts';
import type { AccessRules } from './rules.ts';

const nobody: Principal = { user: '', sessionId: undefined };
/** Neither the key nor its digest: a user is compared, counted and told apart in memory. */
const keyHolder: Principal = { user: 'key', sessionId: undefined };

/** Visible ASCII, as long as a key or a UUID with something around it needs. */
const sessionIdForm = /^[\x21-\x7e]{1,128}$/;

/** Of a request that was admitted. Throws for a session id that is none, where one is asked for. */
export function principalOf(
  { keyDigest }: Pick<AccessRules, 'keyDigest'>,
  scope: SessionScope,
  headers: IncomingHttpHeaders,
): Principal {
  const holder = keyDigest === undefined ? nobody : keyHolder;
  if (scope !== 'caller') return holder;
  const sessionId = headers['x-session-id'];
  if (sessionId === undefined) return holder;
  // Two of these headers arrive as one, with a space in it.
  if (typeof sessionId !== 'string' || !sessionIdForm.test(sessionId)) {
    throw new AppError(
      'malformed_request',
      'X-Session-Id must be 1 to 128 visible ASCII characters, and be sent once: send a UUID, for example, or leave it out.',
    );
  }
  return { user: holder.user, sessionId };
}
