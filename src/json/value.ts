// JSON values in memory, as this program reads them: what JSON.parse gives, except that a number which a double cannot
// hold is an ExactNumber. Objects may have members of any name, `__proto__` too; look at own members only.

export type JsonObject = { readonly [key: string]: unknown };

/** A number whose text says more than a double can hold: 9007199254740993, 1e400, 0.1000000000000000055. */
export class ExactNumber {
  /** Its literal, as written. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** For readers that know doubles only. */
  toJSON(): number {
    return Number(this.text);
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
