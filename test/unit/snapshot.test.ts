import { describe, expect, it } from 'vitest';
import { buildSnapshot } from '../../src/snapshot.ts';
import { makeCatalogue, makeConfig, makeHandle, makeServerConfig, makeSettings } from './openapi/made.ts';

const a = makeServerConfig('a');
const b = makeServerConfig('b');
const off = makeServerConfig('off', { disabled: true });
const tools = makeCatalogue([{ name: 'x' }]);
const handles = new Map([
  ['a', makeHandle('a', tools)],
  ['b', makeHandle('b', undefined)],
]);

describe('buildSnapshot', () => {
  it('has every configured server, in the order of the file', () => {
    const { servers, root } = buildSnapshot(makeConfig('many', [b, off, a]), handles, undefined);
    expect([...servers.keys()]).toEqual(['b', 'off', 'a']);
    expect(servers.get('a')).toMatchObject({ catalogue: tools, operations: { server: 'a' } });
    expect(servers.get('b')).toMatchObject({ upstream: handles.get('b'), catalogue: undefined, operations: undefined });
    expect(servers.get('off')?.upstream).toBeUndefined();
    expect(root).toBeUndefined();
  });

  it('has the only server at the root in single mode', () => {
    const snapshot = buildSnapshot(makeConfig('single', [a]), handles, undefined);
    expect(snapshot.root).toBe(snapshot.servers.get('a'));
  });

  it('keeps the views of servers about which nothing changed', () => {
    const before = buildSnapshot(makeConfig('many', [a, b]), handles, undefined);
    const learned = new Map(handles).set('b', makeHandle('b', makeCatalogue([{ name: 'y' }])));
    const after = buildSnapshot(makeConfig('many', [a, b], makeSettings({ name: 'new' })), learned, before);
    expect(after.servers.get('a')).toBe(before.servers.get('a'));
    expect(after.servers.get('b')).not.toBe(before.servers.get('b'));
    expect(after.servers.get('b')?.operations?.list).toHaveLength(1);
  });

  it('makes a new view for a new upstream, a new catalogue or a new entry', () => {
    const before = buildSnapshot(makeConfig('many', [a]), handles, undefined);
    const view = before.servers.get('a');
    const changes = [
      buildSnapshot(makeConfig('many', [a]), new Map([['a', makeHandle('a', tools)]]), before),
      buildSnapshot(makeConfig('many', [a]), new Map([['a', makeHandle('a', { ...tools })]]), before),
      buildSnapshot(makeConfig('many', [makeServerConfig('a')]), handles, before),
    ];
    for (const after of changes) expect(after.servers.get('a')).not.toBe(view);
  });

  it('forgets a server that is no longer configured', () => {
    const before = buildSnapshot(makeConfig('many', [a, b]), handles, undefined);
    expect([...buildSnapshot(makeConfig('many', [b]), handles, before).servers.keys()]).toEqual(['b']);
  });
});
