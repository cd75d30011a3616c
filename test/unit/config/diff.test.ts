import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffConfig } from '../../../src/config/diff.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const tls = join(import.meta.dirname, '../../fixtures/configs/tls');

type Content = { mcpServers?: Record<string, unknown>; mcpo?: Record<string, unknown> };

async function diff(before: Content, after: Content) {
  const load = (content: Content) => loadFile(folder, { mcpServers: {}, ...content });
  return diffConfig(await load(before), await load(after));
}

const nothing = {
  added: [],
  removed: [],
  reconnect: [],
  retuned: [],
  unchanged: [],
  settingsChanged: [],
  needsRestart: [],
};

describe('servers', () => {
  it('are told apart one by one, in the order of the file', async () => {
    const before = {
      same: { command: 'x' },
      gone: { command: 'x' },
      moved: { command: 'x' },
      tuned: { command: 'x' },
      off: { command: 'x' },
      on: { command: 'x', disabled: true },
    };
    const after = {
      on: { command: 'x' },
      off: { command: 'x', disabled: true },
      tuned: { command: 'x', timeout: 1 },
      moved: { command: 'y' },
      same: { command: 'x' },
      new: { command: 'x' },
    };
    expect(await diff({ mcpServers: before }, { mcpServers: after })).toEqual({
      ...nothing,
      added: ['new'],
      removed: ['gone'],
      reconnect: ['on', 'off', 'moved'],
      retuned: ['tuned'],
      unchanged: ['same'],
    });
  });

  it('reconnect when a limit of connections changes', async () => {
    const mcpServers = { a: { command: 'x' } };
    expect(await diff({ mcpServers }, { mcpServers, mcpo: { maxResult: '1MiB' } })).toEqual({
      ...nothing,
      reconnect: ['a'],
      settingsChanged: ['maxResultBytes'],
    });
  });
});

describe('settings', () => {
  it('that no connection depends on leave the servers alone', async () => {
    const mcpServers = { a: { command: 'x' }, b: { url: 'http://host' } };
    const mcpo = { apiKey: 'a', callTimeout: 1, logLevel: 'debug', name: 'n', maxBody: '1MiB', rootPath: '/r' };
    expect(await diff({ mcpServers }, { mcpServers, mcpo })).toMatchObject({
      reconnect: [],
      retuned: [],
      unchanged: ['a', 'b'],
    });
  });

  it('that can change alive are named', async () => {
    const before = { mcpo: { apiKey: 'a', corsAllowOrigins: ['*'], logLevel: 'info' } };
    const after = { mcpo: { apiKey: 'b', corsAllowOrigins: ['http://a'], logLevel: 'info', callTimeout: 1 } };
    const found = await diff(before, after);
    expect(found.settingsChanged.toSorted()).toEqual(['apiKey', 'callTimeoutMs', 'corsAllowOrigins']);
    expect(found.needsRestart).toEqual([]);
  });

  it('that cannot are named as in the file', async () => {
    const pair = { sslCertfile: join(tls, 'cert.pem'), sslKeyfile: join(tls, 'key.pem') };
    expect((await diff({}, { mcpo: { host: '::1', port: 1, ...pair } })).needsRestart).toEqual([
      'host',
      'port',
      'sslCertfile',
      'sslKeyfile',
    ]);
    expect((await diff({ mcpo: pair }, { mcpo: pair })).needsRestart).toEqual([]);
  });

  it('never lose the key that chose the address', async () => {
    const guarded = { mcpo: { apiKey: 'a' } };
    expect((await diff(guarded, {})).needsRestart).toEqual(['apiKey']);
    expect((await diff({}, guarded)).needsRestart).toEqual([]);
    const host = '127.0.0.1';
    expect((await diff({ mcpo: { apiKey: 'a', host } }, { mcpo: { host } })).needsRestart).toEqual([]);
  });

  it('never lose what guards every server, whatever that is', async () => {
    const keys = { keys: [{ name: 'ops', key: 'a' }] };
    const jwt = { jwt: { secret: 's' } };
    expect((await diff({ mcpo: keys }, {})).needsRestart).toEqual(['keys']);
    expect((await diff({ mcpo: jwt }, {})).needsRestart).toEqual(['jwt']);
    expect((await diff({ mcpo: { ...keys, ...jwt } }, {})).needsRestart).toEqual(['keys']);
    expect((await diff({ mcpo: { apiKey: 'b', ...keys } }, {})).needsRestart).toEqual(['apiKey']);
    expect((await diff({ mcpo: { apiKey: 'b' } }, { mcpo: keys })).needsRestart).toEqual([]);
    expect((await diff({ mcpo: keys }, { mcpo: jwt })).needsRestart).toEqual([]);
    expect((await diff({}, { mcpo: jwt })).needsRestart).toEqual([]);
    const host = '127.0.0.1';
    expect((await diff({ mcpo: { ...keys, host } }, { mcpo: { host } })).needsRestart).toEqual([]);
  });

  it('take over other keys and other tokens alive', async () => {
    const before = { mcpo: { keys: [{ name: 'ops', key: 'a' }], jwt: { secret: 's' } } };
    const after = { mcpo: { keys: [{ name: 'ops', key: 'b' }], jwt: { secret: 't' } } };
    expect(await diff(before, after)).toEqual({ ...nothing, settingsChanged: ['keys', 'jwt'] });
    expect(await diff(before, before)).toEqual(nothing);
  });

  it('are unchanged for equal files', async () => {
    const content = { mcpServers: { a: { command: 'x' } }, mcpo: { trustedProxies: ['::1'], apiKey: 'a' } };
    expect(await diff(content, content)).toEqual({ ...nothing, unchanged: ['a'] });
  });
});
