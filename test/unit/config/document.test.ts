import { describe, expect, it } from 'vitest';
import { parseDocument, pathText } from '../../../src/config/document.ts';

const text = [
  '{ // a comment',
  '  "a": { "b": [1, "two",], },',
  '  /* and',
  '     another */ "2": null, "1": true, // the end',
  '}',
].join('\n');

describe('a document', () => {
  it('is plain data', () => {
    expect(parseDocument(text, 'f').value).toEqual({ a: { b: [1, 'two'] }, '2': null, '1': true });
    expect(Object.getPrototypeOf(parseDocument(text, 'f').value)).toBeNull();
  });

  it.each(['\n', '\r\n', '\r'])('knows the places of values and keys (line ends %j)', (lineEnd) => {
    for (const mark of ['', '\uFEFF']) {
      const document = parseDocument(mark + text.replaceAll('\n', lineEnd), 'f.json');
      expect(document.label(['a', 'b', 1])).toBe('f.json:2:19: a.b[1]');
      expect(document.label(['a'])).toBe('f.json:2:8: a');
      expect(document.keyLabel(['a', 'b'])).toBe('f.json:2:10: a.b');
      expect(document.keyLabel(['2'])).toBe('f.json:4:17: 2');
      expect(document.label(['a', 'none', 'deeper'])).toBe('f.json:2:8: a.none.deeper');
      expect(document.label([])).toBe('f.json:1:1: ');
    }
  });

  it('gives keys in their order', () => {
    expect(parseDocument(text, 'f').keys([])).toEqual(['a', '2', '1']);
    expect(parseDocument(text, 'f').keys(['none'])).toEqual([]);
  });

  it('has no places without a file', () => {
    expect(parseDocument(text, undefined).label(['a', 'b', 0])).toBe('a.b[0]');
  });

  it('refuses what would overflow the stack', () => {
    expect(() => parseDocument('['.repeat(200_000), 'f')).toThrow('f:1:1: the file is nested too deeply.');
    expect(() => parseDocument(`${'['.repeat(150)}${']'.repeat(150)}`, 'f')).toThrow(
      'f:1:102: this is nested too deeply.',
    );
  });
});

it('writes paths as people do', () => {
  expect(pathText(['mcpServers', 'my server', 'args', 0])).toBe('mcpServers["my server"].args[0]');
  expect(pathText(['a-b', '$c', 'd.e', ''])).toBe('a-b.$c["d.e"][""]');
});
