// Writes config.schema.json from the program's own schema; a test fails while it is stale.
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = new URL('../', import.meta.url);
// dist/ holds no file for this one module, and Node 20 reads no TypeScript. Inside the folder, so that packages are found.
const made = new URL('config-schema.made.mjs', root);

const bundled = await rolldown({
  input: fileURLToPath(new URL('src/config/json-schema.ts', root)),
  platform: 'node',
  external: /^[^./]/,
});
try {
  await bundled.write({ file: fileURLToPath(made) });
  const { configJsonSchema } = await import(made.href);
  writeFileSync(new URL('config.schema.json', root), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
} finally {
  await bundled.close();
  rmSync(made, { force: true });
}
