// Small things about texts that people and models read: cutting them to a length, making a title of a name, a sentence
// of a remark, room for a sentence behind one. Unaware of what the text belongs to.

const CUT_MARK = '… [cut]';

/** At most `maxChars` UTF-16 units, marked where cut; never half of a surrogate pair. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  let end = maxChars - CUT_MARK.length;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end--;
  return text.slice(0, end) + CUT_MARK;
}

/** `get_current_time` and `getCurrentTime` as `Get Current Time`; the name itself where it has no letters or digits. */
export function titleCase(name: string): string {
  const words = name.replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').match(/[\p{L}\p{M}\p{N}]+/gu);
  if (words === null) return name;
  return words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join(' ');
}

/** The first that is a string with something in it, as it is. */
export function firstText(...candidates: readonly unknown[]): string | undefined {
  for (const candidate of candidates) {
    if (typeof candidate === 'string' && candidate.trim() !== '') return candidate;
  }
  return undefined;
}

/** With a full stop, unless it ends like a sentence. */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** A text that a sentence can follow. */
export function beforeSentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return /[.!?:;]$/.test(trimmed) ? `${trimmed} ` : `${trimmed}. `;
}
