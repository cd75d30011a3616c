import { describe, expect, it } from 'vitest';
import { type ConfigInput, loadConfig } from '../../../src/config/load.ts';
import type { GivenOptions } from '../../../src/config/options.ts';

function load(command: readonly string[], options: GivenOptions = {}, environment: ConfigInput['environment'] = {}) {
  return loadConfig({ options, environment, command });
}

describe('a command', () => {
  it('is taken word by word, with nothing resolved', async () => {
    const config = await load(['node', '${HOME}', '$${x}', '', '--port', '5'], { env: ['A=${B}'] }, { HOME: '/home' });
    expect(config).toMatchObject({ mode: 'single', file: undefined, hotReload: false, ignoredKeys: [] });
    expect(config.servers).toHaveLength(1);
    expect(config.servers[0]).toMatchObject({ disabled: false, required: true, enabledTools: undefined });
    expect(config.servers[0]?.target).toEqual({
      kind: 'stdio',
      command: 'node',
      args: ['${HOME}', '$${x}', '', '--port', '5'],
      env: { HOME: '/home', A: '${B}' },
      cwd: undefined,
      ownEnv: ['A'],
    });
  });

  it.each([
    [['uvx', 'mcp-server-time', '--local-timezone=America/New_York'], 'mcp-server-time'],
    [['npx', '-y', '@modelcontextprotocol/server-memory@1.2.3'], 'server-memory'],
    [['C:\\Program Files\\nodejs\\npx.cmd', '-y', 'tool'], 'tool'],
    [['python3', '-m', 'my_server'], 'my_server'],
    [['/usr/local/bin/my-server', 'stdio'], 'my-server'],
    [['node', 'dist/index.js'], 'index.js'],
    [['node', '-e', 'process.stdin.resume()'], 'node'],
    [['npx'], 'npx'],
    [['docker', 'run', '-i', 'image'], 'docker'],
  ])('%j is called %s', async (command, name) => {
    expect((await load(command)).servers[0]?.name).toBe(name);
  });

  it('is called as --name says', async () => {
    expect((await load(['x'], { name: 'My tools' })).servers[0]?.name).toBe('My tools');
  });
});

describe('a URL', () => {
  it('is reached as --server-type says, with the headers', async () => {
    const options = { serverType: 'streamable_http', header: ['Authorization: Bearer x', '{"B": "c"}'] };
    const [server] = (await load(['http://127.0.0.1:8002/mcp'], options)).servers;
    expect(server?.name).toBe('127.0.0.1:8002');
    expect(server?.target).toEqual({
      kind: 'streamable-http',
      url: 'http://127.0.0.1:8002/mcp',
      headers: { Authorization: 'Bearer x', B: 'c' },
      tls: undefined,
    });
  });
});

describe('combinations that cannot mean anything', () => {
  const noServer =
    'No server was given: give a command after --, as in "mcpo -- uvx mcp-server-time", or name a file with --config FILE.';
  const cases: readonly (readonly [readonly string[], GivenOptions, string])[] = [
    [[], {}, noServer],
    [['x'], { config: 'a.json' }, '--config and a command after -- cannot be given together; keep one of them.'],
    [['x'], { hotReload: true }, '--hot-reload needs --config FILE, the file to watch.'],
    [
      [],
      { config: 'a.json', header: 'A: b' },
      '--header is for one server from the command line; in a file, write "headers".',
    ],
    [
      [],
      { config: 'a.json', serverType: 'sse' },
      '--server-type is for one server from the command line; in a file, write "type".',
    ],
    [
      ['http://host/mcp'],
      {},
      'The server after -- is a URL; say how to speak to it with --server-type streamable-http or sse.',
    ],
    [
      ['x'],
      { header: 'A: b' },
      '--header needs a remote server (--server-type sse or streamable-http); a command takes --env.',
    ],
    [
      ['x'],
      { serverType: 'sse' },
      '--server-type sse takes one URL after --, which must be a URL that starts with http:// or https://.',
    ],
    [['http://host', 'x'], { serverType: 'sse' }, '--server-type sse takes one URL after --, and nothing else.'],
    [['x'], { serverType: 'pipe' }, '--server-type must be stdio, sse or streamable-http.'],
    [[''], {}, 'The command after -- is empty; name a program.'],
  ];
  it.each(cases)('%j with %j', async (command, options, sentence) => {
    await expect(load(command, options)).rejects.toThrow(sentence);
  });

  it('are told by the variable they come from', async () => {
    await expect(load(['x'], {}, { MCPO_CONFIG: 'a.json' })).rejects.toThrow('MCPO_CONFIG and a command after --');
    await expect(load(['x'], {}, { MCPO_HOT_RELOAD: 'yes' })).rejects.toThrow('MCPO_HOT_RELOAD needs --config FILE');
  });
});
