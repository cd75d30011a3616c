// GET /docs in a real browser: Swagger UI under the strict policy lists every tool, calls it and takes the key.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { skipWithoutBrowser, useBrowser } from './browser.ts';
import { startProduct } from './product.ts';

const apiKey = 'a-key-for-the-browser';

describe.skipIf(skipWithoutBrowser)('the docs page', () => {
  const open = useBrowser();
  let product: Awaited<ReturnType<typeof startProduct>>;
  let guarded: Awaited<ReturnType<typeof startProduct>>;

  beforeAll(async () => {
    [product, guarded] = await Promise.all([startProduct(), startProduct({ apiKey })]);
  });
  afterAll(() => Promise.all([product?.close(), guarded?.close()]));

  it.each(['', '/everything'])('lists every tool of its document (%s/docs)', async (server) => {
    const { page, offences } = await open(`${product.url}${server}/docs`);
    const paths = await documentPaths(`${product.url}${server}/openapi.json`);
    await page
      .locator('.opblock')
      .nth(paths.length - 1)
      .waitFor();
    const shown: string[] = await page
      .locator('.opblock-summary-path')
      .evaluateAll((elements) => elements.map((element) => element.getAttribute('data-path') ?? ''));
    expect(shown.toSorted()).toEqual(paths.toSorted());
    expect(paths.length).toBeGreaterThan(5);
    expect(offences).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('calls a tool and shows the result (%s)', async (colorScheme) => {
    const { page, offences } = await open(`${product.url}/docs`, { colorScheme });
    await openOperation(page, '/everything/echo');
    await page.locator('.body-param__text').fill('{"message": "hello from the browser"}');
    expect(await execute(page)).toBe('200');
    expect(await page.locator('.live-responses-table .highlight-code').first().innerText()).toContain(
      'hello from the browser',
    );
    expect(offences).toEqual([]);
  });

  it('fits a phone with an operation open, and is readable in the dark', async () => {
    const { page } = await open(`${product.url}/docs`, {
      colorScheme: 'dark',
      viewport: { width: 360, height: 800 },
    });
    await openOperation(page, '/everything/echo');
    await page.locator('.headers-wrapper td').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    const colorsOf = (cells: string): Promise<unknown> =>
      page.evaluate(
        `[...document.querySelectorAll('.headers-wrapper ${cells}')].map((cell) => getComputedStyle(cell).color)`,
      );
    expect(await colorsOf('td')).toEqual(await colorsOf('th'));
  });

  it('takes the key and sends it', async () => {
    const { page, offences } = await open(`${guarded.url}/docs`);
    await openOperation(page, '/everything/echo');
    await page.locator('.body-param__text').fill('{"message": "guarded"}');
    expect(await execute(page)).toBe('401');

    await page.locator('.auth-wrapper .authorize').click();
    const form = page.locator('.auth-container', { hasText: '(http, Bearer)' });
    await form.getByLabel('auth-bearer-value').fill(apiKey);
    await form.getByRole('button', { name: 'Apply credentials' }).click();
    await form.getByRole('button', { name: 'Close', exact: true }).click();
    await page.locator('.btn-clear').click();
    expect(await execute(page)).toBe('200');
    expect(offences).toEqual([]);
  });

  it('says without script where the document is', async () => {
    const { page } = await open(`${product.url}/docs`, { javaScriptEnabled: false });
    // An element only where scripts are off; text otherwise.
    const link = page.locator('noscript a').first();
    expect(await link.getAttribute('href')).toBe('/openapi.json');
  });
});

async function documentPaths(url: string): Promise<string[]> {
  const response = await fetch(url);
  const document = (await response.json()) as { paths: Record<string, unknown> };
  return Object.keys(document.paths);
}

async function openOperation(page: Page, path: string): Promise<void> {
  await page
    .locator('.opblock', { has: page.locator(`[data-path="${path}"]`) })
    .locator('.opblock-summary-control')
    .click();
  await page.locator('.execute').waitFor();
}

/** The status that came back. */
async function execute(page: Page): Promise<string> {
  await page.locator('.execute').click();
  const status = page.locator('.live-responses-table tbody .response-col_status');
  await status.first().waitFor();
  const text = await status.first().innerText();
  return text.split('\n')[0] ?? '';
}
