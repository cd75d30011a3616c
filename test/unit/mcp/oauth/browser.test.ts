// Whether a browser is opened, and with what: only web addresses, as one argument, and never by a shell.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { browserCommand, openBrowser } from '../../../../src/mcp/oauth/browser.ts';
import { until } from '../../../support.ts';

const url = 'https://auth.example/authorize?a=1&b=%22;$(touch%20x)';

test.each([
  ['linux', {}, undefined],
  ['linux', { DISPLAY: '' }, undefined],
  ['linux', { DISPLAY: ':0' }, ['xdg-open', url]],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, ['xdg-open', url]],
  ['linux', { BROWSER: '/opt/my browser' }, ['/opt/my browser', url]],
  ['darwin', {}, ['open', url]],
  ['win32', {}, ['rundll32', 'url.dll,FileProtocolHandler', url]],
] as const)('on %s with %j', (platform, environment, command) => {
  expect(browserCommand(url, environment, platform)).toEqual(command);
});

test.each(['file:///etc/passwd', 'javascript:alert(1)', 'vscode://x', '--help', '', 'ftp://a.example/'])(
  'opens nothing but web addresses: %j',
  (address) => {
    expect(browserCommand(address, { BROWSER: 'b', DISPLAY: ':0' }, 'linux')).toBeUndefined();
    expect(browserCommand(address, {}, 'darwin')).toBeUndefined();
    expect(openBrowser(address, { BROWSER: process.execPath })).toBe(false);
  },
);

test('an address is an address, whatever stands in front of it', () => {
  expect(browserCommand(' https://a.example/ x"y', { DISPLAY: ':0' }, 'linux')).toEqual([
    'xdg-open',
    'https://a.example/%20x%22y',
  ]);
});

test('a program that is there gets the address as one argument', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-browser-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [program, written] = [join(folder, 'browser'), join(folder, 'args')];
  await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > ${written}.part && mv ${written}.part ${written}\n`);
  await chmod(program, 0o755);
  expect(openBrowser(url, { BROWSER: program })).toBe(true);
  expect(await until(() => readFile(written, 'utf8').catch(() => ''))).toBe(`1\n${url}\n`);
});

test('one that is not there costs nothing', async () => {
  expect(openBrowser(url, { BROWSER: '/nowhere/at-all' })).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
});
