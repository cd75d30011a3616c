// How the members of a document are written down one after the other, as JSON or as YAML. So it can be printed tool by
// tool, with rests in between, and is never in memory as a whole tree.

import { printJson, yamlKey, yamlMember } from '../json/print.ts';

export interface Layout {
  /** A member whole. */
  member(name: string, value: unknown): string;
  /** A mapping whose members follow; it has at least one. */
  open(name: string): string;
  close(): string;
  /** Around the JSON string of the base URL. */
  readonly servers: { readonly before: string; readonly after: string };
  readonly start: string;
  readonly end: string;
}

export function jsonLayout(): Layout {
  let isFirst = true;
  const next = (text: string) => {
    const separated = isFirst ? text : `,${text}`;
    isFirst = false;
    return separated;
  };
  return {
    member: (name, value) => next(`${JSON.stringify(name)}:${printJson(value)}`),
    open(name) {
      const text = next(`${JSON.stringify(name)}:{`);
      isFirst = true;
      return text;
    },
    close() {
      isFirst = false;
      return '}';
    },
    servers: { before: ',"servers":[{"url":', after: '}]' },
    start: '{',
    end: '}',
  };
}

export function yamlLayout(): Layout {
  let depth = 0;
  return {
    member: (name, value) => `${yamlMember(name, value, depth)}\n`,
    open(name) {
      const text = `${yamlKey(name, depth)}\n`;
      depth++;
      return text;
    },
    close() {
      depth--;
      return '';
    },
    servers: { before: 'servers:\n  - url: ', after: '\n' },
    start: '',
    end: '',
  };
}
