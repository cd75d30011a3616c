// The files that pages refer to, by the name that follows `/assets/` in their address, with their media types.
// A list, not a folder: nothing else can be asked for, and no path is ever made of a request. Built, they lie beside this
// module; run from the sources, Swagger UI's files come from its own package.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export interface Asset {
  readonly contentType: string;
  /** Where its bytes are. */
  readonly file: URL;
}

const contentTypes = {
  'frame.css': 'text/css; charset=utf-8',
  'content.css': 'text/css; charset=utf-8',
  'docs.css': 'text/css; charset=utf-8',
  'copy.js': 'text/javascript; charset=utf-8',
  'docs.js': 'text/javascript; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
  'swagger-ui/swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui/swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui/LICENSE': 'text/plain; charset=utf-8',
  'swagger-ui/NOTICE': 'text/plain; charset=utf-8',
} as const;

/** `frame.css`, `swagger-ui/swagger-ui.css`, ... */
export const assets: ReadonlyMap<string, Asset> = new Map(
  Object.entries(contentTypes).map(([name, contentType]) => [name, { contentType, file: locate(name) }]),
);

function locate(name: string): URL {
  const beside = new URL(`./assets/${name}`, import.meta.url);
  if (existsSync(beside) || !name.startsWith('swagger-ui/')) return beside;
  const manifest = createRequire(import.meta.url).resolve('swagger-ui-dist/package.json');
  return new URL(name.slice('swagger-ui/'.length), pathToFileURL(manifest));
}
