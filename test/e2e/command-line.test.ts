// The promise: what is typed is understood or refused with one sentence and the right exit code, everything after `--`
// is the server's, nothing secret is shown, and the program ends in good order when it is told to.
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { options, variablesOf, type OptionDefinition } from '../../src/config/options.ts';
import { alive, fixture, until } from '../support.ts';
import { cleanEnvironment, folderWith, runProgram } from './program.ts';
import { cli, post, startProxy } from './proxy.ts';

const echo = [process.execPath, fixture('echo')];
const servers = (entries: object): string => JSON.stringify({ mcpServers: entries });
const oneServer = servers({ a: { command: echo[0], args: echo.slice(1) } });

/** Its sentence; it has to be the one line on stderr, with nothing on stdout and exit code 2. */
async function refusalOf(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(args, env);
  expect(stderr).toMatch(/^mcpo: [^\n]+\n$/);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  return stderr;
}

describe('flags that cannot be understood', () => {
  test.each<[args: string[], sentence: RegExp]>([
    [['--prot', '80', '--', 'x'], /"--prot".*Did you mean "--port"\?/],
    [['-v'], /--version .*"mcpo version"/],
    [['npx', '-y', 'server'], /mcpo \[options\] -- npx/],
    [['--port', 'eighty', '--', 'x'], /--port/],
    [['--port', '70000', '--', 'x'], /--port/],
    [['--log-level', 'loud', '--', 'x'], /--log-level/],
    [['--max-body', 'much', '--', 'x'], /--max-body/],
    [['--call-timeout', '-1', '--', 'x'], /--call-timeout/],
    [['--public-url', 'tools.example', '--', 'x'], /--public-url/],
    [['--env', 'NOVALUE', '--', 'x'], /--env/],
    [['--api-key', '', '--', 'x'], /--api-key/],
    [['--api-key-file', '/nowhere/key', '--', 'x'], /--api-key-file.*\/nowhere\/key|\/nowhere\/key/],
    [['--ssl-certfile', 'cert.pem', '--', 'x'], /--ssl-keyfile/],
    [['--ssl-keyfile', 'key.pem', '--', 'x'], /--ssl-certfile/],
    [['--hot-reload', '--', 'x'], /--hot-reload.*--config/],
    [['--server-type', 'carrier-pigeon', '--', 'x'], /--server-type/],
    [['--server-type', 'sse', '--', 'no url'], /URL/i],
    [['--server-type', 'sse', '--header', '[1]', '--', 'http://127.0.0.1:1/sse'], /--header/],
    [['--server-type', 'sse', '--header', '{"A": ', '--', 'http://127.0.0.1:1/sse'], /--header/],
    [['--config', 'a.json', '--', 'x'], /--config/],
    [['--'], /--/],
    [[], /--config/],
    [['check'], /--config/],
  ])('%j', async (args, sentence) => {
    expect(await refusalOf(args)).toMatch(sentence);
  });

  test('a variable is named as the variable', async () => {
    expect(await refusalOf(['--', 'x'], { MCPO_PORT: 'eighty' })).toMatch(/MCPO_PORT/);
    expect(await refusalOf(['--', 'x'], { CONNECTION_TIMEOUT: 'soon' })).toMatch(/CONNECTION_TIMEOUT/);
  });

  test('a value is never quoted', async () => {
    const { stderr } = await runProgram(['--header', '{"Authorization": "s3cret"', '--', 'http://127.0.0.1:1/']);
    expect(stderr).not.toContain('s3cret');
  });

  test('a certificate and the key of another', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const path = folderWith({
      'cert.pem': certificate,
      'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    });
    const args = ['--ssl-certfile', path('cert.pem'), '--ssl-keyfile', path('key.pem'), '--', ...echo];
    expect(await refusalOf(args)).toMatch(/cert\.pem|key\.pem|--ssl-/);
  });
});

describe('files that cannot be understood', () => {
  test.each<[title: string, text: string, sentence: RegExp]>([
    ['empty', '', /config\.json/],
    ['an array', '[]', /config\.json.*object/],
    ['broken', '{\n  "mcpServers": {\n    "a": {"command" "x"}\n  }\n}', /config\.json:3:\d+/],
    ['an unknown key', servers({ a: { comand: 'x' } }), /config\.json:1:\d+.*"command"/],
    ['a missing variable', servers({ a: { command: 'x', env: { K: '${NOT_SET_ANYWHERE}' } } }), /NOT_SET_ANYWHERE/],
    ['a reserved name', servers({ docs: { command: 'x' } }), /docs/],
    ['a name with a slash', servers({ 'a/b': { command: 'x' } }), /a\/b/],
    ['a name twice', '{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}', /mcpServers\.a/],
    ['a url that is none', servers({ a: { url: 'nonsense' } }), /url/i],
    ['both command and url', servers({ a: { command: 'x', url: 'http://127.0.0.1:1' } }), /command.*url|url.*command/],
    [
      'a key of a later version',
      servers({ a: { url: 'http://127.0.0.1:1', oauth: { storage_type: 'redis' } } }),
      /redis.*not supported yet/,
    ],
  ])('%s', async (_title, text, sentence) => {
    const path = folderWith({ 'config.json': text });
    expect(await refusalOf(['--config', path('config.json')])).toMatch(sentence);
    expect(await refusalOf(['check', '--config', path('config.json')])).toMatch(sentence);
  });

  test('absent, or a folder', async () => {
    const path = folderWith({});
    expect(await refusalOf(['--config', path('absent.json')])).toMatch(/absent\.json/);
    expect(await refusalOf(['--config', dirname(path('x'))])).toMatch(/--config|director|folder/);
  });
});

describe('a start that fails', () => {
  test('a port in use is exit code 1, and no server was started', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await until(() => taken.listening);
    const { port } = taken.address() as AddressInfo;
    const path = folderWith({});
    const mark = ['-e', `require("fs").writeFileSync(${JSON.stringify(path('started'))}, "")`];
    const ended = await runProgram(['--port', `${port}`, '--', process.execPath, ...mark]);
    expect(ended.stderr).toMatch(new RegExp(`^mcpo: [^\\n]*${port}[^\\n]*\\n$`));
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(path('started'))).toBe(false);
  });

  test.each<[title: string, command: string[], sentence: RegExp]>([
    ['does not exist', ['no-such-command-anywhere'], /no-such-command-anywhere/],
    ['ends at once', [process.execPath, fixture('exits-at-once')], /KETTLE_TOKEN is not set/],
  ])('the only server %s: exit code 1 and one sentence', async (_title, command, sentence) => {
    const ended = await runProgram(['--port', '0', '--', ...command]);
    expect(ended.stderr).toMatch(/^mcpo: [^\n]+\n$/);
    expect(ended.stderr).toMatch(sentence);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
  });

  test('the only server stays silent for longer than the connection timeout', async () => {
    const silent = [process.execPath, fixture('never-initialises')];
    const ended = await runProgram(['--port', '0', '--connection-timeout', '0.5', '--', ...silent]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^mcpo: [^\n]+\n$/);
  });
});

test("everything after -- reaches the server's command untouched", async () => {
  const path = folderWith({});
  const program = `require("fs").writeFileSync(${JSON.stringify(path('argv'))}, JSON.stringify(process.argv.slice(1)))`;
  const words = ['--port', '1', '--', '--help', '-v', 'two words', '', '$HOME', '*'];
  await runProgram(['--port', '0', '--', process.execPath, '-e', program, '--', ...words]);
  expect(JSON.parse(readFileSync(path('argv'), 'utf8'))).toEqual(words);
});

describe('commands that print', () => {
  test('version', async () => {
    const manifest = JSON.parse(readFileSync(join(dirname(cli), '..', 'package.json'), 'utf8')) as { version: string };
    expect(await runProgram(['version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('help names every flag, its short form and how to write the variables', async () => {
    const { code, stdout, stderr } = await runProgram(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const option of options as readonly OptionDefinition[]) {
      for (const flag of [option.flag, option.short, ...(option.aliases ?? [])]) expect(stdout).toContain(flag ?? '');
    }
    for (const variable of stdout.match(/MCPO_[A-Z_]+/g) ?? []) {
      const known = (options as readonly OptionDefinition[]).flatMap((option) => variablesOf(option));
      expect(['MCPO_', ...known]).toContain(variable);
    }
  });

  test('help, version and mistakes load none of the large libraries', () => {
    const loaded = packagesImportedBy(cli);
    expect(loaded).toContain('commander');
    expect(loaded.filter((name) => !name.startsWith('node:'))).toEqual(['commander']);
  });

  test('check masks what is secret', async () => {
    const path = folderWith({
      'config.json': servers({
        local: { command: 'x', env: { TOKEN: 's3cret-1' } },
        remote: { url: 'https://user:s3cret-2@host.example/mcp?key=s3cret-3', headers: { Authorization: 's3cret-4' } },
      }),
    });
    const ended = await runProgram(['check', '--config', path('config.json'), '--api-key', 's3cret-5']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain('TOKEN');
    expect(ended.stdout).toContain('host.example');
    expect(ended.stdout).not.toContain('s3cret');
  });

  test('openapi of one server', async () => {
    const ended = await runProgram(['openapi', '--port', '8123', '--path-prefix', '/api', '--', ...echo]);
    expect(ended.code).toBe(0);
    const document = JSON.parse(ended.stdout) as { servers: { url: string }[]; paths: object };
    expect(document.servers).toEqual([{ url: 'http://127.0.0.1:8123/api' }]);
    expect(document.paths).toHaveProperty(['/echo', 'post']);
  });

  test('openapi of many servers goes on without the dead one and says so on stderr', async () => {
    const path = folderWith({
      'config.json': servers({ a: { command: echo[0], args: echo.slice(1) }, dead: { command: 'no-such-command' } }),
    });
    const ended = await runProgram(['openapi', '--config', path('config.json'), '--public-url', 'https://t.example/x']);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('no-such-command');
    const document = JSON.parse(ended.stdout) as { servers: { url: string }[]; paths: object };
    expect(document.servers).toEqual([{ url: 'https://t.example/x' }]);
    expect(Object.keys(document.paths)).toContain('/a/echo');
    expect(Object.keys(document.paths).filter((path_) => path_.startsWith('/dead'))).toEqual([]);
  });

  test('openapi of a dead server is exit code 1 and prints no document', async () => {
    const ended = await runProgram(['openapi', '--', 'no-such-command-anywhere']);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^mcpo: [^\n]*no-such-command-anywhere[^\n]*\n$/);
  });
});

/** Bare specifiers of the static imports of a built file, and of the files that it imports statically. */
function packagesImportedBy(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b(?:[^'";(]*\bfrom)?\s*['"]([^'"]+)['"]/gm);
  const found = [...imports].flatMap(([, specifier = '']) =>
    specifier.startsWith('.') ? packagesImportedBy(join(dirname(file), specifier), seen) : [specifier],
  );
  return [...new Set(found)];
}

describe('a running program', () => {
  test.skipIf(process.platform !== 'linux')('a key given as a flag is not in the process list', async () => {
    const { child } = await startProxy(['--port', '0', '--api-key', 's3cret-key', '--', ...echo]);
    const commandLine = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
    expect(commandLine).toMatch(/^mcpo\0*$/);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it in good order with exit code 0', async (signal) => {
    const { child, log, exited } = await startProxy(['--port', '0', '--', ...echo]);
    child.kill(signal);
    expect(await exited).toBe(0);
    expect(log.map((line) => line.type)).toEqual(expect.arrayContaining(['stopping', 'stopped']));
  });

  test('a second signal ends it at once', async () => {
    const stubborn = [process.execPath, fixture('ignores-eof-and-sigterm')];
    const proxy = await startProxy(['--port', '0', '--', ...stubborn]);
    await proxy.line((each) => each.type === 'settled');
    proxy.child.kill('SIGTERM');
    await proxy.line((each) => each.type === 'stopping');
    proxy.child.kill('SIGTERM');
    expect(await proxy.exited).toBe(143);
  });

  test('SIGHUP reloads without --hot-reload, and the level of the log is that of the file', async () => {
    const path = folderWith({ 'config.json': oneServer });
    const proxy = await startProxy(['--port', '0', '--config', path('config.json')]);
    await proxy.line((each) => each.type === 'settled');
    const next = { mcpServers: { b: { command: echo[0], args: echo.slice(1) } }, mcpo: { logLevel: 'warning' } };
    writeFileSync(path('config.json'), JSON.stringify(next));
    proxy.child.kill('SIGHUP');
    const reload = await proxy.line((each) => each.type === 'reload');
    expect(reload).toMatchObject({ outcome: 'applied', added: ['b'], removed: ['a'] });
    writeFileSync(path('config.json'), '{');
    proxy.child.kill('SIGHUP');
    await proxy.line((each) => each['outcome'] === 'refused');
    expect(proxy.log.slice(proxy.log.indexOf(reload) + 1).map((each) => each['level'])).not.toContain('info');
  });

  test('goes on when nobody reads its output any more', async () => {
    const proxy = await startProxy(['--port', '0', '--log-level', 'debug', '--', ...echo]);
    const { child, url } = proxy;
    await proxy.line((each) => each.type === 'settled');
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (const _ of [1, 2, 3]) {
      expect(await post(`${url}/say`, { text: 'still here' })).toMatchObject({ status: 200, body: 'still here' });
    }
    expect(child.exitCode).toBeNull();
  });

  test('every log line is an object with level, time, type and sentence; calls only at debug', async () => {
    const proxy = await startProxy(['--port', '0', '--log-level', 'DEBUG', '--', ...echo]);
    const { log, url } = proxy;
    await proxy.line((each) => each.type === 'settled');
    await post(`${url}/say`, { text: 's3cret' });
    expect(await proxy.line((each) => each.type === 'call')).toMatchObject({ level: 'debug', tool: 'say', code: 'ok' });
    for (const each of log) {
      expect(each).toMatchObject({ level: expect.any(String), time: expect.any(String), msg: expect.any(String) });
    }
    expect(JSON.stringify(log)).not.toContain('s3cret');
    expect(log.find((each) => each.type === 'listening')).toMatchObject({ url, docs: `${url}/docs` });
  });
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** What a shell makes of a line that was copied. */
function answerOf(line: string, env: Readonly<Record<string, string>> = {}): unknown {
  const { stdout } = spawnSync('sh', ['-c', line], { env: cleanEnvironment(env), encoding: 'utf8' });
  return JSON.parse(stdout);
}

test.skipIf(!hasCurl)('the line to try works as it stands, with the key in its variable', async () => {
  const path = folderWith({ 'config.json': oneServer });
  const args = ['--port', '0', '--api-key', 's3cret-key', '--config', path('config.json')];
  const proxy = await startProxy(args);
  const settled = await proxy.line((each) => each.type === 'settled');
  const line = String(settled['try']);
  expect(line).toContain('curl');
  expect(JSON.stringify(line)).not.toContain('\\');
  expect(JSON.stringify(proxy.log)).not.toContain('s3cret');
  expect(answerOf(line, { MCPO_API_KEY: 's3cret-key' })).toEqual({});
  expect(answerOf(line, { MCPO_API_KEY: 'wrong' })).toMatchObject({ status: 403 });
});

interface Terminal {
  readonly pid: number;
  readonly screen: () => string;
  /** Closes the terminal's window. */
  readonly hangUp: () => void;
}

/** Runs the program on a pseudo-terminal, which `script` of util-linux provides. */
async function onTerminal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  const command = `exec ${[process.execPath, cli, ...args].map((word) => `'${word}'`).join(' ')}`;
  const script = spawn('script', ['-qec', command, '/dev/null'], { env: cleanEnvironment(env), stdio: 'pipe' });
  let screen = '';
  script.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const children = `/proc/${script.pid}/task/${script.pid}/children`;
  await until(() => readFileSync(children, 'utf8').trim() !== '');
  const pid = Number(readFileSync(children, 'utf8').trim());
  onTestFinished(() => {
    if (script.exitCode === null) script.kill('SIGKILL');
  });
  return { pid, screen: () => screen.replaceAll('\r\n', '\n'), hangUp: () => void script.kill('SIGKILL') };
}

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

describe.skipIf(!hasScript)('on a terminal', () => {
  const config = (): string => {
    const entries = { a: { command: echo[0], args: echo.slice(1) }, dead: { command: 'no-such-command' } };
    return folderWith({ 'config.json': servers(entries) })('config.json');
  };

  test('the start message has a line for each server and ends with a line that works', async () => {
    const { screen } = await onTerminal(['--port', '0', '--config', config()], { NO_COLOR: '1' });
    const line = await until(() => /^ +Try +(curl .+)$/m.exec(screen())?.[1]);
    expect(screen()).toMatch(/✓ a +\d+ tools +\d/);
    expect(screen()).toMatch(/✗ dead +command not found: no-such-command/);
    expect(screen()).not.toContain('\u001B');
    expect(screen()).not.toContain('{"level"');
    expect(hasCurl ? answerOf(line) : {}).toEqual({});
  });

  test('has colours where they are not refused', async () => {
    const { screen } = await onTerminal(['--port', '0', '--config', config()], { TERM: 'xterm-256color' });
    await until(() => screen().includes('curl '));
    expect(screen()).toContain('\u001B[32m✓');
  });

  test('SIGHUP from a person reloads, the one of a closed terminal ends', async () => {
    const { pid, screen, hangUp } = await onTerminal(['--port', '0', '--config', config()], { NO_COLOR: '1' });
    await until(() => screen().includes('curl '));
    process.kill(pid, 'SIGHUP');
    await until(() => screen().includes('Reload unchanged'));
    expect(await alive(pid)).toBe(true);
    hangUp();
    await until(async () => !(await alive(pid)));
  });
});

/** Self-signed, for no key that exists. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUbUGATlnhcZok+qBUY8NF29+PklIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIyNDMwMloYDzIxMjYxMDI5
MjI0MzAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS1nGR92T+PKIS7I5VJIw6ZObzk4aWpAIJu0EMPP/Vw+KLgKbN9LyAp
ktqipHPb7ZbphTPegLBbnS0zk7bEszk6o1MwUTAdBgNVHQ4EFgQUHcxi8dQLSl/3
lOf8MyTEBWPcEzowHwYDVR0jBBgwFoAUHcxi8dQLSl/3lOf8MyTEBWPcEzowDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBAPEEX4ROyop779Yd6N0Rf
wpB+D+KljxMZpt0AO2CaSgIhAJpGOp71oA3YVl/qu3BmtoHEDvVbsryXA6IAsfCp
jOeH
-----END CERTIFICATE-----
`;
