// GET / and GET /{server}/ in a real browser: readable by everybody, in light and dark, on a phone, without script.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { start, type Mcpo } from '../../src/index.ts';
import { stateWords } from '../../src/server/pages/state.ts';
import { skipWithoutBrowser, useBrowser } from './browser.ts';
import { startProduct, statesOf } from './product.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const phone = { width: 320, height: 640 };

const looks = [
  { look: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { look: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { look: 'light, on a phone', colorScheme: 'light', viewport: phone },
  { look: 'dark, on a phone', colorScheme: 'dark', viewport: phone },
] as const;

describe.skipIf(skipWithoutBrowser)('the overview', () => {
  const open = useBrowser();
  let product: Awaited<ReturnType<typeof startProduct>>;

  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product?.close());

  it.each(looks)('has nothing for axe-core to find ($look)', async ({ colorScheme, viewport }) => {
    const { page, offences } = await open(`${product.url}/`, { colorScheme, viewport });
    expect(offences).toEqual([]);
    await openDetails(page);
    expect(await axeFindings(page)).toEqual([]);
    await page.goto(`${product.url}/everything/`);
    expect(await axeFindings(page)).toEqual([]);
  });

  it('lists every server with its state and its sentence', async () => {
    const { page } = await open(`${product.url}/`);
    const states = await statesOf(product.url);
    const entries = await page.locator('.server').all();
    const shown = await Promise.all(
      entries.map(async (entry) => ({
        name: await entry.locator('h3').innerText(),
        state: await entry.locator('.state').getAttribute('data-state'),
        word: await entry.locator('.state').innerText(),
        detail: await entry.locator('.detail').innerText(),
      })),
    );
    expect(shown.map(({ name }) => name)).toEqual(Object.keys(states));
    for (const { name, state, word, detail } of shown) {
      expect(state === 'ready').toBe(states[name]?.state === 'ready');
      expect(word).toBe(stateWords[state as keyof typeof stateWords]);
      expect(detail).not.toBe('');
    }
    expect(shown.find(({ name }) => name === 'missing')?.detail).toContain('no-such-command-on-any-machine');
  });

  it('is readable and complete without script', async () => {
    const { page } = await open(`${product.url}/`, { javaScriptEnabled: false });
    await page.getByText(/^\d+ tools of memory$/).click();
    expect(
      await page
        .getByRole('code')
        .filter({ hasText: /^read_graph$/ })
        .isVisible(),
    ).toBe(true);
    await page.getByRole('link', { name: 'memory', exact: true }).click();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('memory');
    expect(await page.getByText('POST /memory/read_graph').isVisible()).toBe(true);
  });

  it('never scrolls sideways at 320 pixels', async () => {
    const { page } = await open(`${product.url}/`, { viewport: phone });
    await openDetails(page);
    expect(await sidewaysOverflow(page)).toBe(0);
    await page.goto(`${product.url}/everything/`);
    expect(await sidewaysOverflow(page)).toBe(0);
  });

  it('copies what it tells people to paste', async () => {
    const { page, offences } = await open(`${product.url}/`, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page
      .getByRole('button', { name: `Copy ${product.url}`, exact: true })
      .first()
      .click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(product.url);
    expect(offences).toEqual([]);
  });

  it('shows a curl line that works', async () => {
    const { page } = await open(`${product.url}/`);
    const line = await page.locator('code[data-copy]', { hasText: 'curl -sS' }).innerText();
    const [, url = '', , header = '', , body = ''] = shellWords(line);
    const [name = '', value = ''] = header.split(': ');
    const response = await fetch(url, { method: 'POST', headers: { [name]: value }, body });
    expect({ url, status: response.status }).toEqual({ url, status: 200 });
  });
});

describe.skipIf(skipWithoutBrowser)('a refused reload', () => {
  const open = useBrowser();
  let folder: string;
  let running: Mcpo;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mcpo-pages-'));
    const config = join(folder, `${'long-name-'.repeat(10)}.json`);
    writeFileSync(config, '{"mcpServers": {}}');
    running = await start({ config, port: 0 });
    writeFileSync(config, '{"mcpServers": {"a": {"comand": "x"}}}');
    await running.reload();
  });
  afterAll(async () => {
    await running?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(looks)('is seen, and readable ($look)', async ({ colorScheme, viewport }) => {
    const { page, offences } = await open(`${running.url}/`, { colorScheme, viewport });
    const notice = page.getByRole('region', { name: 'The last reload was refused' });
    expect(await notice.innerText()).toContain('Did you mean "command"');
    expect(offences).toEqual([]);
    expect(await axeFindings(page)).toEqual([]);
    expect(await sidewaysOverflow(page)).toBe(0);
  });
});

/** What the shell gives to curl. */
function shellWords(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { rules: { 'target-size': { enabled: true } } })",
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

async function openDetails(page: Page): Promise<void> {
  await page.evaluate("document.querySelectorAll('details').forEach((element) => { element.open = true; })");
}

async function sidewaysOverflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
