import { expect, test } from 'vitest';
import type { Connection } from '../../../src/mcp/connection.ts';
import { listPages } from '../../../src/mcp/pages.ts';
import type { Reply } from '../../../src/mcp/transports/transport.ts';

const result = (text: string): Reply => ({ kind: 'result', value: JSON.parse(text), text: () => text });

/** A connection whose pages are these, by cursor; '' for the first. */
function connectionOf(pages: (cursor: string) => Reply): { readonly connection: Connection; readonly asked: string[] } {
  const asked: string[] = [];
  const ask: Connection['ask'] = (_question, _options, cursor = '') => {
    asked.push(cursor);
    return Promise.resolve(pages(cursor));
  };
  return { connection: { ask } as Connection, asked };
}

const list = (connection: Connection) => listPages(connection, 'prompts/list', { deadlineAt: 0 });

test('all pages give one list of texts', async () => {
  const { connection, asked } = connectionOf((cursor) =>
    result(cursor === '' ? '{"nextCursor":"b","prompts":[ 1.0 , {"a" :2}]}' : '{"prompts":["x"]}'),
  );
  expect(await list(connection)).toEqual({ kind: 'items', items: ['1.0', '{"a" :2}', '"x"'] });
  expect(asked).toEqual(['', 'b']);
});

test('a cursor that repeats ends the list', async () => {
  const { connection, asked } = connectionOf((cursor) =>
    result(`{"prompts":[1],"nextCursor":"${cursor === 'a' ? 'b' : 'a'}"}`),
  );
  expect(await list(connection)).toMatchObject({ items: { length: 3 } });
  expect(asked).toEqual(['', 'a', 'b']);
});

test('a list that never ends is cut', async () => {
  const { connection, asked } = connectionOf((cursor) => result(`{"prompts":[1],"nextCursor":"${cursor}x"}`));
  expect(await list(connection)).toMatchObject({ items: { length: 1_000 } });
  expect(asked).toHaveLength(1_000);
});

test('a list longer than a string may be is refused', async () => {
  const page = `{"prompts":["${'x'.repeat(32 * 1024 * 1024)}"],"nextCursor":"`;
  const { connection, asked } = connectionOf((cursor) => ({
    kind: 'result',
    value: { prompts: [''], nextCursor: `${cursor}x` },
    text: () => `${page}${cursor}x"}`,
  }));
  expect(await list(connection)).toMatchObject({ kind: 'unusable' });
  expect(asked).toHaveLength(4);
});

test.each<[string, Reply]>([
  ['an error', { kind: 'rpc-error', code: -32_603, message: 'no', dataText: () => undefined }],
  ['a loss', { kind: 'lost', detail: 'gone', gone: true }],
  ['a timeout', { kind: 'timeout' }],
])('%s on any page is what the list comes to', async (_name, reply) => {
  const { connection } = connectionOf((cursor) => (cursor === '' ? result('{"prompts":[1],"nextCursor":"b"}') : reply));
  expect(await list(connection)).toBe(reply);
});

test.each(['{}', '{"prompts":{}}', '[]', 'null', '7'])('%s is no list', async (text) => {
  expect(await list(connectionOf(() => result(text)).connection)).toEqual({
    kind: 'unusable',
    detail: 'the server sent no list',
  });
});

test('a method that the server does not know lists nothing', async () => {
  const unknown: Reply = { kind: 'rpc-error', code: -32_601, message: 'Method not found', dataText: () => undefined };
  expect(await list(connectionOf(() => unknown).connection)).toEqual({ kind: 'items', items: [] });
});
