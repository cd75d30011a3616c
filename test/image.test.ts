// Holds the facts of the container image and of the files that build, try and publish it, by reading them: no container
// engine is needed. That the image also builds and runs is what its workflow shows.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}

interface Service {
  readonly build?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
}

const manifest: Manifest = JSON.parse(read('package.json'));
const instructions = instructionsOf(read('Dockerfile'));
/** Of the last stage: what runs. */
const runtime = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const argumentDefaults = Object.fromEntries(all(instructions, 'ARG').map((text) => text.split('=')));
const environment = Object.fromEntries(
  all(runtime, 'ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('='))),
);

describe('Dockerfile', () => {
  test('copies only what is there, and what .dockerignore lets through', () => {
    const ignore = read('.dockerignore').split('\n');
    expect(ignore).toContain('*');
    const sources = all(instructions, 'COPY')
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(/\s+/).slice(0, -1));
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect([source, existsSync(join(root, source))]).toEqual([source, true]);
      expect(ignore).toContain(`!${source.replace(/^\.\//, '')}`);
    }
  });

  test('copies all that the build reads', () => {
    const copied = all(instructions, 'COPY').join(' ').split(/\s+/);
    const named = `${read('scripts/build.mjs')}${read('tsconfig.build.json')}`.match(/tsconfig[\w.]*\.json/g) ?? [];
    expect(copied).toEqual(expect.arrayContaining([...named, 'src', 'scripts']));
  });

  test('its entry point is the program of the package, on the path', () => {
    const [[name, path] = ['', '']] = Object.entries(manifest.bin);
    expect(last(runtime, 'ENTRYPOINT')).toBe(JSON.stringify([name]));
    expect(all(runtime, 'RUN').join('\n')).toContain(`ln -s /opt/mcpo/${path} /usr/local/bin/${name}`);
    expect(all(runtime, 'COPY')).toContain('--from=build /build/dist /opt/mcpo/dist');
  });

  test('runs as a user that is not root, by number, whose home and caches are his', () => {
    const user = Number(last(runtime, 'USER').split(':')[0]);
    expect(user).toBeGreaterThan(0);
    expect(environment['HOME']).toBe('/home/node');
    expect(all(runtime, 'RUN').join('\n')).toMatch(
      new RegExp(`chown -R ${user}:${user} .*${environment['HOME']}$`, 'm'),
    );
    for (const cache of ['npm_config_cache', 'UV_CACHE_DIR']) expect(environment[cache]).toMatch(/^\/home\/node\//);
  });

  test('has node, npx, uv and uvx', () => {
    expect(last(runtime, 'FROM')).toMatch(/^node:/);
    expect(all(runtime, 'COPY')).toContain('--from=uv /uv /uvx /usr/local/bin/');
  });

  test('its Node satisfies engines', () => {
    const minimum = Number(/^>=(\d+)/.exec(manifest.engines.node)?.[1]);
    // A major alone means its newest minor, which is above the minimum's.
    expect(Number(argumentDefaults['NODE_VERSION'])).toBeGreaterThanOrEqual(minimum);
  });

  test('listens where the container can be reached, and its health check asks there', () => {
    expect(environment['MCPO_HOST']).toBe('0.0.0.0');
    expect(last(runtime, 'EXPOSE')).toBe(environment['MCPO_PORT']);
    const check = last(runtime, 'HEALTHCHECK');
    const [node, flag, program]: string[] = JSON.parse(check.slice(check.indexOf('CMD') + 3));
    expect([node, flag]).toEqual(['node', '-e']);
    expect(program).toContain('http://127.0.0.1:${process.env.MCPO_PORT}/healthz');
  });

  test('nothing that it installs depends on the processor, so one build serves all platforms', () => {
    const { packages }: { packages: Record<string, { dev?: boolean; cpu?: string[]; hasInstallScript?: boolean }> } =
      JSON.parse(read('package-lock.json'));
    const native = Object.entries(packages).filter(([, entry]) => entry.cpu ?? entry.hasInstallScript);
    expect(native.filter(([, entry]) => entry.dev !== true).map(([path]) => path)).toEqual([]);
  });
});

describe('compose.yaml', () => {
  const { services }: { services: Readonly<Record<'mcpo' | 'open-webui', Service>> } = parse(read('compose.yaml'));
  const { mcpo } = services;

  test('refuses to start without a key', () => {
    expect(mcpo.build).toBe('.');
    expect(mcpo.environment['MCPO_API_KEY']).toMatch(/^\$\{MCPO_API_KEY:\?.+\}$/);
  });

  test('mounts files that are there', () => {
    const files = mcpo.volumes.map((volume) => volume.split(':')[0] ?? '').filter((file) => file.startsWith('.'));
    expect(files).toContain('./examples/compose.json');
    for (const file of files) expect(statSync(join(root, file)).isFile()).toBe(true);
    const config = last(runtime, 'CMD');
    expect(mcpo.volumes.join('\n')).toContain(`:${(JSON.parse(config) as string[])[1]}:ro`);
  });

  test('opens both on this machine alone', () => {
    for (const { ports } of Object.values(services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    }
    expect(mcpo.ports[0]).toMatch(new RegExp(`:${environment['MCPO_PORT']}$`));
  });

  test('tells Open WebUI where the tools are, with the key', () => {
    const connections = services['open-webui'].environment['TOOL_SERVER_CONNECTIONS'] ?? '';
    expect(JSON.parse(connections)).toMatchObject([
      {
        type: 'openapi',
        url: `http://mcpo:${environment['MCPO_PORT']}`,
        path: 'openapi.json',
        auth_type: 'bearer',
        key: '${MCPO_API_KEY}',
      },
    ]);
  });
});

describe('workflows', () => {
  test('a change is tested on every Node line that is supported, by the same script as anywhere', () => {
    const { jobs } = parse(read('.github/workflows/ci.yaml'));
    expect(jobs.test.strategy.matrix.node).toEqual([20, 22, 24]);
    expect(jobs.test.steps.at(-1).run).toBe('.ci/run');
    expect(statSync(join(root, '.ci/run')).mode & 0o111).toBe(0o111);
  });

  test('a tag publishes the package with provenance and the image for two processors, after the tests', () => {
    const { jobs } = parse(read('.github/workflows/publish.yaml'));
    expect([jobs.npm.needs, jobs.image.needs]).toEqual(['test', 'test']);
    expect(jobs.npm.permissions['id-token']).toBe('write');
    expect(jobs.npm.steps.at(-1).run).toContain('--provenance');
    expect(jobs.image.steps.at(-1).with.platforms).toBe('linux/amd64,linux/arm64');
  });
});

interface Instruction {
  readonly name: string;
  readonly text: string;
}

function instructionsOf(dockerfile: string): Instruction[] {
  return dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = ''] = line.split(' ', 1);
      return { name, text: line.slice(name.length).trim() };
    });
}

function all(list: readonly Instruction[], wanted: string): string[] {
  return list.filter(({ name }) => name === wanted).map(({ text }) => text);
}

function last(list: readonly Instruction[], wanted: string): string {
  return all(list, wanted).at(-1) ?? '';
}
