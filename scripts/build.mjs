// Builds dist/ from src/: TypeScript by tsc, the docs page's files copied from swagger-ui-dist.
// dist mirrors src; nothing is bundled. `npm start`, `npm test`, `npm run bench` and `npm pack` all come through here.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const out = join(root, 'dist');

rmSync(out, { recursive: true, force: true });
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
chmodSync(join(out, 'cli.js'), 0o755);

const swagger = dirname(require.resolve('swagger-ui-dist/package.json'));
const assets = join(out, 'server', 'pages', 'assets');
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
if (existsSync(own)) {
  for (const file of readdirSync(own)) copyFileSync(join(own, file), join(assets, file));
}
