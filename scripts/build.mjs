// Builds dist/ from src/: the modules in a few files by rolldown, the types by tsc, the docs page's files copied from
// swagger-ui-dist. Packages that are installed with it stay outside; nothing is minified, so that stacks can be read.
// `npm start`, `npm test`, `npm run bench` and `npm pack` all come through here.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const out = join(root, 'dist');
const packages = Object.keys(require('../package.json').dependencies);

/**
 * What is loaded together lies together, with all that it imports: 160 files cost 50 ms more of every start than four.
 * Whatever else is loaded on demand is a file of its own. Of two groups that want a module the first has it.
 */
const groups = [
  // Help, version and mistakes.
  { name: 'words', modules: ['command-line/parse', 'telemetry/printable', 'errors', 'version'] },
  // What a call's body and result need, on either thread.
  { name: 'judge', modules: ['openapi/judge', 'openapi/response'] },
  // Up to the moment when the address is bound and the children start.
  {
    name: 'start',
    modules: [
      'app',
      'command-line/control',
      'command-line/control-places',
      'config/load',
      'config/tracing',
      'mcp/initialise',
      'mcp/transports/stdio',
      'telemetry/logs',
      'telemetry/metrics',
      'telemetry/report',
      'telemetry/start-message',
    ],
  },
  { name: 'requests', modules: ['server/router'] },
];

rmSync(out, { recursive: true, force: true });
await bundle();
declareTypes();
copyAssets();

async function bundle() {
  const bundled = await rolldown({
    cwd: root,
    input: { cli: source('cli'), index: source('index'), worker: source('server/long/worker') },
    platform: 'node',
    external: (name) => packages.some((each) => name === each || name.startsWith(`${each}/`)),
  });
  await bundled.write({
    dir: out,
    chunkFileNames: '[name].js',
    codeSplitting: {
      groups: groups.map(({ name, modules }, index) => ({
        name,
        test: (file) => modules.some((module) => file === source(module)),
        priority: groups.length - index,
      })),
    },
  });
  await bundled.close();
  chmodSync(join(out, 'cli.js'), 0o755);
}

function source(module) {
  return join(root, 'src', `${module}.ts`);
}

function declareTypes() {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
}

/** Beside the modules, as src/server/pages/assets.ts looks for them. */
function copyAssets() {
  const swagger = dirname(require.resolve('swagger-ui-dist/package.json'));
  const assets = join(out, 'assets');
  mkdirSync(join(assets, 'swagger-ui'), { recursive: true });
  for (const file of [
    'swagger-ui-bundle.js',
    'swagger-ui-bundle.js.LICENSE.txt',
    'swagger-ui.css',
    'LICENSE',
    'NOTICE',
  ]) {
    copyFileSync(join(swagger, file), join(assets, 'swagger-ui', file));
  }
  const own = join(root, 'src', 'server', 'pages', 'assets');
  for (const file of readdirSync(own)) copyFileSync(join(own, file), join(assets, file));
}
