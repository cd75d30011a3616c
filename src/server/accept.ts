// Whether a caller is a browser that wants a page. Only a literal text/html counts: programs send */*, or nothing.

/** True if text/html is asked for, and more than JSON is (RFC 9110, section 12.5.1). */
export function wantsHtml(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes('text/html')) return false;
  let html = 0;
  let json = 0;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (type === 'text/html') html = Math.max(html, qualityOf(parameters));
    else if (type === 'application/json') json = Math.max(json, qualityOf(parameters));
  }
  return html > json;
}

function qualityOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return Number.isNaN(quality) ? 1 : quality;
}
