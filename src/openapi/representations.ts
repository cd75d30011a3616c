// A result in the first of the wanted forms that it has: as JSON, as text, or as the bytes of one item, with what its
// content is where it has none of them. Decides nothing about which form is wanted (negotiate.ts).

import { isObject } from '../json/value.ts';
import { bytesOf, essenceOf, textOf } from './content.ts';
import { JSON_TYPE, TEXT_TYPE, type Representation } from './negotiate.ts';
import type { PlanBody } from './problem.ts';
import { cutText } from './text.ts';

export interface Sendable {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: PlanBody;
}

/** The JSON texts that every result has. */
export interface JsonForms {
  readonly plain: () => string;
  readonly full: () => string;
}

/** undefined where the result has none of the forms. */
export function firstForm(
  forms: readonly Representation[],
  content: readonly unknown[],
  json: JsonForms,
): Sendable | undefined {
  for (const form of forms) {
    const sendable = inForm(form, content, json);
    if (sendable !== undefined) return sendable;
  }
  return undefined;
}

function inForm(form: Representation, content: readonly unknown[], json: JsonForms): Sendable | undefined {
  switch (form.kind) {
    case 'json':
      return { headers: jsonHeaders, body: json.plain() };
    case 'full':
      return { headers: { 'Content-Type': form.mediaType }, body: json.full() };
    case 'text':
      return asText(content);
    case 'bytes':
      return asBytes(content, form.mediaTypeFor);
  }
}

const jsonHeaders = { 'Content-Type': JSON_TYPE } as const;

/** The texts, one after the other; undefined where there is none. */
function asText(content: readonly unknown[]): Sendable | undefined {
  const texts = textsOf(content);
  if (texts.length === 0) return undefined;
  return { headers: { 'Content-Type': `${TEXT_TYPE}; charset=utf-8` }, body: texts.join('\n') };
}

export function textsOf(content: readonly unknown[]): string[] {
  return content.map(textOf).filter((text) => text !== undefined);
}

/** The first item with bytes that are wanted. `mediaTypeFor` says under which type, by the item's own. */
function asBytes(content: readonly unknown[], mediaTypeFor: (own: string) => string | undefined): Sendable | undefined {
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
