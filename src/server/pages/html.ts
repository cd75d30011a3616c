// HTML by a tagged template that escapes everything it is given, unless it was made by the same template.
// Names and descriptions come from upstreams nobody vouches for: whatever they hold, they stay text.
// Good for element content and quoted attribute values; not for scripts, styles or URLs' schemes, which no page builds.

/** A piece of finished markup. Only `html` makes one, so data that merely looks like one is escaped. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template; `undefined` and `false` leave nothing behind. */
export type HtmlValue = string | number | Html | readonly Html[] | undefined | false;

export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  values.forEach((value, index) => {
    markup += markupOf(value) + (strings[index + 1] ?? '');
  });
  return new Html(markup);
}

function markupOf(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map((item: HtmlValue) => markupOf(item)).join('');
  return escapeHtml(String(value));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
