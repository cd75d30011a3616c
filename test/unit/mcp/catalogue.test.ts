import { afterEach, describe, expect, it, vi } from 'vitest';
import { listCatalogue, type Listing, type ListingOptions } from '../../../src/mcp/catalogue.ts';
import type { Connection, Session } from '../../../src/mcp/connection.ts';
import type { Reply, RequestOptions } from '../../../src/mcp/transports/transport.ts';
import type { Catalogue } from '../../../src/mcp/types.ts';

afterEach(() => void vi.useRealTimers());

const about = {
  serverName: 'fixture',
  serverVersion: '1.0.0',
  instructions: 'Be kind.',
  protocolVersion: '2025-11-25',
};
const offers = { offersTools: true, offersPrompts: false, offersResources: false };

/** The definitions, as one page of a list. */
function page(member: 'tools' | 'prompts', ...definitions: readonly string[]): Reply {
  const text = `{"${member}":[${definitions.join(',')}]}`;
  return { kind: 'result', value: JSON.parse(text), text: () => text };
}

/** Lists a server that gives these answers, by method. */
function list(
  answers: Readonly<Record<string, Reply | ((options: RequestOptions) => Promise<Reply>)>>,
  session: Partial<Session> = {},
  changes: Partial<ListingOptions> = {},
): Promise<Listing> {
  const ask: Connection['ask'] = ({ method }, options) => {
    const answer = answers[method] ?? { kind: 'timeout' };
    return typeof answer === 'function' ? answer(options) : Promise.resolve(answer);
  };
  const connection = { ask, session: { ...about, ...offers, ...session } } as unknown as Connection;
  const { signal } = new AbortController();
  return listCatalogue(connection, {
    previous: () => undefined,
    learnsPrompts: false,
    deadlineAt: Date.now() + 10_000,
    signal,
    ...changes,
  });
}

const add = '{"name":"add","title":" Add ","inputSchema":{"type":"object","maximum":9007199254740993}}';
const sub = '{"name":"sub","description":"Subtracts.","annotations":{"readOnlyHint":true},"inputSchema":{}}';

describe('listCatalogue', () => {
  it('reads what a server offers, and says of itself', async () => {
    const { catalogue, rejected, problems } = await list({ 'tools/list': page('tools', add, sub) });
    expect(catalogue).toMatchObject({ ...about, prompts: [], offers: { resources: false, prompts: false } });
    expect(catalogue.tools.map(({ name, title, description }) => [name, title, description])).toEqual([
      ['add', ' Add ', undefined],
      ['sub', undefined, 'Subtracts.'],
    ]);
    expect(catalogue.tools[1]?.annotations).toEqual({ readOnlyHint: true });
    expect([rejected, problems]).toEqual([[], []]);
  });

  it('gives the same object for the same definition, in whatever order', async () => {
    const { catalogue: before } = await list({ 'tools/list': page('tools', add, sub) });
    const changed = sub.replace('Subtracts.', 'Takes away.');
    const { catalogue } = await list({ 'tools/list': page('tools', changed, add) }, {}, { previous: () => before });
    expect(catalogue.tools.map(({ name }) => name)).toEqual(['sub', 'add']);
    expect(catalogue.tools[1]).toBe(before.tools[0]);
    expect(catalogue.tools[0]).not.toBe(before.tools[1]);
  });

  it('leaves out what is no tool, and the second of a name, each with its reason', async () => {
    const twice = add.replace(' Add ', 'Again');
    const { catalogue, rejected } = await list({
      'tools/list': page('tools', add, '{}', '"tool"', '{"name":""}', twice, '{"name":"bare"}'),
    });
    expect(catalogue.tools.map(({ name }) => name)).toEqual(['add', 'bare']);
    expect(rejected).toEqual([
      { tool: '(no name)', reason: 'it has no name' },
      { tool: '(no name)', reason: 'it is no object' },
      { tool: '(no name)', reason: 'it has no name' },
      { tool: 'add', reason: 'another tool has the same name' },
    ]);
    expect(catalogue.tools[1]?.inputSchema).toMatchObject({ type: 'object', 'x-mcp-schema-error': expect.any(String) });
  });

  it('fails where the list cannot be had, and says why', async () => {
    const gone: Reply = { kind: 'lost', detail: 'the process exited with code 9', gone: true };
    await expect(list({ 'tools/list': gone })).rejects.toThrow('tools/list failed: the process exited with code 9');
    await expect(list({})).rejects.toThrow('tools/list failed: no answer in time (--connection-timeout)');
  });

  it('has no tools where the server says that it has none, and does not answer for long', async () => {
    vi.useFakeTimers({ now: 0 });
    const until: number[] = [];
    const answers = {
      'tools/list': ({ deadlineAt }: RequestOptions): Promise<Reply> => {
        until.push(deadlineAt);
        return Promise.resolve({ kind: 'timeout' });
      },
    };
    const { catalogue } = await list(answers, { offersTools: false }, { deadlineAt: 60_000 });
    expect(catalogue.tools).toEqual([]);
    await list(answers, { offersTools: false }, { deadlineAt: 1_000 });
    expect(until, 'three seconds, or what is left').toEqual([3_000, 1_000]);
    const { catalogue: shy } = await list({ 'tools/list': page('tools', add) }, { offersTools: false });
    expect(shy.tools, 'it has some all the same').toHaveLength(1);
  });

  it('asks for prompts only where they are wanted and offered; without them the tools are as good', async () => {
    const greet = '{"name":"greet"}';
    const answers = { 'tools/list': page('tools', add), 'prompts/list': page('prompts', greet) };
    const wanted = { learnsPrompts: true };
    expect((await list(answers, { offersPrompts: true })).catalogue.prompts).toEqual([]);
    expect((await list(answers, {}, wanted)).catalogue.prompts).toEqual([]);
    const { catalogue } = await list(answers, { offersPrompts: true }, wanted);
    expect(catalogue.prompts.map(({ name }) => name)).toEqual(['greet']);
    const previous: Catalogue = catalogue;
    const without = await list(
      { 'tools/list': page('tools', add) },
      { offersPrompts: true },
      { ...wanted, previous: () => previous },
    );
    expect(without.catalogue.prompts, 'as they were').toEqual(catalogue.prompts);
    expect(without.catalogue.tools[0]).toBe(catalogue.tools[0]);
    expect(without.problems).toEqual(['its prompts could not be listed: no answer in time (--connection-timeout)']);
  });
});
