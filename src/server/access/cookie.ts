// The two cookies of a server whose users sign in for themselves: the session, a random UUID that stands for a browser
// that signed in, and the binding, a secret of a browser that is about to. Names, attributes and forms are here, and whose
// requests may use them. Whether a session is known is not: an id that nobody was given is nobody's.

import { parseCookie, stringifySetCookie } from 'cookie';
import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Mount } from './proxies.ts';
import type { OriginRules } from './rules.ts';

/** What of a request says whether a cookie is there, and counts. */
export interface Visit {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Where our routes lie for this caller. */
  readonly mount: Mount;
  readonly origins: Pick<OriginRules, 'listed'>;
}

/** The session that this browser has for a server: the UUID, in lower case. */
export function sessionOf(visit: Visit, server: string): string | undefined {
  const value = cookieOf(visit, sessionName(server, visit.mount));
  return value !== undefined && sessionForm.test(value) && mayUseSession(visit) ? value : undefined;
}

/** Version 4, variant 1, as `randomUUID` makes them (RFC 9562). */
const sessionForm = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function newSession(): string {
  return randomUUID();
}

/** The binding that this browser has for a server, if it comes from us: others are as good as none. */
export function bindingOf(visit: Visit, server: string): string | undefined {
  const value = cookieOf(visit, bindingName(server, visit.mount));
  const [, random = '', mark = ''] = bindingForm.exec(value ?? '') ?? [];
  const wanted = Buffer.from(markOf(server, random));
  const given = Buffer.from(mark);
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? value : undefined;
}

const bindingForm = /^([\w-]{43})\.([\w-]{43})$/;

/** A secret that this process knows again. */
export function newBinding(server: string): string {
  const random = randomBytes(32).toString('base64url');
  return `${random}.${markOf(server, random)}`;
}

/** Lives as long as the process: so does what waits for these browsers. */
const markKey = randomBytes(32);

function markOf(server: string, random: string): string {
  return createHmac('sha256', markKey).update(`${random} ${server}`).digest('base64url');
}

/** A browser on its way through a sign-in needs no longer; twice as long as a ticket of a chat lasts. */
const bindingMaxAgeSeconds = 20 * 60;

/** The value of Set-Cookie. */
export function bindingCookie(server: string, mount: Mount, binding: string): string {
  return cookieText(bindingName(server, mount), binding, mount, bindingMaxAgeSeconds);
}

/** The session ends much earlier where nobody uses it: this is the longest that somebody stays signed in. */
const sessionMaxAgeSeconds = 30 * 24 * 60 * 60;

/** The value of Set-Cookie. */
export function sessionCookie(server: string, mount: Mount, session: string): string {
  return cookieText(sessionName(server, mount), session, mount, sessionMaxAgeSeconds);
}

/** The value of Set-Cookie that takes the session from a browser. */
export function noSessionCookie(server: string, mount: Mount): string {
  return cookieText(sessionName(server, mount), '', mount, 0);
}

/**
 * Whether this is our own page, or nobody's: a cookie goes to every port of a host, and with what pages of the same site
 * send, so that it alone says nothing of who sends it. Browsers tell in Sec-Fetch-Site, older ones in Origin.
 * Programs send neither, and can send what they like.
 */
export function isFromOwnPage(visit: Visit): boolean {
  const { origin, 'sec-fetch-site': site } = visit.headers;
  if (origin !== undefined && visit.origins.listed.has(origin)) return true;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  return origin === undefined || origin === visit.mount.origin;
}

/** Somebody who follows a link from elsewhere sees his own page: the one who put the link there does not. */
function mayUseSession(visit: Visit): boolean {
  if (isFromOwnPage(visit)) return true;
  const { method, headers } = visit;
  const follows = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return follows && (method === 'GET' || method === 'HEAD');
}

function cookieOf({ headers }: Visit, name: string): string | undefined {
  const { cookie } = headers;
  return cookie === undefined ? undefined : parseCookie(cookie)[name];
}

function sessionName(server: string, mount: Mount): string {
  return nameOf('mcpo_session_', server, mount);
}

function bindingName(server: string, mount: Mount): string {
  return nameOf('mcpo_signin_', server, mount);
}

/** Names of servers can hold what names of cookies cannot. */
function nameOf(prefix: string, server: string, mount: Mount): string {
  const digest = createHash('sha256').update(server).digest('hex').slice(0, 8);
  return `${isHostOnly(mount) ? '__Host-' : ''}${prefix}${digest}`;
}

/** The prefix keeps neighbours from setting such a cookie (RFC 6265bis, section 4.1.3); it takes https and the path `/`. */
function isHostOnly(mount: Mount): boolean {
  return isSecure(mount) && mount.rootPath === '';
}

/** As the caller sees it, whatever lies between. */
function isSecure({ origin }: Mount): boolean {
  return origin.startsWith('https:');
}

function cookieText(name: string, value: string, mount: Mount, maxAge: number): string {
  return stringifySetCookie({
    name,
    value,
    maxAge,
    path: mount.rootPath === '' ? '/' : mount.rootPath,
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure(mount),
  });
}
