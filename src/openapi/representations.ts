// The content of a result in other forms than JSON: as text, and as the bytes of one item, with what the content is
// where it has neither. Decides nothing about which form is wanted (negotiate.ts).

import { isObject } from '../json/value.ts';
import { bytesOf, essenceOf, textOf } from './content.ts';
import { TEXT_TYPE } from './negotiate.ts';
import type { PlanBody } from './problem.ts';
import { cutText } from './text.ts';

export interface Sendable {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: PlanBody;
}

/** The texts, one after the other; undefined where there is none. */
export function asText(content: readonly unknown[]): Sendable | undefined {
  const texts = textsOf(content);
  if (texts.length === 0) return undefined;
  return { headers: { 'Content-Type': `${TEXT_TYPE}; charset=utf-8` }, body: texts.join('\n') };
}

export function textsOf(content: readonly unknown[]): string[] {
  return content.map(textOf).filter((text) => text !== undefined);
}

/** The first item with bytes that are wanted. `mediaTypeFor` says under which type, by the item's own. */
export function asBytes(
  content: readonly unknown[],
  mediaTypeFor: (own: string) => string | undefined,
): Sendable | undefined {
  for (const item of content) {
    const own = ownBytes(item);
    const mediaType = own && mediaTypeFor(own.mediaType);
    if (own === undefined || mediaType === undefined) continue;
    const headers = { 'Content-Type': mediaType, ...(mayRunScript(mediaType) && scriptless) };
    return { headers, body: own.body };
  }
  return undefined;
}

/** What there is instead of what was asked for, to be put into a sentence. */
export function contentSummary(content: readonly unknown[]): string {
  if (content.length === 0) return 'no content';
  const labels = new Set<string>();
  for (const item of content) if (labels.size < MAX_LABELS) labels.add(labelOf(item));
  return [...labels].join(', ');
}

const MAX_LABELS = 5;
const MAX_LABEL_CHARS = 40;

function ownBytes(item: unknown): { readonly mediaType: string; readonly body: PlanBody } | undefined {
  const encoded = bytesOf(item);
  if (encoded !== undefined) return { mediaType: encoded.mediaType, body: { base64: encoded.base64 } };
  return drawingOf(item);
}

/** An image that is a text: an embedded SVG. */
function drawingOf(item: unknown): { readonly mediaType: string; readonly body: string } | undefined {
  const body = textOf(item);
  const resource = isObject(item) ? item['resource'] : undefined;
  const mediaType = isObject(resource) ? essenceOf(resource['mimeType']) : undefined;
  if (body === undefined || mediaType?.startsWith('image/') !== true) return undefined;
  return { mediaType, body };
}

/** A browser that opens the answer runs nothing of it and fetches nothing for it. */
const scriptless = { 'Content-Security-Policy': "sandbox; default-src 'none'" } as const;

/** Pictures of pixels and sounds cannot; SVG can, and so may anything else. */
function mayRunScript(mediaType: string): boolean {
  return !/^(?:image|audio)\//.test(mediaType) || /svg|xml/.test(mediaType);
}

function labelOf(item: unknown): string {
  const bytes = ownBytes(item);
  if (bytes !== undefined) return bytes.mediaType;
  if (textOf(item) !== undefined) return 'text';
  const type = isObject(item) ? item['type'] : undefined;
  return typeof type === 'string' ? JSON.stringify(cutText(type, MAX_LABEL_CHARS)) : 'an item without a type';
}
