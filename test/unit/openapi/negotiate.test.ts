import { describe, expect, it } from 'vitest';
import { negotiate, notAcceptable, wantsHtml, type Representation } from '../../../src/openapi/negotiate.ts';

const owns = ['image/png', 'image/svg+xml', 'audio/wav', 'application/pdf'];

/** Bytes are shown as the types of `owns` that are wanted, and what they would be sent as where that is another. */
function shown(form: Representation): string {
  if (form.kind === 'full') return form.mediaType;
  if (form.kind !== 'bytes') return form.kind;
  const sent = owns.map((own) => [own, form.mediaTypeFor(own)] as const).filter(([, as]) => as !== undefined);
  return sent.map(([own, as]) => (own === as ? own : `${own} as ${as}`)).join(' ');
}

const forms = (accept: string | undefined, full = false) => negotiate(accept, full)?.map(shown);

const full = 'application/vnd.mcp.result+json';
const anyStream = owns.map((own) => `${own} as application/octet-stream`).join(' ');

describe('JSON', () => {
  it.each([
    undefined,
    '',
    ' ',
    '*/*',
    '*',
    'application/*',
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;q=0.3',
    'application/json, text/plain, */*',
    'text/plain, application/json',
    'image/*, application/json',
    `${full}, application/json`,
    `${full};q=0.5, */*`,
    `${full};q=0, */*;q=0.1`,
    'text/event-stream, application/json',
    'application/json, text/event-stream',
    'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'text/plain;q=0.9, application/*',
    'text/plain;q=0.9, */*',
  ])('is all there is to %j', (accept) => {
    expect(forms(accept)).toEqual(['json']);
  });

  it.each(['json', 'a b', ',;,', '/', 'text/', '*/png', 'text/pl ain', ';q=0'])(
    'is meant by the unreadable %j',
    (accept) => {
      expect(forms(accept)).toEqual(['json']);
    },
  );

  it('comes behind what is liked better, and nothing comes behind it', () => {
    expect(forms('text/plain, */*;q=0.5')).toEqual(['text', 'json']);
    expect(forms('image/png, application/json;q=0.5, text/plain;q=0.4')).toEqual(['image/png', 'json']);
    expect(forms('text/html,image/png,image/svg+xml,*/*;q=0.8')).toEqual(['image/png image/svg+xml', 'json']);
    expect(forms('text/html, image/gif, image/png, *; q=.2, */*; q=.2')).toEqual(['image/png', 'json']);
  });

  it('can be excluded, by itself or by its range', () => {
    expect(forms('application/json;q=0, text/plain;q=0.1, */*;q=0')).toEqual(['text']);
    expect(forms('application/*;q=0, text/plain')).toEqual(['text']);
    expect(forms('application/json;q=0, */*')).toEqual(['text', owns.join(' ')]);
    expect(forms('application/json;q=0')).toBeUndefined();
    expect(forms('*/*;q=0')).toBeUndefined();
  });
});

describe('the whole result', () => {
  it.each([
    full,
    'Application/Vnd.MCP.Result+JSON; q=0.5',
    `${full}, application/json;q=0.9`,
    `${full}, */*;q=0.1`,
    `text/html, ${full};q=0.2`,
  ])('is asked for by %s', (accept) => {
    expect(forms(accept)).toEqual([full]);
  });

  it('comes behind what is liked better', () => {
    expect(forms(`image/png, ${full};q=0.5`)).toEqual(['image/png', full]);
  });

  it('has to be named', () => {
    const octets = owns.map((own) => (own === 'application/pdf' ? own : `${own} as application/octet-stream`));
    expect(forms('application/json;q=0, application/*')).toEqual([octets.join(' ')]);
    expect(forms(`${full}x`)).toBeUndefined();
  });

  it('is what the query asks for, whatever the header says', () => {
    for (const accept of [undefined, '*/*', 'image/*', 'text/html', 'application/json', '', `${full};q=0`]) {
      expect(forms(accept, true)).toEqual(['application/json']);
    }
    expect(forms(full, true)).toEqual([full]);
    expect(forms(`application/json, ${full}`, true)).toEqual([full]);
  });
});

describe('texts and bytes', () => {
  it.each([
    ['text/plain', ['text']],
    ['text/*', ['text']],
    ['text/plain;charset=utf-8;q=1', ['text']],
    ['image/*', ['image/png image/svg+xml']],
    ['image/png', ['image/png']],
    ['IMAGE/PNG', ['image/png']],
    ['image/*, image/svg+xml;q=0', ['image/png']],
    ['audio/*, image/png', ['image/png audio/wav']],
    ['image/svg+xml;q=0.5, image/*', ['image/png', 'image/svg+xml']],
    ['text/plain, image/png', ['text', 'image/png']],
    ['image/png, text/plain', ['image/png', 'text']],
    ['image/png;q=0.5, text/plain;q=0.7', ['text', 'image/png']],
    ['text/event-stream, text/plain;q=0.5', ['text']],
    ['application/octet-stream', [anyStream]],
    ['application/octet-stream;q=0.5, image/png', ['image/png', anyStream.replace(' as application/octet-stream', '')]],
    ['application/pdf, application/octet-stream', [anyStream.replace(/(pdf) as .*/, '$1')]],
  ])('%s', (accept, expected) => {
    expect(forms(accept)).toEqual(expected);
  });

  it.each([
    'text/html',
    'text/event-stream',
    'text/csv',
    'application/xml',
    'application/pdf',
    'video/*',
    'text/plain;q=0',
    'image/*;q=0.0, text/html',
  ])('%s is impossible', (accept) => {
    expect(forms(accept)).toBeUndefined();
  });

  it('cost little however many types are named', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `image/x${index};q=0.${index}`).join(',');
    expect(forms(many)?.length).toBeLessThanOrEqual(64);
  });
});

describe('a weight that is none', () => {
  it.each(['q=', 'q=x', 'q=2', 'q=-1'])('%s counts as 1', (weight) => {
    expect(forms(`text/plain;${weight}, application/json;q=0.9`)).toEqual(['text', 'json']);
  });
});

describe('notAcceptable', () => {
  it('is nothing where something can be sent', () => {
    expect(notAcceptable(undefined, false)).toBeUndefined();
    expect(notAcceptable('text/html, */*;q=0.1', false)).toBeUndefined();
    expect(notAcceptable('text/html', true)).toBeUndefined();
  });

  it('names what was asked for and lists what there is', () => {
    const error = notAcceptable('text/html', false);
    expect(error?.code).toBe('not_acceptable');
    for (const part of ['"text/html"', 'application/json', full, 'text/plain', 'image/*', 'audio/*', 'octet-stream']) {
      expect(error?.message).toContain(part);
    }
    expect(notAcceptable(`text/${'x'.repeat(5_000)}`, false)?.message.length).toBeLessThan(400);
  });
});

describe('wantsHtml', () => {
  it.each(['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', 'TEXT/HTML;q=0.9, */*;q=0.8'])(
    'is true for %s',
    (accept) => {
      expect(wantsHtml(accept)).toBe(true);
    },
  );

  it.each([undefined, '', '*/*', 'text/*', 'application/json', 'text/html;q=0', 'text/html, */*', 'garbage'])(
    'is false for %s',
    (accept) => {
      expect(wantsHtml(accept)).toBe(false);
    },
  );
});
