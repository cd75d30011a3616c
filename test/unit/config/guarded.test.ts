import { describe, expect, it } from 'vitest';
import { isGuarded } from '../../../src/config/guarded.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();

describe('every server is guarded', () => {
  it.each([
    [{ apiKey: 'a' }, true],
    [{ keys: [{ name: 'ops', key: 'a' }] }, true],
    [{ keys: [{ name: 'ops', key: 'a', servers: ['n*'], expires: '2001-01-01' }] }, true],
    [{ jwt: { secret: 's' } }, true],
    [{}, false],
    [{ strictAuth: true }, false],
  ])('by %j: %s', async (mcpo, expected) => {
    const { settings } = await loadFile(folder, { mcpServers: {}, mcpo });
    expect(isGuarded(settings)).toBe(expected);
  });

  it('by no oauth of a server, which says whom that server believes', async () => {
    const entry = { url: 'https://a.example', oauth: { webui_secret_key: 's', webui_user_jwt_secret: 't' } };
    expect(isGuarded((await loadFile(folder, { mcpServers: { a: entry } })).settings)).toBe(false);
  });
});
