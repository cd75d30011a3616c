import { describe, expect, it } from 'vitest';
import { bytesOf, contentValue, essenceOf, textOf } from '../../../src/openapi/content.ts';

const valueOf = (item: unknown) => contentValue(item, () => 'OWN');
const textValue = (text: string) => valueOf({ type: 'text', text });

describe('a text item', () => {
  it.each(['{"n": 9007199254740993}', '[1.0, 1e2]', ' {"a":1}\n', '[]'])('is the JSON document %j itself', (text) => {
    expect(textValue(text)).toBe(text);
  });

  it.each(['true', 'false', 'null', '0', '-5', '1.5', '9007199254740992'])('is the literal %s', (text) => {
    expect(textValue(text)).toBe(text);
  });

  it.each([
    'hello',
    '',
    '"quoted"',
    '007',
    '1.0',
    '1e2',
    '-0',
    ' 5',
    '9007199254740993',
    '9007199254740994',
    '1e+21',
    'NaN',
    'trueish',
    '{"a":1} and more',
    '[INFO] started]',
    '{oops}',
    '[link](http://x)',
    '{"a":1',
    '[',
    'line\nbreak "quote" \u2028 \ud800',
  ])('is the string %j', (text) => {
    expect(textValue(text)).toBe(JSON.stringify(text));
  });
});

describe('a long text', () => {
  const long = 'a "line"\n'.repeat(20_000);
  const own = (item: unknown) => contentValue(item, (path) => `OWN ${path.join('.')}`);

  it('is the string as it came, of an item or of an embedded resource', () => {
    expect(own({ type: 'text', text: long })).toBe('OWN text');
    expect(own({ type: 'resource', resource: { uri: 'x:y', text: long } })).toBe('OWN resource.text');
  });

  it('is itself where it is JSON', () => {
    const text = JSON.stringify([long]);
    expect(own({ type: 'text', text })).toBe(text);
  });
});

describe('a JSON text', () => {
  it.each(['{"a":1,"a":2}', '\r\n\t [1]\n\n', '{"n":1e5,"m":-0}'])('%j is sent as written', (text) => {
    expect(textValue(text)).toBe(text);
  });

  it.each(['\uFEFF{"a":1}', '{"a":NaN}', "{'a':1}", '[1,]', '{"a":1}{"b":2}', '\u00a0[1]'])(
    '%j is none, and stays text',
    (text) => {
      expect(textValue(text)).toBe(JSON.stringify(text));
    },
  );

  it('escapes what UTF-8 cannot say', () => {
    expect(textValue('{"file":"caf\udce9 😀"}')).toBe('{"file":"caf\\udce9 😀"}');
  });

  it('may be nested as deep as it likes', () => {
    const text = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(textValue(text)).toBe(text);
  });
});

describe('other items', () => {
  it('are bare data URIs without parameters and line breaks', () => {
    expect(valueOf({ type: 'image', mimeType: 'image/png; foo=1', data: 'QUJD\r\nRA==\n' })).toBe(
      '"data:image/png;base64,QUJDRA=="',
    );
    expect(valueOf({ type: 'audio', mimeType: 'audio/wav', data: 'AA==' })).toBe('"data:audio/wav;base64,AA=="');
    expect(valueOf({ type: 'image', mimeType: 'a,b"', data: 'AA==' })).toBe(
      '"data:application/octet-stream;base64,AA=="',
    );
    expect(valueOf({ type: 'image', mimeType: 'IMAGE/PNG', data: 'AA==' })).toBe('"data:image/png;base64,AA=="');
  });

  it('are data URIs also where the server gives the URI, leaves out the padding or has the other alphabet', () => {
    expect(valueOf({ type: 'image', data: 'data:image/gif;base64,AAAA' })).toBe('"data:image/gif;base64,AAAA"');
    expect(valueOf({ type: 'image', mimeType: 'image/png', data: 'data:;base64,AAAA' })).toBe(
      '"data:image/png;base64,AAAA"',
    );
    expect(valueOf({ type: 'image', mimeType: 'image/png', data: 'A_-' })).toBe('"data:image/png;base64,A/+="');
  });

  it('are the text or the data of an embedded resource', () => {
    const text = '{"not":"parsed"}';
    expect(valueOf({ type: 'resource', resource: { uri: 'x:y', text } })).toBe(JSON.stringify(text));
    expect(valueOf({ type: 'resource', resource: { uri: 'x:y', blob: 'AA==', mimeType: 'image/gif' } })).toBe(
      '"data:image/gif;base64,AA=="',
    );
  });

  it.each([
    { type: 'resource_link', uri: 'x:y' },
    { type: 'hologram' },
    { type: 'text', text: 5 },
    { type: 'image', data: null },
    { type: 'image', mimeType: 'image/png' },
    { type: 'image', mimeType: 'image/png', data: 'no base64!' },
    { type: 'image', mimeType: 'image/png', data: 'data:image/svg+xml,<svg/>' },
    { type: 'audio', mimeType: 'audio/wav', data: 'AAAAA' },
    { type: 'audio', mimeType: 'audio/wav', data: 'AA==AA==' },
    { type: ['text'], text: 'x' },
    { text: 'x' },
    { type: 'resource', resource: { uri: 'x:y', blob: '%' } },
    { type: 'resource', resource: ['x'] },
    [1],
    { type: 'resource' },
    { type: 'resource', resource: { uri: 'x:y' } },
    'a string',
    null,
  ])('pass as they are: %j', (item) => {
    expect(valueOf(item)).toBe('OWN');
  });
});

describe('textOf', () => {
  it('is what texts and embedded texts say', () => {
    expect(textOf({ type: 'text', text: '' })).toBe('');
    expect(textOf({ type: 'resource', resource: { uri: 'x:y', text: 'a' } })).toBe('a');
  });

  it.each([null, 'a', { type: 'text' }, { type: 'image', text: 'a' }, { type: 'resource', resource: null }])(
    'is nothing for %j',
    (item) => {
      expect(textOf(item)).toBeUndefined();
    },
  );
});

describe('bytesOf', () => {
  it('looks at many megabytes at once', () => {
    const data = 'QUJD'.repeat(10_000_000);
    expect(bytesOf({ type: 'image', mimeType: 'image/png', data })?.base64).toHaveLength(data.length);
    expect(bytesOf({ type: 'image', mimeType: 'image/png', data: `${data}!` })).toBeUndefined();
    expect(bytesOf({ type: 'image', mimeType: 'image/png', data: `${data}\n` })?.base64).toHaveLength(data.length);
  });

  it('may be none', () => {
    expect(bytesOf({ type: 'image', mimeType: 'image/png', data: '' })).toEqual({ mediaType: 'image/png', base64: '' });
  });
});

describe('essenceOf', () => {
  it.each([
    ['image/png', 'image/png'],
    [' Image/SVG+XML ; charset=utf-8', 'image/svg+xml'],
    ['image/*', undefined],
    ['png', undefined],
    ['image/png\r\nX-Evil: 1', undefined],
    [`image/${'x'.repeat(200)}`, undefined],
    [5, undefined],
  ])('of %j is %j', (given, expected) => {
    expect(essenceOf(given)).toBe(expected);
  });
});
