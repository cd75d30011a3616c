// What the tests of signing in share: protected servers of fixtures/oauth as processes, a proxy with a home of its own, and
// a browser that has no window: a cookie jar, redirects followed one by one, and forms sent as a person would.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { onTestFinished } from 'vitest';
import { inherited, until } from '../support.ts';
import { startProxy, type Proxy } from './proxy.ts';

/** What a fixture has seen so far; `secrets` are all that it gave out or was told. */
export interface Told {
  readonly registrations: number;
  readonly authorizations: number;
  readonly codes: number;
  readonly refreshes: number;
  readonly refreshesInFlight: number;
  readonly refreshesRefused: number;
  readonly reuses: number;
  readonly revocations: number;
  readonly serverErrors: readonly string[];
  readonly refusals: readonly string[];
  readonly refused: number;
  readonly forbidden: number;
  /** The users of the open sessions, and of those that a DELETE ended. */
  readonly sessions: readonly string[];
  readonly ended: readonly string[];
  readonly crossings: readonly unknown[];
  readonly requests: readonly { readonly user: string; readonly method: string; readonly rpc?: string }[];
  readonly clients: readonly { readonly applicationType: string; readonly redirectUris: readonly string[] }[];
  readonly authorizationRequests: readonly {
    readonly scope?: string;
    readonly resource?: string;
    readonly codeChallengeMethod?: string;
  }[];
  readonly secrets: readonly string[];
  /** Of the misbehaving one. */
  readonly trapped: readonly string[];
  readonly metadata: number;
}

export interface Protected {
  readonly url: string;
  readonly origin: string;
  readonly issuer: string;
  readonly trap: string;
  readonly told: () => Promise<Told>;
  /** Changes settings while it runs; see the fixture. */
  readonly set: (settings: object) => Promise<Told>;
}

/** The fixture `wants-sign-in` or `misbehaves`, until the test ends. */
export async function startProtected(options: object = {}, fixture = 'wants-sign-in'): Promise<Protected> {
  const path = fileURLToPath(new URL(`../fixtures/oauth/${fixture}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...inherited(), OPTIONS: JSON.stringify(options) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  for await (const line of createInterface(child.stdout)) {
    const addresses = JSON.parse(line) as Omit<Protected, 'told' | 'set'> & { readonly control: string };
    const answer = async (init?: RequestInit): Promise<Told> => {
      const response = await fetch(addresses.control, init);
      return (await response.json()) as Told;
    };
    return {
      ...addresses,
      told: () => answer(),
      set: (settings) => answer({ method: 'POST', body: JSON.stringify(settings) }),
    };
  }
  throw new Error(`${fixture} did not start: ${complaints}`);
}

/** A home folder of its own until the test ends: sign-ins are kept there. */
export function ownHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'mcpo-home-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
  return home;
}

/** No browser of this machine opens, whatever screen it has. */
const headless = { BROWSER: '', DISPLAY: '', WAYLAND_DISPLAY: '', MCPO_SECRET_KEY: '' };

export interface SigningProxy extends Proxy {
  readonly home: string;
  /** Every line that it printed, as text. */
  readonly printed: () => string;
}

export interface SigningOptions {
  readonly home?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The key `mcpo` of the file. */
  readonly settings?: object;
}

export async function startSigningProxy(servers: object, options: SigningOptions = {}): Promise<SigningProxy> {
  const home = options.home ?? ownHome();
  const path = join(home, 'config.json');
  const settings = options.settings === undefined ? {} : { mcpo: options.settings };
  writeFileSync(path, JSON.stringify({ mcpServers: servers, ...settings }, null, 2));
  const args = ['--port', '0', '--config', path, '--log-level', 'debug', ...(options.args ?? [])];
  const proxy = await startProxy(args, { ...headless, HOME: home, ...options.env });
  return { ...proxy, home, printed: () => proxy.log.map((line) => JSON.stringify(line)).join('\n') };
}

/** A program that stands for the browser of the machine: it notes the addresses that it is given. */
export function recordingBrowser(folder: string): { readonly command: string; readonly opened: () => string[] } {
  const command = join(folder, 'browser.sh');
  const record = join(folder, 'opened.txt');
  writeFileSync(command, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${record}'\n`, { mode: 0o755 });
  const opened = (): string[] => {
    try {
      return readFileSync(record, 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  };
  return { command, opened };
}

/** Where a walk came to its end. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** Every address on the way, the last one too. */
  readonly hops: readonly string[];
}

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly value: string;
  readonly attributes: string;
}

interface Send {
  readonly method?: string;
  readonly body?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of the page that leads there; without it, somebody typed the address. */
  readonly from?: string;
  /** Stops before an address of which this is true: it becomes the end of the walk, unvisited. */
  readonly stopBefore?: (url: URL) => boolean;
}

const maxHops = 20;

/** A person's browser: what it keeps are cookies, by host and path, whatever the port, as RFC 6265 has it. */
export class Browser {
  readonly cookies = new Map<string, Cookie>();

  /** Goes where redirects lead. */
  async visit(url: string, send: Send = {}): Promise<Page> {
    const hops: string[] = [];
    let next = { url: new URL(url), method: send.method ?? 'GET', body: send.body };
    for (;;) {
      hops.push(next.url.href);
      if (hops.length > maxHops) throw new Error(`too many redirects: ${hops.join(' ')}`);
      if (hops.length > 1 && send.stopBefore?.(next.url) === true) {
        return { url: next.url.href, status: 0, text: '', headers: new Headers(), hops };
      }
      const response = await request(next.url, {
        method: next.method as 'GET',
        headers: {
          accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
          'sec-fetch-site': siteOf(send.from, hops),
          ...(next.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(next.method === 'GET' || send.from === undefined ? {} : { origin: new URL(send.from).origin }),
          ...send.headers,
          ...this.#cookieFor(next.url),
        },
        body: next.body?.toString() ?? null,
      });
      const headers = headersOf(response.headers);
      this.#keep(next.url, headers.getSetCookie());
      const text = await response.body.text();
      const status = response.statusCode;
      const location = headers.get('location') ?? refreshIn(text);
      if (location === undefined) return { url: next.url.href, status, text, headers, hops };
      const same = status === 307 || status === 308;
      next = {
        url: new URL(location, next.url),
        method: same ? next.method : 'GET',
        body: same ? next.body : undefined,
      };
    }
  }

  /** Sends the form of a page, with the button of that value where it has several. */
  submit(page: Page, fields: Readonly<Record<string, string>> = {}, send: Send = {}): Promise<Page> {
    const form = formOf(page);
    if (form === undefined) throw new Error(`no form at ${page.url} (${page.status}): ${page.text}`);
    const body = new URLSearchParams({ ...form.fields, ...fields });
    return this.visit(form.action, { from: page.url, ...send, method: 'POST', body });
  }

  /**
   * Signs in as `user` wherever it is asked who it is, and allows everything; `deny` says no instead. Ends at the first page
   * that asks neither.
   */
  async signIn(url: string, user: string, options: Send & { readonly deny?: boolean } = {}): Promise<Page> {
    let page = await this.visit(url, options);
    const hops = [...page.hops];
    while (new URL(page.url).pathname.startsWith('/interaction/') && formOf(page) !== undefined) {
      const asked = page.text.includes('name="login"');
      const fields = asked ? { login: user, go: 'in' } : { go: options.deny === true ? 'deny' : 'allow' };
      page = await this.submit(
        page,
        fields,
        options.stopBefore === undefined ? {} : { stopBefore: options.stopBefore },
      );
      hops.push(...page.hops);
    }
    return { ...page, hops };
  }

  /** What it would send to that address, for programs: `fetch` does not know jars. */
  headersFor(url: string): Record<string, string> {
    return this.#cookieFor(new URL(url));
  }

  #cookieFor(url: URL): Record<string, string> {
    const fitting = [...this.cookies].filter(
      ([, { host, path }]) =>
        host === url.hostname && (url.pathname === path || url.pathname.startsWith(slashed(path))),
    );
    if (fitting.length === 0) return {};
    return { cookie: fitting.map(([key, { value }]) => `${nameOf(key)}=${value}`).join('; ') };
  }

  #keep(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const told = (name: string): string | undefined =>
        attributes.find((each) => each.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
      const path = told('path') ?? url.pathname.slice(0, Math.max(1, url.pathname.lastIndexOf('/')));
      const key = `${pair.slice(0, at)} ${url.hostname} ${path}`;
      const expires = told('expires');
      const over = told('max-age') === '0' || (expires !== undefined && Date.parse(expires) <= Date.now());
      if (over) this.cookies.delete(key);
      else {
        this.cookies.set(key, {
          host: url.hostname,
          path,
          value: pair.slice(at + 1),
          attributes: attributes.join('; '),
        });
      }
    }
  }
}

/** The cookies of that name, whatever host and path: its value and attributes. */
export function cookiesNamed(browser: Browser, name: RegExp): { name: string; value: string; attributes: string }[] {
  return [...browser.cookies].flatMap(([key, { value, attributes }]) =>
    name.test(nameOf(key)) ? [{ name: nameOf(key), value, attributes }] : [],
  );
}

/** Where a page sends the browser by itself. */
function refreshIn(text: string): string | undefined {
  const [tag = ''] = /<meta\b[^>]*http-equiv="refresh"[^>]*>/i.exec(text) ?? [];
  return /url=(.*)$/i.exec(attribute(tag, 'content') ?? '')?.[1];
}

/** Everything that a page of ours asks to be sent: the first form, with its hidden fields. */
export function formOf(page: Page): { action: string; fields: Record<string, string> } | undefined {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(page.text);
  if (form === null) return undefined;
  const fields = [...(form[2] ?? '').matchAll(/<input\b([^>]*)>/gi)].flatMap(([, tag = '']) => {
    const name = attribute(tag, 'name');
    return name === undefined ? [] : [[name, attribute(tag, 'value') ?? ''] as const];
  });
  const action = attribute(form[1] ?? '', 'action') ?? '';
  return { action: new URL(action === '' ? page.url : action, page.url).href, fields: Object.fromEntries(fields) };
}

/** Signed in to the authorization server in the end, or not; the state of a server whose sign-in serves everybody. */
export function whenState(url: string, server: string, state: string, withinMs?: number): Promise<ServerStatus> {
  return until(async () => {
    const found = await serverStatus(url, server);
    return found.state === state ? found : undefined;
  }, withinMs);
}

export interface ServerStatus {
  readonly state: string;
  readonly detail: string;
  readonly tools: number;
  readonly authorizationUrl?: string;
}

export async function serverStatus(
  url: string,
  server: string,
  headers: Record<string, string> = {},
): Promise<ServerStatus> {
  const response = await fetch(`${url}/`, { headers: { accept: 'application/json', ...headers } });
  const { servers } = (await response.json()) as { servers: Record<string, ServerStatus> };
  const found = servers[server];
  if (found === undefined) throw new Error(`no server ${server}`);
  return found;
}

/** An error of the proxy, as a program reads it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly authorizationUrl?: string;
}

/** The first secret of these that stands somewhere in a text, shortened. */
export function leakIn(text: string, secrets: readonly string[]): string | undefined {
  return secrets.find((secret) => secret.length > 8 && text.includes(secret))?.slice(0, 12);
}

/** The arguments of a process and of all that run below it, and their environment, as `ps` would show them. */
export function processList(): string {
  const { readdirSync } = process.getBuiltinModule('node:fs');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .join('\n');
}

/** As a browser says where a request comes from (Fetch Metadata); a redirect on the way makes it worse, never better. */
function siteOf(from: string | undefined, hops: readonly string[]): string {
  if (from === undefined) return 'none';
  const origin = new URL(from);
  const targets = hops.map((hop) => new URL(hop));
  if (targets.every((target) => target.origin === origin.origin)) return 'same-origin';
  return targets.every(({ hostname }) => hostname === origin.hostname) ? 'same-site' : 'cross-site';
}

function headersOf(raw: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) for (const each of [value ?? []].flat()) headers.append(name, each);
  return headers;
}

function slashed(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function nameOf(key: string): string {
  return key.split(' ')[0] ?? '';
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag);
  const text = found?.[1] ?? found?.[2];
  return text?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
