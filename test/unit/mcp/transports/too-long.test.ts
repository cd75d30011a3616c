import { describe, expect, it } from 'vitest';
import { idOfEnds } from '../../../../src/mcp/transports/too-long.ts';

describe('idOfEnds', () => {
  it.each([
    ['{"jsonrpc":"2.0","id":1000001,"result":{"a":"x', 'x"}}', 1_000_001],
    ['{"id": "1000001", "result"', 'x"}}', 1_000_001],
    ['{"jsonrpc":"2.0","result":{"id":5', '"}},"id":1000001}', 1_000_001],
    ['{"result":{"id":5', '"}},"id":1000001,"jsonrpc":"2.0"}', 1_000_001],
    ['event: message\r\nid: 7\r\ndata: {"jsonrpc":"2.0","id":1000001,"result"', '"}}\r\n\r\n', 1_000_001],
    ['{"jsonrpc":"2.0","result":{"a"', ':1},"id":1000001}', 1_000_001],
    ['data: {"result":"', '"\ndata: ,"id":1000001\ndata: }\n\n', 1_000_001],
    ['{"jsonrpc":"2.0","result":{"id":5', 'x"}}', undefined],
    ['{"jsonrpc":"2.0","method":"m","params":{"id":5', '"id":5}}', undefined],
  ])('%j ... %j', (head, tail, id) => {
    expect(idOfEnds(head, tail)).toBe(id);
  });
});
