// OpenAPI documents as bytes: rendered once for each view, kept as long as the view lives, joined with the caller's base
// URL as they go out. Only the base URL differs between callers, so nothing a caller sends can fill the cache; the ETag
// covers it all the same.

import { createHash, randomUUID } from 'node:crypto';
import type { Settings } from '../config/types.ts';
import type { Observe } from '../events.ts';
import { renderDocument, type DocumentView } from '../openapi/document.ts';
import { schemaDegradations } from '../openapi/operation.ts';
import type { ServerOperations } from '../openapi/prepared.ts';
import type { Snapshot } from '../snapshot.ts';

export type DocumentFormat = 'json' | 'yaml';

export interface DocumentBytes {
  readonly body: readonly Buffer[];
  /** Strong, with its quotes. */
  readonly etag: string;
}

export interface Documents {
  find(view: DocumentView, format: DocumentFormat, baseUrl: string): Promise<DocumentBytes>;
}

/** A document with a hole for the base URL. */
interface Parts {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly basePath: string;
  readonly digest: Buffer;
}

interface Entry {
  readonly settings: Settings;
  readonly parts: Map<DocumentFormat, Promise<Parts>>;
}

export function createDocuments(observe: Observe): Documents {
  // Entries go when their view does: with the snapshot that a reload or a new catalogue replaces.
  const cache = new WeakMap<object, Entry>();
  const reported = new WeakSet<ServerOperations>();

  /** What a document cannot say is told once, when the document is first wanted. */
  function report({ server, snapshot }: DocumentView): void {
    for (const { name, operations } of server === undefined ? snapshot.servers.values() : [server]) {
      if (operations === undefined || reported.has(operations)) continue;
      reported.add(operations);
      for (const degradation of schemaDegradations(operations)) {
        observe({ type: 'schema-degraded', server: name, ...degradation });
      }
    }
  }

  function entryOf({ server, snapshot }: DocumentView): Entry {
    const key = server ?? snapshot;
    const { settings } = snapshot.config;
    const known = cache.get(key);
    // A server that a reload left alone keeps its view; what the document says about access may have changed.
    if (known !== undefined && known.settings === settings) return known;
    const entry: Entry = { settings, parts: new Map() };
    cache.set(key, entry);
    return entry;
  }

  return {
    async find(view, format, baseUrl) {
      const { parts } = entryOf(view);
      let pending = parts.get(format);
      if (pending === undefined) {
        pending = renderParts(view, format);
        parts.set(format, pending);
        pending.catch(() => parts.delete(format));
        report(view);
      }
      return join(await pending, baseUrl);
    },
  };
}

/** The text of the document of all servers, or of the only one, as `mcpo openapi` prints it. */
export async function documentText(snapshot: Snapshot, baseUrl: string, format: DocumentFormat): Promise<string> {
  const parts = await renderParts(documentView(snapshot), format);
  return Buffer.concat(join(parts, baseUrl).body).toString('utf8');
}

/** What /openapi.json describes. */
export function documentView(snapshot: Snapshot): DocumentView {
  return { server: snapshot.root, snapshot };
}

function join({ head, tail, basePath, digest }: Parts, baseUrl: string): DocumentBytes {
  const url = Buffer.from(JSON.stringify(`${baseUrl}${basePath}`));
  const etag = createHash('sha256').update(digest).update(url).digest('base64url').slice(0, 22);
  return { body: [head, url, tail], etag: `"${etag}"` };
}

async function renderParts(view: DocumentView, format: DocumentFormat): Promise<Parts> {
  const { head, tail, basePath } = renderDocument(view);
  const [before, after] = format === 'json' ? [head, tail] : await toYaml(head, tail);
  const parts = { head: Buffer.from(before), tail: Buffer.from(after), basePath };
  return { ...parts, digest: createHash('sha256').update(parts.head).update('\0').update(parts.tail).digest() };
}

/** Stands in for the base URL while the document becomes YAML; nothing an upstream wrote can hold it. */
const placeholder = `base-url-${randomUUID()}`;

/** The library is loaded by the first reader who wants YAML: most never do. A JSON string is a YAML scalar too. */
async function toYaml(head: string, tail: string): Promise<[before: string, after: string]> {
  const { stringify } = await import('yaml');
  const document: unknown = JSON.parse(`${head}${JSON.stringify(placeholder)}${tail}`);
  const [before = '', after = ''] = stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }).split(
    placeholder,
  );
  return [before, after];
}
