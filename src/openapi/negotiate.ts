// What an Accept header (RFC 9110, section 12.5.1) asks a call for. JSON is what everybody gets; it wins every tie.

export const FULL_RESULT_TYPE = 'application/vnd.mcp.result+json';

/** Whether the whole CallToolResult is asked for rather than the plain value. */
export function wantsFullResult(accept: string | undefined): boolean {
  if (accept === undefined || !accept.toLowerCase().includes(FULL_RESULT_TYPE)) return false;
  let full = 0;
  let json: { readonly rank: number; readonly quality: number } | undefined;
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const quality = qualityOf(parameters);
    if (type === FULL_RESULT_TYPE) full = Math.max(full, quality);
    const rank = jsonRanges.indexOf(type);
    if (rank >= 0 && rank >= (json?.rank ?? 0)) json = { rank, quality };
  }
  return full > (json?.quality ?? 0);
}

/** Ranges that plain JSON falls under; the most specific one decides. */
const jsonRanges: readonly string[] = ['*/*', 'application/*', 'application/json'];

function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return 1;
  const quality = Number(weight.slice(2));
  return quality >= 0 && quality <= 1 ? quality : 0;
}
