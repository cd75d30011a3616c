// What an Accept header (RFC 9110, section 12.5.1) asks for. JSON is what everybody gets: it wins every tie, and a header
// that is missing or cannot be read means it. Knows the forms in which a result can be asked for; which of them a result
// has is found out after the call (representations.ts).

import { AppError } from '../errors.ts';
import { cutText } from './text.ts';

export const JSON_TYPE = 'application/json';
const FULL_RESULT_TYPE = 'application/vnd.mcp.result+json';
export const TEXT_TYPE = 'text/plain';
export const OCTET_STREAM = 'application/octet-stream';

/** A form in which a result can be sent. */
export type Representation =
  /** The plain value as JSON; every result has it. */
  | { readonly kind: 'json' }
  /** The whole CallToolResult; every result has it. */
  | { readonly kind: 'full'; readonly mediaType: string }
  | { readonly kind: 'text' }
  /** Of one content item. Its own media type gives the one it is sent under; undefined: not wanted. */
  | { readonly kind: 'bytes'; readonly mediaTypeFor: (own: string) => string | undefined };

const justJson: readonly Representation[] = [{ kind: 'json' }];

/**
 * The acceptable representations, the best first, as far as they matter: behind one that every result has comes none.
 * Undefined where no result can ever be acceptable. `full`: `?result=full`, which stands above the header.
 */
export function negotiate(accept: string | undefined, full: boolean): readonly Representation[] | undefined {
  if (!full && prefersJson(accept)) return justJson;
  const ranges = rangesOf(accept ?? '');
  if (full) {
    const named = (ranges.get(FULL_RESULT_TYPE)?.quality ?? 0) > 0;
    return [{ kind: 'full', mediaType: named ? FULL_RESULT_TYPE : JSON_TYPE }];
  }
  const offers = offersFor(ranges).toSorted(compareOffers);
  if (offers.length === 0) return undefined;
  const certain = offers.findIndex(({ form }) => form.kind === 'json' || form.kind === 'full');
  return offers.slice(0, certain < 0 ? offers.length : certain + 1).map(({ form }) => form);
}

/** The refusal of an Accept that no result can meet, so that a call can be refused before it does anything. */
export function notAcceptable(accept: string | undefined, full: boolean): AppError | undefined {
  if (negotiate(accept, full) !== undefined) return undefined;
  return new AppError(
    'not_acceptable',
    `The Accept header ${shownAccept(accept)} asks for nothing that a tool's result can be: accept ${JSON_TYPE}, or ` +
      `${FULL_RESULT_TYPE} (the whole result), ${TEXT_TYPE}, image/*, audio/* or ${OCTET_STREAM}.`,
  );
}

/** Whether a browser asks for a page: only a literal text/html counts, since programs take any type. */
export function wantsHtml(accept: string | undefined): boolean {
  if (prefersJson(accept)) return false;
  const ranges = rangesOf(accept ?? '');
  return (ranges.get('text/html')?.quality ?? 0) > (rangeFor(JSON_TYPE, ranges)?.quality ?? 0);
}

/** Of the header, as much as a sentence has room for. */
export function shownAccept(accept: string | undefined): string {
  return JSON.stringify(cutText(accept ?? '', MAX_SHOWN_CHARS));
}

const MAX_SHOWN_CHARS = 120;

/** What nearly everybody sends; nothing can stand above JSON that is named first and has no weight. */
function prefersJson(accept: string | undefined): boolean {
  return accept === undefined || accept === '*/*' || accept === JSON_TYPE || accept.startsWith(`${JSON_TYPE},`);
}

interface Range {
  /** From 0, not acceptable, to 1. */
  readonly quality: number;
  /** Where it stands in the header. */
  readonly place: number;
}

/** By media range, in lower case and without parameters. */
type Ranges = ReadonlyMap<string, Range>;

/** Browsers send up to ten. */
const MAX_RANGES = 64;

const mediaRange = /^(?:\*\/\*|[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+))$/;

/** What cannot be read is passed over; if nothing can, any type is acceptable. */
function rangesOf(accept: string): Ranges {
  const ranges = new Map<string, Range>();
  for (const [place, part] of accept.toLowerCase().split(',', MAX_RANGES).entries()) {
    const [named = '', ...parameters] = part.split(';').map((each) => each.trim());
    // Java's own client means any type by an asterisk alone.
    const range = named === '*' ? '*/*' : named;
    if (!mediaRange.test(range)) continue;
    const quality = qualityOf(parameters);
    const known = ranges.get(range);
    if (known === undefined || known.quality < quality) ranges.set(range, { quality, place: known?.place ?? place });
  }
  return ranges.size > 0 ? ranges : anyType;
}

const anyType: Ranges = new Map([['*/*', { quality: 1, place: 0 }]]);

/** The weight among the parameters of one choice (RFC 9110, section 12.4.2): 1 where there is none that can be read. */
export function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
  if (weight === undefined) return 1;
  const quality = Number.parseFloat(weight.slice(weight.indexOf('=') + 1));
  return quality >= 0 && quality <= 1 ? quality : 1;
}

/** The most specific range decides. */
function rangeFor(mediaType: string, ranges: Ranges): Range | undefined {
  const family = `${mediaType.slice(0, mediaType.indexOf('/'))}/*`;
  return ranges.get(mediaType) ?? ranges.get(family) ?? ranges.get('*/*');
}

interface Offer extends Range {
  readonly form: Representation;
}

function offersFor(ranges: Ranges): Offer[] {
  const offers: Offer[] = [];
  const offer = (range: Range | undefined, form: Representation) => {
    if (range !== undefined && range.quality > 0) offers.push({ ...range, form });
  };
  offer(rangeFor(JSON_TYPE, ranges), { kind: 'json' });
  // Whoever takes anything means the plain value: the whole result has to be named.
  offer(ranges.get(FULL_RESULT_TYPE), { kind: 'full', mediaType: FULL_RESULT_TYPE });
  offer(rangeFor(TEXT_TYPE, ranges), { kind: 'text' });
  for (const range of byteRanges(ranges)) offer(range, bytesAt(range.quality, ranges));
  return offers;
}

/** The first of each quality at which bytes are acceptable. */
function byteRanges(ranges: Ranges): Iterable<Range> {
  const byQuality = new Map<number, Range>();
  const add = (range: Range) => {
    if (!byQuality.has(range.quality)) byQuality.set(range.quality, range);
  };
  for (const [mediaType, range] of ranges) if (isMedia(mediaType) || mediaType === '*/*') add(range);
  const octets = rangeFor(OCTET_STREAM, ranges);
  if (octets !== undefined) add(octets);
  return byQuality.values();
}

/** What is acceptable at this quality: images and sounds as themselves, and anything as a stream of octets. */
function bytesAt(quality: number, ranges: Ranges): Representation {
  const octetQuality = rangeFor(OCTET_STREAM, ranges)?.quality;
  const mediaTypeFor = (own: string): string | undefined => {
    const ownQuality = rangeFor(own, ranges)?.quality ?? 0;
    if (isMedia(own) && ownQuality === quality) return own;
    if (octetQuality !== quality) return undefined;
    return ownQuality > 0 ? own : OCTET_STREAM;
  };
  return { kind: 'bytes', mediaTypeFor };
}

function isMedia(mediaType: string): boolean {
  return mediaType.startsWith('image/') || mediaType.startsWith('audio/');
}

/** Between equals JSON first, then the order of the header. */
function compareOffers(a: Offer, b: Offer): number {
  return b.quality - a.quality || rankOf(a) - rankOf(b) || a.place - b.place;
}

function rankOf({ form }: Offer): number {
  return form.kind === 'json' ? 0 : 1;
}
