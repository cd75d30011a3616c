// What an Accept header (RFC 9110, section 12.5.1) asks for. JSON is what everybody gets: it wins every tie, and ranges
// such as */* mean it.

export const FULL_RESULT_TYPE = 'application/vnd.mcp.result+json';

/** Whether the whole CallToolResult is asked for rather than the plain value. */
export function wantsFullResult(accept: string | undefined): boolean {
  return prefers(accept, FULL_RESULT_TYPE);
}

/** Whether a browser asks for a page: only a literal text/html counts, since programs take any type. */
export function wantsHtml(accept: string | undefined): boolean {
  return prefers(accept, 'text/html');
}

/** Ranges that plain JSON falls under; the most specific one decides. */
const jsonRanges: readonly string[] = ['*/*', 'application/*', 'application/json'];

/** Whether `wanted`, named literally, is asked for more than JSON is. */
function prefers(accept: string | undefined, wanted: string): boolean {
  const ranges = accept?.toLowerCase();
  if (ranges?.includes(wanted) !== true) return false;
  let quality = 0;
  let json: { readonly rank: number; readonly quality: number } | undefined;
  for (const range of ranges.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = qualityOf(parameters);
    if (type === wanted) quality = Math.max(quality, weight);
    const rank = jsonRanges.indexOf(type);
    if (rank >= 0 && rank >= (json?.rank ?? 0)) json = { rank, quality: weight };
  }
  return quality > (json?.quality ?? 0);
}

function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return 1;
  const quality = Number(weight.slice(2));
  return quality >= 0 && quality <= 1 ? quality : 0;
}
