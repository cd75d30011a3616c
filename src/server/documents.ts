// OpenAPI documents as bytes: rendered once for each view and form, kept as long as the view lives, joined with the
// caller's base URL as they go out. Only the base URL differs between callers, so nothing a caller sends can fill the
// cache; the ETag covers it all the same. Rendering rests between tools, so that calls do not wait for a document. The first
// few base URLs get compressed bytes too, made once; who invents more of them costs nothing.

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Settings } from '../config/types.ts';
import type { Observe } from '../events.ts';
import type { DocumentFormat, DocumentRequest, DocumentView } from '../openapi/document.ts';
import type { DocumentForm } from '../openapi/form.ts';
import type { Operation } from '../openapi/prepared.ts';
import type { Snapshot } from '../snapshot.ts';
import { lengthOf } from './body-writer.ts';
import { compress, type ContentCoding } from './compression.ts';

export interface DocumentBytes {
  readonly body: readonly Buffer[];
  /** Strong, with its quotes. */
  readonly etag: string;
  /** undefined: as they are. */
  readonly coding: ContentCoding | undefined;
}

export interface Documents {
  find(asked: DocumentAsked): Promise<DocumentBytes>;
}

export interface DocumentAsked {
  readonly view: DocumentView;
  readonly form: DocumentForm;
  readonly format: DocumentFormat;
  readonly baseUrl: string;
  /** As the caller would like it best. */
  readonly coding: ContentCoding | undefined;
}

/** A document with a hole for the base URL. */
interface Parts {
  readonly head: Buffer;
  readonly tail: readonly Buffer[];
  readonly basePath: string;
  readonly digest: Buffer;
  /** By coding and base URL. */
  readonly compressed: Map<string, Promise<Buffer>>;
}

interface Entry {
  readonly settings: Settings;
  /** By form and format; the one used last at the end. */
  readonly parts: Map<string, Promise<Parts>>;
}

/** Of one view; who asks for more forms than this gets them rendered anew. */
const maxForms = 6;

const noop = (): void => {};

/** Rendering that takes longer lets others go first; a call waits for some four slices. */
const maxSliceMs = 2;

export function createDocuments(observe: Observe): Documents {
  // Entries go when their view does: with the snapshot that a reload or a new catalogue replaces.
  const cache = new WeakMap<object, Entry>();
  const reported = new WeakSet<Operation>();
  let last: Promise<void> = Promise.resolve();

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

  /** One at a time: several that rest in turns would leave no turn to anybody else. */
  function enqueue(request: DocumentRequest): Promise<Parts> {
    const rendering = last.then(() => renderParts(request));
    // What it came to lives as long as its view, not until the next one.
    last = rendering.then(noop, noop);
    return rendering;
  }

  /** What a document cannot say of a tool is told once, when it is first printed. */
  function reporter(): DocumentRequest['onDegraded'] {
    const mine = new Set<Operation>();
    return ({ name }, operation, degradation) => {
      if (reported.has(operation) && !mine.has(operation)) return;
      reported.add(operation);
      mine.add(operation);
      observe({ type: 'schema-degraded', server: name, tool: operation.tool.name, ...degradation });
    };
  }

  return {
    async find({ view, form, format, baseUrl, coding }) {
      const { parts } = entryOf(view);
      const key = [form.version, form.refs, form.profile, format].join();
      let pending = parts.get(key);
      if (pending === undefined) {
        pending = enqueue({ ...view, form, format, onDegraded: reporter() });
        pending.catch(() => parts.delete(key));
      }
      parts.delete(key);
      parts.set(key, pending);
      const [oldest] = parts.keys();
      if (parts.size > maxForms && oldest !== undefined) parts.delete(oldest);
      return inCoding(coding, await pending, baseUrl);
    },
  };
}

/** The text of the document of all servers, or of the only one, as `mcpo openapi` prints it. */
export async function documentText(
  snapshot: Snapshot,
  form: DocumentForm,
  format: DocumentFormat,
  baseUrl: string,
): Promise<string> {
  const parts = await renderParts({ ...documentView(snapshot), form, format, onDegraded: () => {} });
  return Buffer.concat(join(parts, baseUrl).body).toString('utf8');
}

/** What /openapi.json describes. */
export function documentView(snapshot: Snapshot): DocumentView {
  return { server: snapshot.root, snapshot };
}

function join({ head, tail, basePath, digest }: Parts, baseUrl: string): DocumentBytes {
  const url = Buffer.from(JSON.stringify(`${baseUrl}${basePath}`));
  const etag = createHash('sha256').update(digest).update(url).digest('base64url').slice(0, 22);
  return { body: [head, url, ...tail], etag: `"${etag}"`, coding: undefined };
}

/** Of one document: a few addresses that it is asked for under, in two codings. */
const maxCompressed = 8;
/** Less is not worth it. */
const minCompressibleBytes = 1_024;

async function inCoding(coding: ContentCoding | undefined, parts: Parts, baseUrl: string): Promise<DocumentBytes> {
  const plain = join(parts, baseUrl);
  if (coding === undefined) return plain;
  const { compressed } = parts;
  const key = `${coding} ${baseUrl}`;
  let pending = compressed.get(key);
  if (pending === undefined) {
    if (compressed.size >= maxCompressed || lengthOf(plain.body) < minCompressibleBytes) return plain;
    pending = compress(Buffer.concat(plain.body), coding);
    pending.catch(() => compressed.delete(key));
    compressed.set(key, pending);
  }
  // Other bytes have another tag (RFC 9110, section 8.8.3).
  return { body: [await pending], etag: plain.etag.replace(/"$/, `-${coding}"`), coding };
}

async function renderParts(request: DocumentRequest): Promise<Parts> {
  // Loaded by the first document: no start waits for it.
  const { renderDocument } = await import('../openapi/document.ts');
  const { head, tail, basePath } = renderDocument(request);
  const hash = createHash('sha256').update(head).update(boundary);
  const buffers: Buffer[] = [];
  let texts: string[] = [];
  const flush = () => {
    const buffer = Buffer.from(texts.join(''));
    hash.update(buffer);
    buffers.push(buffer);
    texts = [];
  };
  let sliceBeganAt = performance.now();
  for (const text of tail) {
    texts.push(text);
    if (performance.now() - sliceBeganAt < maxSliceMs) continue;
    flush();
    await nextTurn();
    sliceBeganAt = performance.now();
  }
  flush();
  return { head: Buffer.from(head), tail: buffers, basePath, digest: hash.digest(), compressed: new Map() };
}

/** Between the parts of a document; no text of either has it. */
const boundary = '\0';
