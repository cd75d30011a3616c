import { describe, expect, it } from 'vitest';
import type { ServerConfig, Target } from '../../../src/config/types.ts';
import type { AskRequest, Outcome, Question } from '../../../src/mcp/types.ts';
import type { Upstream } from '../../../src/mcp/upstream.ts';
import { callTool, nobody, startUpstream, stdioTarget, textOf, until, type RunningUpstream } from '../../support.ts';

const offering = 'offers-resources-and-prompts';
const exposed: Partial<ServerConfig> = { expose: ['resources', 'prompts'] };

async function start(target: Target, config: Partial<ServerConfig> = exposed): Promise<RunningUpstream> {
  const running = startUpstream(target, {}, config);
  await running.upstream.attempted;
  return running;
}

async function ask(upstream: Upstream, question: Question, changes: Partial<AskRequest> = {}): Promise<Outcome> {
  const lease = upstream.lease();
  try {
    const signal = new AbortController().signal;
    return await lease.ask({ question, deadlineAt: Date.now() + 20_000, signal, principal: nobody, ...changes });
  } finally {
    lease.release();
  }
}

const received = async (upstream: Upstream) =>
  JSON.parse(textOf(await callTool(upstream, 'received'))) as Record<string, number>;

describe('prompts', () => {
  it('are learned from all pages, where they are exposed', async () => {
    const { upstream, events } = await start(stdioTarget(offering));
    expect(upstream.catalogue?.offers).toEqual({ resources: true, prompts: true });
    expect(upstream.catalogue?.prompts.map(({ name }) => name)).toEqual(['greet', 'plain', 'docs']);
    expect(upstream.catalogue?.prompts[0]).toEqual({
      name: 'greet',
      title: 'Greet',
      description: 'Greets somebody.',
      arguments: [
        { name: 'who', title: undefined, description: 'Whom to greet.', required: true },
        { name: 'tone', title: undefined, description: undefined, required: false },
      ],
    });
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  it('are not asked for where they are not, or where the server has none', async () => {
    const { upstream } = await start(stdioTarget(offering), { expose: ['resources'] });
    expect(upstream.catalogue).toMatchObject({ prompts: [], offers: { resources: true, prompts: true } });
    expect(await received(upstream)).not.toHaveProperty('prompts/list');
    const { upstream: without } = await start(stdioTarget('echo'));
    expect(without.catalogue).toMatchObject({ prompts: [], offers: { resources: false, prompts: false } });
    expect(await received(without)).not.toHaveProperty('prompts/list');
  });

  it('that changed are learned anew; the others stay the same objects', async () => {
    let changes = 0;
    const running = startUpstream(stdioTarget(offering), { onChange: () => changes++ }, exposed);
    const { upstream } = running;
    await upstream.attempted;
    const before = upstream.catalogue;
    await callTool(upstream, 'add_prompt', { name: 'new' });
    await until(() => upstream.catalogue !== before);
    expect(upstream.catalogue?.prompts.map(({ name }) => name)).toEqual(['greet', 'plain', 'docs', 'new']);
    expect(upstream.catalogue?.prompts[0]).toBe(before?.prompts[0]);
    expect(upstream.catalogue?.tools).toEqual(before?.tools);
    expect(changes).toBe(2);
  });

  it('that cannot be listed cost no tool, and are told', async () => {
    const { upstream, events } = await start(stdioTarget(offering, { PROMPTS: 'broken' }));
    expect(upstream.status()).toMatchObject({ state: 'ready', tools: 3 });
    expect(upstream.catalogue?.prompts).toEqual([]);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', message: 'fixture: its prompts could not be listed: out of prompts' },
    ]);
  });

  it('that are malformed are left out alone, and told', async () => {
    const { upstream, events } = await start(stdioTarget(offering, { PROMPTS: 'odd' }));
    expect(upstream.catalogue?.prompts.map(({ name }) => name)).toEqual(['greet', 'plain', 'docs']);
    const told = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
    expect(told).toEqual([
      'fixture: a prompt is left out: it has no name',
      'fixture: a prompt is left out: it is no object',
      'fixture: a prompt is left out: plain is there already',
      'fixture: a prompt is left out: the arguments of odd are no list',
    ]);
  });
});

describe('a question', () => {
  it('for a list gets all its pages, to the letter', async () => {
    const { upstream } = await start(stdioTarget(offering));
    const outcome = await ask(upstream, { method: 'resources/list' });
    expect(outcome).toMatchObject({ kind: 'result', value: { resources: { length: 3 } } });
    expect(outcome.kind === 'result' && outcome.text()).toMatch(
      /^\{"resources":\[\{"uri":"note:\/\/today",.*"_meta":\{"big":9007199254740993,"price":1\.10\}\},\{"uri":"image:.*\]\}$/,
    );
    expect((await received(upstream))['resources/list']).toBe(2);
  });

  it('for a list that the server does not know gets an empty one', async () => {
    const { upstream } = await start(stdioTarget('echo'));
    const outcome = await ask(upstream, { method: 'resources/templates/list' });
    expect(outcome.kind === 'result' && outcome.text()).toBe('{"resourceTemplates":[]}');
  });

  it('carries the text of the arguments, and gets the result to the letter', async () => {
    const { upstream } = await start(stdioTarget(offering));
    const outcome = await ask(upstream, { method: 'prompts/get', name: 'greet', argumentsText: '{"who": "\\u0041"}' });
    const text = outcome.kind === 'result' ? outcome.text() : '';
    expect(text).toContain('"_meta":{"big":9007199254740993,"price":1.10}');
    const { messages } = JSON.parse(text) as { messages: { content: { text: string } }[] };
    expect(messages[0]?.content.text).toContain('"params":{"name":"greet","arguments":{"who": "\\u0041"}}');
  });

  it('that the server refuses, or nobody waits for, comes to what a call would', async () => {
    const { upstream } = await start(stdioTarget(offering));
    expect(await ask(upstream, { method: 'resources/read', uri: 'note://"no"' })).toMatchObject({
      kind: 'rpc-error',
      code: -32_002,
    });
    const slow: Question = { method: 'resources/read', uri: 'note://slow' };
    const abort = new AbortController();
    const gone = ask(upstream, slow, { signal: abort.signal });
    abort.abort();
    expect(await gone).toEqual({ kind: 'cancelled' });
    expect((await ask(upstream, slow, { deadlineAt: Date.now() + 50 })).kind).toBe('timeout');
    expect(JSON.parse(textOf(await callTool(upstream, 'cancelled')))).toHaveLength(2);
    expect(upstream.status().inFlight).toBe(0);
  });
});
