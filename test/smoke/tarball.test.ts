// The package as its users get it: packed, installed in an empty project without development dependencies, then run
// through npx, through its bin and as a library. The dependencies are the locked ones, so that the cache that `npm ci`
// filled is enough and no network is needed. Needs dist; `npm test` builds it first.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const echo = join(root, 'test/fixtures/servers/echo.mjs');
const installTimeoutMs = 180_000;

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

describe('the packed package', () => {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const project = mkdtempSync(join(tmpdir(), 'mcpo-smoke-'));
  let packed: Packed;

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/cli.js'))) throw new Error('dist is missing: run `npm run build` first.');
    // Without scripts: packing would build again, under the feet of the other tests.
    const { stdout } = await npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', project);
    const [first]: Packed[] = JSON.parse(stdout);
    if (first === undefined) throw new Error('npm pack made nothing.');
    packed = first;
    writeProject(project, manifest, packed);
    await npm(project, 'ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund');
  }, installTimeoutMs);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test('holds what it needs and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    const expected = ['dist/cli.js', 'dist/index.js', 'dist/types/index.d.ts', 'LICENSE', 'README.md', 'CHANGELOG.md'];
    expect(paths).toEqual(
      expect.arrayContaining([...expected, 'config.schema.json', 'package.json', 'docs/open-webui.md']),
    );
    expect(paths).toContain('dist/assets/swagger-ui/swagger-ui-bundle.js');
    const allowed =
      /^(dist\/.*\.(js|d\.ts|css|png|svg)|docs\/[\w-]+\.md|dist\/.*\/(\S+\.LICENSE\.txt|LICENSE|NOTICE)|[A-Z]+(\.md)?|[\w.]+\.json)$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
    expect(paths.filter((path) => /test|fixture|bench|\.map$|\.env|\.npmrc/i.test(path))).toEqual([]);
    expect((packed.files.find(({ path }) => path === 'dist/cli.js')?.mode ?? 0) & 0o111).toBe(0o111);
  });

  test('npx mcpo version', async () => {
    const { stdout } = await npm(project, 'exec', '--no', '--', 'mcpo', 'version');
    expect(stdout).toContain(manifest.version);
  });

  test('serves a stdio server', async () => {
    const bin = join(project, 'node_modules/.bin/mcpo');
    const child = spawn(bin, ['--port', '0', '--', process.execPath, echo], { cwd: project });
    try {
      const url = await listening(child);
      const answer = await callUntilReady(`${url}/echo`, '{"message":"9007199254740993","n":9007199254740993}');
      expect(answer).toEqual({ status: 200, body: '{"message":"9007199254740993","n":9007199254740993}' });
    } finally {
      await end(child);
    }
    expect(child.exitCode).toBe(0);
  });

  test('every file finds what it imports', async () => {
    const program = `
      import { readdirSync } from 'node:fs';
      const files = readdirSync('node_modules/mcpo/dist').filter((file) => file.endsWith('.js') && file !== 'cli.js');
      for (const file of files) await import(process.cwd() + '/node_modules/mcpo/dist/' + file);
      process.stdout.write(String(files.length));
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: project });
    expect(Number(stdout)).toBeGreaterThan(10);
  });

  test('is a library', async () => {
    const program = `
      import { start } from 'mcpo';
      const app = await start({ port: 0, command: [process.execPath, ${JSON.stringify(echo)}] });
      await app.settled;
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(app.url + '/add', { method: 'POST', headers, body: '{"a":40,"b":2}' });
      process.stdout.write(JSON.stringify({ url: app.url, answer: await answer.json() }));
      await app.close();
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: project });
    expect(JSON.parse(stdout)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      answer: 42,
    });
  });
});

/** A project that depends on the tarball alone, locked to what this repository is locked to. */
function writeProject(project: string, { version, bin, dependencies, engines }: Manifest, packed: Packed): void {
  const lock: Lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const locked = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && entry.dev !== true);
  const own = { name: 'smoke', version: '1.0.0', dependencies: { mcpo: `file:${packed.filename}` } };
  const mcpo = {
    version,
    resolved: `file:${packed.filename}`,
    integrity: packed.integrity,
    bin,
    dependencies,
    engines,
  };
  const packages = { '': own, 'node_modules/mcpo': mcpo, ...Object.fromEntries(locked) };
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...own, private: true }));
  writeFileSync(
    join(project, 'package-lock.json'),
    JSON.stringify({
      name: 'smoke',
      version: '1.0.0',
      lockfileVersion: lock.lockfileVersion,
      requires: true,
      packages,
    }),
  );
}

function npm(cwd: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 });
}

/** The address in the `listening` line of the log. */
function listening(child: ChildProcess): Promise<string> {
  const { stderr } = child;
  if (stderr === null) throw new Error('There is no stderr to read.');
  return new Promise((resolve, reject) => {
    const seen: string[] = [];
    createInterface({ input: stderr })
      .on('line', (line) => {
        seen.push(line);
        if (!line.startsWith('{')) return;
        const event: { url?: unknown } = JSON.parse(line);
        if (typeof event.url === 'string') resolve(event.url);
      })
      .on('close', () => reject(new Error(`It ended without listening:\n${seen.join('\n')}`)));
  });
}

async function callUntilReady(url: string, body: string): Promise<{ status: number; body: string }> {
  for (;;) {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = { status: response.status, body: await response.text() };
    if (answer.status !== 503) return answer;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
