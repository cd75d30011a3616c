import { describe, expect, it, test } from 'vitest';
import { idOfResult, isLong, longReply, textOf } from '../../../../src/mcp/transports/long-result.ts';

const result = '{"content":[{"type":"text","text":"9007199254740993 and 1.0"}],"n":1.0}';

/** In pieces of so many bytes. */
function pieces(text: string, bytes: number): Buffer[] {
  const all = Buffer.from(text);
  const cut: Buffer[] = [];
  for (let at = 0; at < all.length; at += bytes) cut.push(all.subarray(at, at + bytes));
  return cut;
}

describe('idOfResult', () => {
  test.each([
    `{"jsonrpc":"2.0","id":1000001,"result":${result}}`,
    `{"id":1000001,"jsonrpc":"2.0","result":${result}}`,
    `{"result":${result},"jsonrpc":"2.0","id":1000001}`,
    `{"jsonrpc":"2.0","result":${result},"id":1000001}`,
    `{ "jsonrpc" : "2.0" , "result" : ${result} , "id" : "1000001" }\r`,
    `{"id":1000001,"result":${result}}`,
  ])('finds the request of %s', (message) => {
    expect(idOfResult(message)).toBe(1_000_001);
    expect(idOfResult(pieces(message, 10_000))).toBe(1_000_001);
    expect(idOfResult(pieces(message, 300))).toBe(1_000_001);
  });

  test.each([
    `{"jsonrpc":"2.0","id":1000001,"error":{"code":1,"message":"x"}}`,
    `{"jsonrpc":"2.0","id":1000001,"method":"sampling/createMessage","params":{"result":{}}}`,
    `[{"jsonrpc":"2.0","id":1000001,"result":${result}}]`,
    `{"jsonrpc":"2.0","x":1,"id":1000001,"result":${result}}`,
    `{"jsonrpc":"2.0","result":${result}}`,
    `{"result":{"text":"},\\"id\\":1000001}"}}`,
    'a line of a log that is very long',
    '',
  ])('leaves to the parser: %s', (message) => {
    expect(idOfResult(message)).toBeUndefined();
    expect(idOfResult(pieces(message, 300))).toBeUndefined();
  });

  it('finds an id behind a result that is longer than its ends', () => {
    const message = `{"result":{"text":"${'é'.repeat(5000)}"},"jsonrpc":"2.0","id":1000001}`;
    for (const bytes of [7, 256, 4096]) expect(idOfResult(pieces(message, bytes))).toBe(1_000_001);
  });
});

describe('longReply', () => {
  it('is read by whoever asks for it, exactly', () => {
    const message = pieces(`{"jsonrpc":"2.0","id":1000001,"result":${result}}`, 7);
    const reply = longReply(message);
    if (reply.kind !== 'result') throw new Error(reply.kind);
    expect(reply.message).toBe(message);
    expect(reply.value).toEqual(JSON.parse(result));
    expect(reply.text()).toBe(result);
  });

  it('is nothing where that is no JSON', () => {
    const reply = longReply('{"jsonrpc":"2.0","id":1000001,"result":{"content":[}}');
    if (reply.kind !== 'result') throw new Error(reply.kind);
    expect([reply.value, reply.text()]).toEqual([undefined, 'null']);
  });
});

test('what is long', () => {
  const mib = Buffer.alloc(1_048_576);
  expect(isLong([mib, mib, mib, mib.subarray(1)])).toBe(false);
  expect(isLong([mib, mib, mib, mib])).toBe(true);
  expect([isLong('x'.repeat(4_194_303)), isLong('x'.repeat(4_194_304))]).toEqual([false, true]);
});

test('the text of pieces that cut characters', () => {
  expect(textOf(pieces('größer 😀', 3))).toBe('größer 😀');
  expect(textOf(pieces('größer 😀', 300))).toBe('größer 😀');
  expect(textOf([])).toBe('');
});
