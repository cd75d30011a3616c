// A real browser for the pages: found on this machine, started once per file, watched for what a page must not do.
// Where there is none the tests are skipped with a printed reason, unless CI or MCPO_REQUIRE_BROWSER says that they count.

import { existsSync } from 'node:fs';

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const missing = `There is no browser: set CHROMIUM_PATH, or install one of ${places.join(', ')}.`;

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A browser and real servers on a busy machine; only what hangs is meant to run into it. */
const patienceMs = 60_000;

const executablePath = findBrowser();

/** For `describe.skipIf`. */
export const skipWithoutBrowser =
  executablePath === undefined && process.env['CI'] === undefined && process.env['MCPO_REQUIRE_BROWSER'] === undefined;

if (skipWithoutBrowser) process.stderr.write(`Page tests are skipped. ${missing}\n`);

export type OpenPage = (url: string, options?: BrowserContextOptions) => Promise<WatchedPage>;

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong so far: violations of the content security policy, thrown errors, requests to another origin. */
  readonly offences: readonly string[];
}

/** Starts a browser for the tests beside it and gives the way to open pages, each in a profile of its own. */
export function useBrowser(): OpenPage {
  vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs });
  let browser: Browser | undefined;

  beforeAll(async () => {
    if (executablePath === undefined) throw new Error(missing);
    browser = await chromium.launch({ executablePath, args: switches });
  });

  afterEach(async () => {
    await Promise.all((browser?.contexts() ?? []).map((context) => context.close()));
  });

  afterAll(async () => {
    await browser?.close();
  });

  return async (url, options = {}) => {
    if (browser === undefined) throw new Error('Pages open in tests only: the browser starts before them.');
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const offences = watch(page, new URL(url).origin);
    await page.goto(url);
    return { page, offences };
  };
}

function watch(page: Page, origin: string): string[] {
  const offences: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) offences.push(message.text());
  });
  page.on('pageerror', (error) => offences.push(String(error)));
  page.on('request', (request) => {
    const target = new URL(request.url());
    if (target.protocol.startsWith('http') && target.origin !== origin) offences.push(`request to ${target.href}`);
  });
  return offences;
}

function findBrowser(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  return named !== undefined && named !== '' ? named : places.find((place) => existsSync(place));
}
