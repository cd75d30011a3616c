// Content codings (RFC 9110, sections 8.4 and 12.5.3): which of ours a caller takes, and bytes in it. Compressing is done in
// Node's thread pool, so that no call waits for it.

import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { qualityOf } from '../openapi/negotiate.ts';

export type ContentCoding = 'br' | 'gzip';

/** The better of those that the header names with the highest weight; undefined: as it is. */
export function chooseCoding(acceptEncoding: string | undefined): ContentCoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const weights = weightsOf(acceptEncoding);
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  const best = Math.max(weightOf('br'), weightOf('gzip'));
  // Who names `identity` with a weight above ours wants it.
  if (best === 0 || (weights.get('identity') ?? 0) > best) return undefined;
  return weightOf('br') === best ? 'br' : 'gzip';
}

/** Nobody sends more. */
const maxCodings = 32;

function weightsOf(acceptEncoding: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of acceptEncoding.toLowerCase().split(',', maxCodings)) {
    const [coding = '', ...parameters] = part.split(';').map((each) => each.trim());
    if (coding !== '') weights.set(coding === 'x-gzip' ? 'gzip' : coding, qualityOf(parameters));
  }
  return weights;
}

/** Higher ones take several times as long for a few hundredths of the size. */
const brotliQuality = 5;
const gzipLevel = 6;

const toBrotli = promisify(brotliCompress);
const toGzip = promisify<Buffer, { level: number }, Buffer>(gzip);

export function compress(bytes: Buffer, coding: ContentCoding): Promise<Buffer> {
  if (coding === 'gzip') return toGzip(bytes, { level: gzipLevel });
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: brotliQuality, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return toBrotli(bytes, { params });
}
