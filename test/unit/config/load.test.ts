import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();

describe('the file', () => {
  it('is named as it was given, and kept with its absolute path', async () => {
    const path = join(folder, 'given.json');
    const given = relative(process.cwd(), path);
    writeFileSync(path, '{"mcpServers": {}}');
    const config = await loadConfig({ options: { config: given, hotReload: true }, environment: {} });
    expect(config).toMatchObject({ mode: 'many', file: path, hotReload: true, servers: [] });
    writeFileSync(path, '{\n  "mcpServers": 5 }');
    await expect(loadConfig({ options: { config: given }, environment: {} })).rejects.toThrow(
      `${given}:2:17: mcpServers must be an object.`,
    );
  });

  it.each([
    ['none.json', 'does not exist.'],
    ['.', 'is a folder, not a file.'],
    ['none.json/x', 'does not exist.'],
    ['bytes.json', 'is not UTF-8 text; save it with that encoding.'],
  ])('%s', async (name, sentence) => {
    writeFileSync(join(folder, 'bytes.json'), Buffer.from([0x7b, 0xff, 0x7d]));
    const config = join(folder, name);
    const loading = loadConfig({ options: { config }, environment: {} });
    await expect(loading).rejects.toThrow(new ConfigError(`--config ${config} ${sentence}`));
  });

  it.skipIf(process.getuid?.() === 0)('may be one that this user may not read', async () => {
    const config = join(folder, 'private.json');
    writeFileSync(config, '{}');
    chmodSync(config, 0);
    await expect(loadConfig({ options: {}, environment: { MCPO_CONFIG: config } })).rejects.toThrow(
      `MCPO_CONFIG ${config} may not be read by this user.`,
    );
  });

  it('gives servers in its own order', async () => {
    const path = join(folder, 'order.json');
    const names = ['z', '10', 'a', '9'];
    writeFileSync(path, `{"mcpServers": {${names.map((name) => `"${name}": {"command": "x"}`).join(',')}}}`);
    const { servers } = await loadConfig({ options: { config: path }, environment: {} });
    expect(servers.map((server) => server.name)).toEqual(names);
  });

  it('is read and nothing else', async () => {
    const inner = join(folder, 'pure');
    mkdirSync(inner);
    const environment = Object.freeze({ TOKEN: 'x' });
    const content = { mcpServers: { a: { command: 'touch', args: [join(inner, 'started')] } } };
    const before = { ...process.env };
    await loadFile(inner, content, { environment });
    expect(readdirSync(inner)).toEqual(['config.json']);
    expect({ ...process.env }).toEqual(before);
  });

  it('may say that it is watched; a flag beats it', async () => {
    const content = { mcpServers: {}, mcpo: { hotReload: true } };
    expect((await loadFile(folder, content)).hotReload).toBe(true);
    expect((await loadFile(folder, content, { options: { hotReload: false } })).hotReload).toBe(false);
  });

  it('gives equal configurations for equal bytes', async () => {
    const content = { mcpServers: { a: { command: 'x' }, b: { url: 'http://host' } } };
    expect(await loadFile(folder, content)).toEqual(await loadFile(folder, content));
  });
});

describe('the files that it names', () => {
  it('are looked for beside it', async () => {
    mkdirSync(join(folder, 'beside'));
    writeFileSync(join(folder, 'beside', 'token'), 'from-file\n');
    const content = {
      mcpServers: { a: { url: 'http://host', headers: { A: '${file:token}' } }, b: { command: 'x', cwd: 'work' } },
    };
    const [a, b] = (await loadFile(join(folder, 'beside'), content)).servers;
    expect(a?.target).toMatchObject({ headers: { A: 'from-file' } });
    expect(b?.target).toMatchObject({ cwd: join(folder, 'beside', 'work') });
  });
});

describe('variables', () => {
  const path = join(folder, 'shared.env');
  writeFileSync(path, '\uFEFF# comment\r\nA=file\r\nexport B="file b"\r\nMCPO_API_KEY=not-for-us\r\n');

  it('of --env beat those of --env-path, which beat the environment, for references and children', async () => {
    const content = { mcpServers: { a: { command: '${A}-${B}-${C}', env: { D: 'own' } } } };
    const input = { options: { envPath: path, env: ['B=flag'] }, environment: { A: 'x', B: 'x', C: 'x', D: 'x' } };
    const config = await loadFile(folder, content, input);
    expect(config.servers[0]?.target).toMatchObject({
      command: 'file-flag-x',
      env: { A: 'file', B: 'flag', C: 'x', D: 'own' },
      ownEnv: ['A', 'B', 'D'],
    });
    expect(config.settings.apiKey).toBeUndefined();
  });

  it('of the proxy never reach a child, though a reference may name them', async () => {
    const environment = { MCPO_API_KEY: 's3cret', MCPO_SECRET_KEY: 's3cret', PATH: '/bin' };
    const content = { mcpServers: { a: { command: 'x', env: { KEY: '${MCPO_API_KEY}' }, inheritEnv: ['MCPO_*'] } } };
    const config = await loadFile(folder, content, { environment, options: { envPath: path } });
    expect(config.servers[0]?.target).toHaveProperty('env', { PATH: '/bin', A: 'file', B: 'file b', KEY: 's3cret' });
  });

  it.each([
    ['A=1\n# B=2', { A: '1' }],
    ['#B=2', {}],
    ['A=1\n\n  \n\tB = 2 # c\n', { A: '1', B: '2' }],
    ['A="x\\ny\nz" # c\nB=\'x\\n#\'\nC=`"`', { A: 'x\ny\nz', B: 'x\\n#', C: '"' }],
    ['A="open\nB=a=b\nC=', { A: '"open', B: 'a=b', C: '' }],
    ['A=1\nA=2\n', { A: '2' }],
  ])('of the file %j', async (text, expected) => {
    const envPath = join(folder, 'some.env');
    writeFileSync(envPath, text);
    const config = await loadFile(folder, { mcpServers: { a: { command: 'x' } } }, { options: { envPath } });
    expect(config.servers[0]?.target).toHaveProperty('env', expected);
  });

  it('of a file that is missing or odd are refused', async () => {
    const odd = join(folder, 'odd.env');
    writeFileSync(odd, 's3cret value\nA=1\n');
    await expect(loadFile(folder, { mcpServers: {} }, { options: { envPath: odd } })).rejects.toThrow(
      `--env-path ${odd}:1:1 is no line of the form KEY=VALUE.`,
    );
    writeFileSync(odd, '# B\n\nA="1\n2" # c\n a b=s3cret\n');
    await expect(loadFile(folder, { mcpServers: {} }, { options: { envPath: odd } })).rejects.toThrow(
      `--env-path ${odd}:5:1 holds a name that no variable can have`,
    );
    await expect(loadFile(folder, { mcpServers: {} }, { options: { envPath: `${odd}.none` } })).rejects.toThrow(
      `--env-path ${odd}.none does not exist.`,
    );
  });
});

describe('servers of a library user', () => {
  it('follow the rules of a file, without places', async () => {
    const load = (mcpServers: Record<string, unknown>) =>
      loadConfig({ options: {}, environment: { URL: 'http://host/mcp' }, mcpServers });
    const config = await load({ a: { url: '${URL}', disabled: undefined, icon: 'x' } });
    expect(config).toMatchObject({ mode: 'many', file: undefined, ignoredKeys: [{ server: 'a', key: 'icon' }] });
    expect(config.servers[0]?.target).toMatchObject({ kind: 'auto', url: 'http://host/mcp' });
    await expect(load({ a: { comand: 'x' } })).rejects.toThrow(
      new ConfigError('mcpServers.a.comand is unknown. Did you mean "command"?'),
    );
    await expect(load({ docs: { command: 'x' } })).rejects.toThrow(/^mcpServers\.docs has a name/);
    const circular: Record<string, unknown> = {};
    circular['a'] = circular;
    await expect(load(circular)).rejects.toThrow('mcpServers must be plain data, as in a configuration file.');
  });

  it('stand alone', async () => {
    const input = { options: {}, environment: {}, mcpServers: {} };
    await expect(loadConfig({ ...input, command: ['x'] })).rejects.toThrow('Servers are given twice');
    await expect(loadConfig({ ...input, options: { config: 'x' } })).rejects.toThrow('Servers are given twice');
  });
});
