import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { HeaderForwarding } from '../../../src/config/types.ts';

async function load(entry: object): Promise<HeaderForwarding | undefined> {
  const { servers } = await loadConfig({ options: {}, environment: {}, mcpServers: { a: { command: 'x', ...entry } } });
  return servers[0]?.forwarding;
}

describe('forwarding of header fields', () => {
  it.each([
    {},
    { client_header_forwarding: {} },
    { client_header_forwarding: { enabled: false, whitelist: ['X-User'] } },
    { clientHeaderForwarding: { whitelist: ['X-User'], blacklist: ['*'] } },
  ])('is off: %j', async (entry) => expect(await load(entry)).toBeUndefined());

  it('takes names and patterns in any case', async () => {
    const lists = { whitelist: ['X-User-*', ' Authorization '], blacklist: ['x-USER-secret?'] };
    const expected = { whitelist: ['x-user-*', 'authorization'], blacklist: ['x-user-secret?'] };
    expect(await load({ client_header_forwarding: { enabled: true, ...lists } })).toEqual(expected);
    expect(await load({ clientHeaderForwarding: { enabled: true, ...lists } })).toEqual(expected);
  });

  it('means all without a whitelist, as in the Python program', async () => {
    const all = { whitelist: ['*'], blacklist: [] };
    expect(await load({ client_header_forwarding: { enabled: true } })).toEqual(all);
    expect(await load({ client_header_forwarding: { enabled: true, whitelist: [], blacklist: [] } })).toEqual(all);
  });

  it('lets the switch for log lines of the Python program pass, and says so', async () => {
    const entry = { command: 'x', client_header_forwarding: { enabled: true, debug_headers: true } };
    const { ignoredKeys } = await loadConfig({ options: {}, environment: {}, mcpServers: { a: entry } });
    expect(ignoredKeys).toEqual([{ server: 'a', key: 'client_header_forwarding.debug_headers' }]);
  });
});

describe('what is refused', () => {
  const name = 'must be the name of a header, or a pattern such as "X-User-*".';
  it.each<[object, string]>([
    [{ enabled: 'yes' }, '.enabled must be true or false.'],
    [{ whitelist: 'X-User' }, '.whitelist must be a list of strings.'],
    [{ blacklist: [1] }, '.blacklist[0] must be a string.'],
    [{ enabled: true, whitelist: ['X-A', ''] }, `.whitelist[1] ${name}`],
    [{ enabled: true, blacklist: ['X User'] }, `.blacklist[0] ${name}`],
    [{ enabled: false, blacklist: ['X-User:'] }, `.blacklist[0] ${name}`],
    [{ whitelists: [] }, '.whitelists is unknown. Did you mean "whitelist"?'],
    [[], ' must be an object.'],
  ])('%j', async (forwarding, sentence) => {
    for (const key of ['client_header_forwarding', 'clientHeaderForwarding']) {
      await expect(load({ [key]: forwarding })).rejects.toThrow(`mcpServers.a.${key}${sentence}`);
    }
  });

  it('both spellings', async () => {
    await expect(load({ client_header_forwarding: {}, clientHeaderForwarding: {} })).rejects.toThrow(
      'mcpServers.a.client_header_forwarding is the same as "clientHeaderForwarding"; keep one of them.',
    );
  });
});
