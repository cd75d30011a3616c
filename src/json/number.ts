// Exact arithmetic on the numbers of JSON: by the decimal value that their text says, whether a double holds it or not.
// 0.3 is a multiple of 0.1 here, and 1e400 is an integer. An exponent costs nothing, however large; beyond 10^15 all
// exponents count as the same.

import { ExactNumber } from './value.ts';

export type JsonNumber = number | ExactNumber;

export function isNumber(value: unknown): value is JsonNumber {
  return typeof value === 'number' || value instanceof ExactNumber;
}

/** 1.0 and 1e2 are integers. */
export function isInteger(number: JsonNumber): boolean {
  if (typeof number === 'number') return Number.isInteger(number);
  const { digits, magnitude } = toDecimal(number);
  return magnitude >= digits.length;
}

/** Below, at or above zero, as `a` is below, at or above `b`. */
export function compareNumbers(a: JsonNumber, b: JsonNumber): number {
  // Doubles are ordered as the shortest decimals that stand for them.
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : Number(a > b);
  const left = toDecimal(a);
  const right = toDecimal(b);
  if (left.sign !== right.sign) return left.sign - right.sign;
  return left.sign * compareSizes(left, right);
}

export function sameNumber(a: JsonNumber, b: JsonNumber): boolean {
  return compareNumbers(a, b) === 0;
}

/** `divisor` is above zero. */
export function isMultipleOf(number: JsonNumber, divisor: JsonNumber): boolean {
  if (Number.isSafeInteger(number) && Number.isSafeInteger(divisor)) return Number(number) % Number(divisor) === 0;
  const value = toDecimal(number);
  const unit = toDecimal(divisor);
  if (value.sign === 0) return true;
  const zeros = value.magnitude - value.digits.length - (unit.magnitude - unit.digits.length);
  // A multiple of ten times anything would end in a zero, and these digits do not.
  if (zeros < 0) return false;
  const modulus = BigInt(unit.digits);
  return (BigInt(value.digits) * powerOfTen(zeros, modulus)) % modulus === 0n;
}

/** The same text for numbers of the same value, and for no others. */
export function numberKey(number: JsonNumber): string {
  if (Number.isSafeInteger(number)) return String(Number(number)); // Of -0 too, which is 0.
  const { sign, digits, magnitude } = toDecimal(number);
  const double = Number(number instanceof ExactNumber ? number.text : number);
  if (Number.isSafeInteger(double) && magnitude >= digits.length) return String(double);
  return `${sign < 0 ? '-' : ''}.${digits}e${magnitude}`;
}

/** sign * 0.DIGITS * 10^magnitude. */
interface Decimal {
  readonly sign: number;
  /** Without zeros at either end; none for zero. */
  readonly digits: string;
  readonly magnitude: number;
}

/** Such exponents cannot be meant; up to here sums of them are exact in doubles. */
const MAX_EXPONENT = 1e15;
const LITERAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

function toDecimal(number: JsonNumber): Decimal {
  const text = typeof number === 'number' ? String(number) : number.text;
  const [, minus, whole = '', fraction = '', exponent = '0'] = LITERAL.exec(text) ?? [];
  const digits = whole + fraction;
  // Not by regular expression: `0+$` takes quadratic time.
  let start = 0;
  while (digits[start] === '0') start++;
  if (start === digits.length) return { sign: 0, digits: '', magnitude: 0 };
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const power = Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, Number(exponent)));
  return {
    sign: minus === '-' ? -1 : 1,
    digits: digits.slice(start, end),
    magnitude: whole.length - start + power,
  };
}

/** As if both were above zero. */
function compareSizes(a: Decimal, b: Decimal): number {
  if (a.magnitude !== b.magnitude) return a.magnitude - b.magnitude;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -1 : 1;
}

/** 10^exponent mod modulus, by squaring. */
function powerOfTen(exponent: number, modulus: bigint): bigint {
  let result = 1n;
  let base = 10n % modulus;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
