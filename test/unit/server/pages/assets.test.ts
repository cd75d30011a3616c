import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { assets } from '../../../../src/server/pages/assets.ts';
import { docsPage } from '../../../../src/server/pages/docs.ts';
import { overviewPage } from '../../../../src/server/pages/overview.ts';
import { serverPage } from '../../../../src/server/pages/server.ts';
import { now, page, server } from './sample.ts';

describe('assets', () => {
  it('are all there', () => {
    const empty = [...assets].filter(([, { file }]) => readFileSync(file).length === 0);
    expect(empty).toEqual([]);
  });

  it('list every file of our own', () => {
    const folder = new URL('../../../../src/server/pages/assets/', import.meta.url);
    const own = [...assets.keys()].filter((name) => !name.includes('/'));
    expect(own.toSorted()).toEqual(readdirSync(folder).toSorted());
  });

  it('hold every file that a page refers to', () => {
    const pages = [
      overviewPage({ ...page, access: 'open', servers: [server('a')], now }),
      serverPage({ ...page, access: 'open', server: server('a'), now }),
      docsPage({ ...page, serverName: undefined, path: '', tools: 1 }),
    ];
    const names = pages.flatMap((markup) =>
      [...markup.matchAll(/"\/assets\/([^"?]+)\?v=1\.2\.3"/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !assets.has(name ?? ''))).toEqual([]);
  });

  it('ask for nothing elsewhere', () => {
    const own = [...assets].filter(([name]) => !name.startsWith('swagger-ui/') && !name.endsWith('.svg'));
    const asking = own.filter(([, { file }]) => /https?:\/\/|@import|url\(/.test(readFileSync(file, 'utf8')));
    expect(own.length).toBeGreaterThan(3);
    expect(asking).toEqual([]);
  });
});
