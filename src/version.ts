// The version of this package, read from its own package.json: the same file next to src/ and to dist/. Nothing else is
// read from it.

import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

export const version: string = manifest.version;
