import { describe, expect, it } from 'vitest';
import type { ToolConfig } from '../../../src/config/types.ts';
import { prepareOperations } from '../../../src/openapi/prepared.ts';
import { makeCatalogue, makeOperation, makeOperations, makeServerConfig } from './made.ts';

const shown: ToolConfig = { name: undefined, description: undefined, timeoutMs: undefined, disabled: false };

function names(tools: readonly string[], server: Parameters<typeof makeOperations>[1]): string[] {
  return makeOperations(
    tools.map((name) => ({ name })),
    server,
  ).list.map((operation) => operation.name);
}

describe('which tools are offered', () => {
  const tools = ['read_file', 'write_file', 'list'];

  it('is all of them by default, in their order', () => {
    expect(names(tools, {})).toEqual(tools);
  });

  it('is what enabledTools names, less what disabledTools names', () => {
    expect(names(tools, { enabledTools: ['*_file'] })).toEqual(['read_file', 'write_file']);
    expect(names(tools, { disabledTools: ['write_*'] })).toEqual(['read_file', 'list']);
    expect(names(tools, { enabledTools: ['*_file'], disabledTools: ['write_*'] })).toEqual(['read_file']);
    expect(names(tools, { enabledTools: [] })).toEqual([]);
  });

  it('leaves out a tool that its own entry disables', () => {
    expect(names(tools, { tools: new Map([['list', { ...shown, disabled: true }]]) })).toEqual([
      'read_file',
      'write_file',
    ]);
  });

  it('is decided by the name that the upstream uses', () => {
    const renamed = new Map([['list', { ...shown, name: 'ls' }]]);
    expect(names(tools, { tools: renamed, disabledTools: ['ls'] })).toEqual(['read_file', 'write_file', 'ls']);
    expect(names(tools, { tools: renamed, disabledTools: ['list'] })).toEqual(['read_file', 'write_file']);
  });
});

describe('what an operation is called', () => {
  it('comes from the configuration before the upstream', () => {
    const tools = new Map([['a', { name: 'better', description: 'Ours.', timeoutMs: 5, disabled: false }]]);
    const operation = makeOperation({ name: 'a', description: 'Theirs.' }, { tools, timeoutMs: 9 });
    expect(operation).toMatchObject({
      name: 'better',
      segment: 'better',
      operationId: 'files_better',
      summary: 'Better',
      description: 'Ours.',
      timeoutMs: 5,
    });
    expect(operation.tool.name).toBe('a');
  });

  it('has a summary and a description in any case', () => {
    expect(makeOperation({ name: 'get_x', title: 'T', annotations: { title: 'A' }, description: 'D' })).toMatchObject({
      summary: 'T',
      description: 'D',
    });
    expect(makeOperation({ name: 'get_x', annotations: { title: 'A' }, description: ' ' })).toMatchObject({
      summary: 'A',
      description: 'A',
    });
    expect(makeOperation({ name: 'get_x', title: '' })).toMatchObject({ summary: 'Get X', description: 'Get X' });
    expect(makeOperation({ name: ' ' }).summary).not.toBe(' ');
  });

  it('takes the timeout of the server where the tool has none', () => {
    expect(makeOperation({ name: 'a' }, { timeoutMs: 9 }).timeoutMs).toBe(9);
    expect(makeOperation({ name: 'a' }).timeoutMs).toBeUndefined();
  });

  it('cuts a description that would fill the document', () => {
    expect(makeOperation({ name: 'a', description: 'x'.repeat(1_000_000) }).description.length).toBeLessThan(200_000);
  });
});

describe('prepareOperations', () => {
  const a = makeServerConfig('a');
  const b = makeServerConfig('b');
  const tools = makeCatalogue([{ name: 'x' }, { name: 'docs' }]);

  it('leaves out servers without a catalogue, and finds operations by segment', () => {
    const prepared = prepareOperations('server_tool', [
      { config: a, catalogue: tools, previous: undefined },
      { config: b, catalogue: undefined, previous: undefined },
    ]);
    expect([...prepared.keys()]).toEqual(['a']);
    for (const operation of prepared.get('a')?.list ?? []) {
      expect(prepared.get('a')?.bySegment.get(operation.segment)).toBe(operation);
    }
    expect(prepared.get('a')?.bySegment.has('docs')).toBe(false);
  });

  it('names no server where there is only one', () => {
    const prepared = prepareOperations('tool', [{ config: a, catalogue: tools, previous: undefined }]);
    expect(prepared.get('a')?.list.map(({ operationId }) => operationId)).toEqual(['x', 'docs']);
  });

  it('gives the same object as long as nothing changed', () => {
    const before = prepareOperations('server_tool', [{ config: a, catalogue: tools, previous: undefined }]).get('a');
    const again = prepareOperations('server_tool', [{ config: a, catalogue: tools, previous: before }]).get('a');
    expect(again).toBe(before);
    const other = prepareOperations('server_tool', [
      { config: makeServerConfig('a'), catalogue: tools, previous: before },
    ]);
    expect(other.get('a')).not.toBe(before);
  });

  it('keeps operations whose tool did not change when others did', () => {
    const before = prepareOperations('server_tool', [{ config: a, catalogue: tools, previous: undefined }]).get('a');
    const grown = { ...tools, tools: [...tools.tools, ...makeCatalogue([{ name: 'new' }]).tools] };
    const after = prepareOperations('server_tool', [{ config: a, catalogue: grown, previous: before }]).get('a');
    expect(after?.list).toHaveLength(3);
    expect(after?.list[0]).toBe(before?.list[0]);
  });

  it('renews a server whose ids another server took', () => {
    const config = makeServerConfig('a_b');
    const catalogue = makeCatalogue([{ name: 'c' }]);
    const before = prepareOperations('server_tool', [{ config, catalogue, previous: undefined }]).get('a_b');
    const rival = { config: a, catalogue: makeCatalogue([{ name: 'b_c' }]), previous: undefined };
    const after = prepareOperations('server_tool', [rival, { config, catalogue, previous: before }]);
    expect(before?.list[0]?.operationId).toBe('a_b_c');
    expect(after.get('a')?.list[0]?.operationId).toBe('a_b_c');
    expect(after.get('a_b')?.list[0]?.operationId).toMatch(/^a_b_h\w{5}_c$/);
  });
});
