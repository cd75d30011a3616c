// Writes a regular expression of ECMA-262 as one of RE2 that finds the same: character by character, since the two
// languages differ in what `.`, `\s` and escapes mean. Only what RE2 can do; lookaround and backreferences it cannot.
// Takes sources that the language's own engine accepts, and checks nothing of them again.

export interface Translated {
  readonly text: string;
  /** About how many instructions it compiles to; repetitions are written out by RE2. */
  readonly size: number;
}

/** `isUnicode`: by the rules of the flag `u`. Either way the text is read by code points. */
export function toRe2(source: string, isUnicode: boolean): Translated | undefined {
  const reader: Reader = { source, at: 0, isUnicode };
  const open: Sizes[] = [];
  let sizes: Sizes = { total: 0, last: 0 };
  let text = '';
  while (reader.at < source.length) {
    const quantifier = takeQuantifier(reader);
    if (quantifier !== undefined) {
      sizes.total += sizes.last * (quantifier.copies - 1) + quantifier.branches;
      text += quantifier.text;
      continue;
    }
    const start = take(reader, /\((?:\?:|\?<[^=!][^>]*>|(?!\?))/y);
    if (start !== undefined) {
      open.push(sizes);
      sizes = { total: 0, last: 0 };
      text += '(?:'; // Nobody asks what a group held.
      continue;
    }
    const end = open.length > 0 && take(reader, /\)/y) !== undefined ? open.pop() : undefined;
    if (end !== undefined) {
      const { total } = sizes;
      sizes = { total: end.total + total, last: total };
      text += ')';
      continue;
    }
    const atom = takeAtom(reader);
    if (atom === undefined) return undefined;
    sizes.total++;
    sizes.last = 1;
    text += atom;
  }
  return { text, size: sizes.total };
}

interface Reader {
  readonly source: string;
  at: number;
  readonly isUnicode: boolean;
}

/** Instructions of the group that is being read, and of what was last read in it. */
interface Sizes {
  total: number;
  last: number;
}

/** What stands at the reader's place, if it matches. Patterns are sticky. */
function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.source) ?? undefined;
  if (found !== undefined) reader.at = pattern.lastIndex;
  return found;
}

function takeQuantifier(reader: Reader): { text: string; copies: number; branches: number } | undefined {
  const found = take(reader, /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y);
  if (found === undefined) return undefined;
  const [text, least, comma, most = ''] = found;
  if (least === undefined) return { text, copies: 1, branches: 1 };
  const atLeast = Number(least);
  const atMost = comma === '' || most === '' ? Math.max(atLeast, 1) : Number(most);
  return { text, copies: atMost, branches: atMost - atLeast + 1 };
}

const ANY = '[^\\n\\r\\x{2028}\\x{2029}]';
const NOTHING = '[^\\x{0}-\\x{10ffff}]';

function takeAtom(reader: Reader): string | undefined {
  const plain = take(reader, /[\^$|]/y);
  if (plain !== undefined) return plain[0];
  if (take(reader, /\./y) !== undefined) return ANY;
  if (take(reader, /\(/y) !== undefined) return undefined; // Lookaround.
  const assertion = take(reader, /\\[bB]/y);
  if (assertion !== undefined) return assertion[0];
  if (take(reader, /\[/y) !== undefined) return takeClass(reader);
  const member = takeMember(reader);
  if (member === undefined) return undefined;
  return typeof member === 'string' ? `[${member}]` : literal(member);
}

/** Within brackets, the first of which is taken. */
function takeClass(reader: Reader): string | undefined {
  const isNegated = take(reader, /\^/y) !== undefined;
  let members = '';
  while (take(reader, /\]/y) === undefined) {
    const from = takeClassMember(reader);
    if (from === undefined) return undefined;
    const hyphen = take(reader, /-(?!\])/y);
    const to = hyphen === undefined ? undefined : takeClassMember(reader);
    if (hyphen !== undefined && to === undefined) return undefined;
    if (typeof from === 'number' && typeof to === 'number') members += `${hex(from)}-${hex(to)}`;
    // Beside a class such as \w the hyphen means itself.
    else members += [from, ...(hyphen === undefined ? [] : ['-']), to ?? ''].map(memberText).join('');
  }
  if (members === '') return isNegated ? '[\\x{0}-\\x{10ffff}]' : NOTHING;
  return `[${isNegated ? '^' : ''}${members}]`;
}

function takeClassMember(reader: Reader): Member | undefined {
  // A class of POSIX, which this language takes for its characters.
  if (take(reader, /\[:\^?[a-z]+:\]/y) !== undefined) return undefined;
  if (take(reader, /\\b/y) !== undefined) return 0x08;
  if (take(reader, /\\-/y) !== undefined) return 0x2d;
  return takeMember(reader);
}

function memberText(member: Member): string {
  if (typeof member === 'number') return hex(member);
  return member === '-' ? hex(0x2d) : member;
}

/** A code point, or what stands for several within brackets. */
type Member = number | string;

const SPACES =
  '\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const NO_SPACES =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';

const controls: ReadonlyMap<string | undefined, number> = new Map([
  ['0', 0],
  ['t', 0x09],
  ['n', 0x0a],
  ['v', 0x0b],
  ['f', 0x0c],
  ['r', 0x0d],
]);

function takeMember(reader: Reader): Member | undefined {
  const char = take(reader, /[^\\]/suy);
  if (char !== undefined) return codePoint(char[0]);
  const set = take(reader, /\\([dDwWsS])/y)?.[1];
  if (set === 's') return SPACES;
  if (set === 'S') return NO_SPACES;
  if (set !== undefined) return `\\${set}`;
  const property = reader.isUnicode ? take(reader, /\\([pP])\{([^}]*)\}/y) : undefined;
  if (property !== undefined) return propertySet(property[1] === 'P', property[2] ?? '');
  const control = take(reader, /\\([tnvfr]|0(?!\d))/y);
  if (control !== undefined) return controls.get(control[1]);
  const letter = take(reader, /\\c([A-Za-z])/y)?.[1];
  if (letter !== undefined) return codePoint(letter) % 32;
  const pair = take(reader, /\\u([dD][89abAB][\da-fA-F]{2})\\u([dD][c-fC-F][\da-fA-F]{2})/y);
  if (pair !== undefined) return codePoint(String.fromCharCode(fromHex(pair[1]), fromHex(pair[2])));
  const braced = reader.isUnicode ? take(reader, /\\u\{([\da-fA-F]+)\}/y) : undefined;
  const coded = braced ?? take(reader, /\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2}))/y);
  if (coded !== undefined) return fromHex(coded[1] ?? coded[2]);
  // Digits and `k` refer back to groups; an old octal escape is not worth telling from them. A letter that is escaped
  // for nothing (`\A`, `\Z`) was meant for another language, where it says more.
  return codePointOf(take(reader, /\\([^\da-zA-Z])/suy)?.[1]);
}

function codePointOf(char: string | undefined): number | undefined {
  return char === undefined ? undefined : codePoint(char);
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function fromHex(digits: string | undefined): number {
  return Number.parseInt(digits ?? '', 16);
}

function hex(point: number): string {
  return `\\x{${point.toString(16)}}`;
}

function literal(point: number): string {
  const char = String.fromCodePoint(point);
  return /[A-Za-z0-9]/.test(char) ? char : hex(point);
}

/** The names of general categories that RE2 has only in short; it has those of scripts, and some other properties. */
const categories: ReadonlyMap<string, string> = new Map([
  ['Letter', 'L'],
  ['Cased_Letter', 'LC'],
  ['Uppercase_Letter', 'Lu'],
  ['Lowercase_Letter', 'Ll'],
  ['Titlecase_Letter', 'Lt'],
  ['Modifier_Letter', 'Lm'],
  ['Other_Letter', 'Lo'],
  ['Mark', 'M'],
  ['Combining_Mark', 'M'],
  ['Nonspacing_Mark', 'Mn'],
  ['Spacing_Mark', 'Mc'],
  ['Enclosing_Mark', 'Me'],
  ['Number', 'N'],
  ['Decimal_Number', 'Nd'],
  ['digit', 'Nd'],
  ['Letter_Number', 'Nl'],
  ['Other_Number', 'No'],
  ['Punctuation', 'P'],
  ['punct', 'P'],
  ['Connector_Punctuation', 'Pc'],
  ['Dash_Punctuation', 'Pd'],
  ['Open_Punctuation', 'Ps'],
  ['Close_Punctuation', 'Pe'],
  ['Initial_Punctuation', 'Pi'],
  ['Final_Punctuation', 'Pf'],
  ['Other_Punctuation', 'Po'],
  ['Symbol', 'S'],
  ['Math_Symbol', 'Sm'],
  ['Currency_Symbol', 'Sc'],
  ['Modifier_Symbol', 'Sk'],
  ['Other_Symbol', 'So'],
  ['Separator', 'Z'],
  ['Space_Separator', 'Zs'],
  ['Line_Separator', 'Zl'],
  ['Paragraph_Separator', 'Zp'],
  ['Other', 'C'],
  ['Control', 'Cc'],
  ['cntrl', 'Cc'],
  ['Format', 'Cf'],
  ['Surrogate', 'Cs'],
  ['Private_Use', 'Co'],
  ['Unassigned', 'Cn'],
  ['Alpha', 'Alphabetic'],
  ['Lower', 'Lowercase'],
  ['Upper', 'Uppercase'],
  ['space', 'White_Space'],
]);

function propertySet(isNegated: boolean, property: string): string | undefined {
  const [, kind = '', name = ''] = /^(?:(\w+)=)?(\w+)$/.exec(property) ?? [];
  if (kind === 'Script_Extensions' || kind === 'scx') return undefined; // More than the script itself.
  if (name === 'ASCII') return isNegated ? '\\x{80}-\\x{10ffff}' : '\\x{0}-\\x{7f}';
  return `\\${isNegated ? 'P' : 'p'}{${categories.get(name) ?? name}}`;
}
