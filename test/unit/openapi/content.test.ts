import { describe, expect, it } from 'vitest';
import { contentValue } from '../../../src/openapi/content.ts';

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

describe('other items', () => {
  it('are bare data URIs without parameters and line breaks', () => {
    expect(valueOf({ type: 'image', mimeType: 'image/png; foo=1', data: 'QUJD\r\nRA==\n' })).toBe(
      '"data:image/png;base64,QUJDRA=="',
    );
    expect(valueOf({ type: 'audio', mimeType: 'audio/wav', data: 'AA==' })).toBe('"data:audio/wav;base64,AA=="');
    expect(valueOf({ type: 'image', mimeType: 'a,b"', data: 'AA==' })).toBe(
      '"data:application/octet-stream;base64,AA=="',
    );
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
    { type: 'resource' },
    { type: 'resource', resource: { uri: 'x:y' } },
    'a string',
    null,
  ])('pass as they are: %j', (item) => {
    expect(valueOf(item)).toBe('OWN');
  });
});
