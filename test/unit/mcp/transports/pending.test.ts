import { describe, expect, it } from 'vitest';
import { toReply } from '../../../../src/mcp/transports/pending.ts';
import type { Reply } from '../../../../src/mcp/transports/transport.ts';

function replyOf(text: string): Reply {
  return toReply(JSON.parse(text) as { readonly [key: string]: unknown }, text);
}

describe('toReply', () => {
  it('gives the exact text of a result', () => {
    const reply = replyOf('{"jsonrpc":"2.0","result": {"a": 9007199254740993, "b":1.0} ,"id":1000000}');
    expect(reply).toMatchObject({ kind: 'result', value: { b: 1 } });
    expect(reply.kind === 'result' && reply.text()).toBe('{"a": 9007199254740993, "b":1.0}');
  });

  it('gives the exact text of the data of an error', () => {
    const dataOf = (text: string) => {
      const reply = replyOf(text);
      return reply.kind === 'rpc-error' ? reply.dataText() : reply;
    };
    expect(dataOf('{"id":1000000,"error":{"code":-1,"data": [9007199254740993, 1.10],"message":"m"}}')).toBe(
      '[9007199254740993, 1.10]',
    );
    expect(dataOf('{"id":1000000,"error":{"code":-1,"message":"m","data":null}}')).toBe('null');
    expect(dataOf('{"id":1000000,"data":1,"error":{"code":-1,"message":"m"}}')).toBeUndefined();
  });

  it('has a code and a message for an error that lacks them', () => {
    expect(replyOf('{"error":{}}')).toMatchObject({
      kind: 'rpc-error',
      code: 0,
      message: expect.any(String) as string,
    });
    expect(replyOf('{"error":"boom"}')).toMatchObject({ kind: 'unusable' });
  });
});
