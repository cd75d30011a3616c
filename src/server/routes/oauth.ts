// GET and POST /oauth/{server}/authorize, GET .../callback: signing in to an upstream, in a browser. A sign-in is begun and
// ended by the same browser, told by its binding cookie; whoever comes from a chat is shown first whose account it is
// about. Answers are for one person: none is stored anywhere.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../errors.ts';
import { SignInError } from '../../mcp/oauth/authorizer.ts';
import type { SignedIn } from '../../mcp/types.ts';
import { asSentence } from '../../openapi/text.ts';
import type { ServerView } from '../../snapshot.ts';
import { bindingCookie, bindingOf, newBinding, newSession, sessionCookie } from '../access/cookie.ts';
import { identify } from '../access/principal.ts';
import { readText } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { noStore, placeOf, visitOf, type Place } from '../oauth-place.ts';
import { ownPath } from '../own-path.ts';
import { pageModel, sendPage, serverPath, type PageOptions } from '../page-models.ts';
import { confirmPage, connectedPage, failedPage, movingOnPage } from '../pages/sign-in.ts';
import { accountOf, callbackUrl, checkOperator, oauthPath, sessionUserPrefix } from '../sign-in.ts';
import { ticketsOf } from '../tickets.ts';

/** GET: on to the authorization server; with a ticket, to the page that says for whom. */
export async function authorize(exchange: Exchange, server: string): Promise<void> {
  const place = placeOf(exchange, server);
  const { view, signIn } = place;
  const params = queryOf(exchange);
  const ticket = params.get('ticket');
  if (signIn.multiUser && ticket !== null) return confirm(exchange, view, ticket);
  if (signIn.multiUser) await exchange.admit('document');
  else await checkOperator(exchange, view);
  const begun = await begin(exchange, place, {
    ...(signIn.multiUser ? await newUser(exchange, view) : { user: '' }),
    returnTo: ownPath(params.get('return'), exchange.mount()),
    again: againPath(exchange, view),
  });
  if (begun === undefined) return;
  exchange.send(302, { ...noStore, Location: begun.url, 'Set-Cookie': begun.cookie }, '');
}

/** POST: from that page, and from nowhere else. */
export async function confirmAuthorize(exchange: Exchange, server: string): Promise<void> {
  const place = placeOf(exchange, server);
  const { view, signIn } = place;
  const form = await formOf(exchange);
  const ticket = form.get('ticket') ?? '';
  const binding = bindingOf(visitOf(exchange), view.name);
  if (!signIn.multiUser || !comesFromItself(exchange) || binding === undefined) {
    return fail(exchange, view, 403, foreignFormSentence);
  }
  if (!isEqual(form.get('confirm') ?? '', confirmation(binding, ticket))) {
    return fail(exchange, view, 403, foreignFormSentence);
  }
  const taken = ticketsOf(exchange.program).take(ticket, view.name);
  if (taken === undefined) return fail(exchange, view, 400, oldTicketSentence);
  const begun = await begin(exchange, place, { user: taken.principal.user });
  if (begun === undefined) return;
  const headers = { 'Set-Cookie': begun.cookie };
  sendPage(exchange, movingOnPage(pageModel(exchange), view.name, begun.url), { headers });
}

/** GET: where the authorization server sends the browser back to. */
export async function callback(exchange: Exchange, server: string): Promise<void> {
  const place = placeOf(exchange, server);
  const { view, signIn } = place;
  const params = queryOf(exchange);
  const again = againPath(exchange, view);
  const binding = bindingOf(visitOf(exchange), view.name);
  const isAwaited = signIn.awaits(params.get('state') ?? '');
  let done: SignedIn;
  try {
    done = await signIn.finish(params, binding);
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    return fail(exchange, view, failureStatus(isAwaited, binding, params), error.message, again);
  }
  if (!done.user.startsWith(sessionUserPrefix)) {
    const model = { ...pageModel(exchange), server: view.name, path: serverPath(view, exchange.snapshot) };
    return sendPage(exchange, connectedPage({ ...model, fromChat: signIn.multiUser }));
  }
  const session = done.user.slice(sessionUserPrefix.length);
  const mount = exchange.mount();
  const headers = { ...noStore, 'Set-Cookie': sessionCookie(view.name, mount, session) };
  exchange.send(303, { ...headers, Location: ownPath(done.returnTo, mount) ?? homeOf(exchange, view) }, '');
}

/** A page that names the account, and a button. Leaves the ticket as it is: programs follow links before people do. */
function confirm(exchange: Exchange, view: ServerView, ticket: string): void {
  const found = ticketsOf(exchange.program).find(ticket, view.name);
  if (found === undefined) return fail(exchange, view, 400, oldTicketSentence);
  const mount = exchange.mount();
  const binding = bindingOf(visitOf(exchange), view.name) ?? newBinding(view.name);
  const page = confirmPage({
    ...pageModel(exchange),
    server: view.name,
    account: accountOf(found.principal) ?? found.principal.user,
    action: oauthPath(mount.rootPath, view.name, 'authorize'),
    ticket,
    confirm: confirmation(binding, ticket),
  });
  sendPage(exchange, page, { forms: true, headers: { 'Set-Cookie': bindingCookie(view.name, mount, binding) } });
}

const oldTicketSentence = 'This link is used up or too old: each works once, for ten minutes.';

const foreignFormSentence =
  'The button was not pressed on our own page, or this browser keeps no cookies: open the link once more, and press it there.';

interface Begun {
  readonly url: string;
  readonly cookie: string;
}

interface Beginning {
  readonly user: string;
  /** Another user, whose sign-in this one takes the place of. */
  readonly insteadOf?: string;
  readonly returnTo?: string | undefined;
  /** Where a browser can try once more. */
  readonly again?: string;
}

/** Of this browser: an id that nobody has, so that whoever put an older one there gains nothing. */
async function newUser(exchange: Exchange, view: ServerView): Promise<Pick<Beginning, 'user' | 'insteadOf'>> {
  const { user: current } = await identify(exchange, view);
  const user = `${sessionUserPrefix}${newSession()}`;
  return current.startsWith(sessionUserPrefix) ? { user, insteadOf: current } : { user };
}

/** undefined: it cannot begin, and the browser was told so. */
async function begin(
  exchange: Exchange,
  { view, signIn }: Place,
  { again, returnTo, ...whose }: Beginning,
): Promise<Begun | undefined> {
  const redirectUrl = callbackUrl(exchange, view.name);
  const binding = bindingOf(visitOf(exchange), view.name) ?? newBinding(view.name);
  try {
    const { href, protocol } = new URL(await signIn.begin({ ...whose, redirectUrl, binding, returnTo }));
    if (protocol !== 'https:' && protocol !== 'http:')
      throw new SignInError(`no browser can open ${protocol} addresses`);
    return { url: href, cookie: bindingCookie(view.name, exchange.mount(), binding) };
  } catch (error) {
    if (!(error instanceof SignInError)) throw error;
    fail(exchange, view, 502, error.message, again);
    return undefined;
  }
}

/** What only the page that was sent to this browser has. */
function confirmation(binding: string, ticket: string): string {
  return createHmac('sha256', binding).update(`confirm ${ticket}`).digest('base64url');
}

function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Stricter than for what only signs out: even a page that may call tools may not press this button. */
function comesFromItself(exchange: Exchange): boolean {
  const { origin, 'sec-fetch-site': site } = exchange.request.headers;
  return (site === undefined || site === 'same-origin') && (origin === undefined || origin === exchange.mount().origin);
}

/** A ticket and a confirmation, and room to spare. */
const maxFormBytes = 4 * 1024;

async function formOf(exchange: Exchange): Promise<URLSearchParams> {
  const [type = ''] = (exchange.request.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new AppError(
      'unsupported_media_type',
      'This takes the form of our own page only, as application/x-www-form-urlencoded.',
    );
  }
  return new URLSearchParams(await readText(exchange, maxFormBytes));
}

function queryOf({ path }: Exchange): URLSearchParams {
  const start = path.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : path.slice(start));
}

/** 400: nothing that we wait for; 403: not this browser's, or refused over there; 502: the authorization server's answer failed us. */
function failureStatus(isAwaited: boolean, binding: string | undefined, params: URLSearchParams): 400 | 403 | 502 {
  if (!isAwaited) return 400;
  return binding === undefined || params.has('error') ? 403 : 502;
}

function homeOf(exchange: Exchange, view: ServerView): string {
  const { rootPath, pathPrefix } = pageModel(exchange);
  return `${rootPath}${pathPrefix}${serverPath(view, exchange.snapshot)}/`;
}

function againPath(exchange: Exchange, view: ServerView): string {
  const { rootPath } = exchange.mount();
  return oauthPath(rootPath, view.name, 'authorize');
}

/** Without `again`: only the chat can make another link. */
function fail(exchange: Exchange, view: ServerView, status: number, detail: string, again?: string): void {
  const options: PageOptions = { status };
  sendPage(
    exchange,
    failedPage({ ...pageModel(exchange), server: view.name, detail: asSentence(capitalised(detail)), again }),
    options,
  );
}

/** Sentences of mcp/ go on from others. */
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
