import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json/value.ts';
import { callHeaders, questionHeaders } from '../../../../src/mcp/transports/mcp-headers.ts';
import type { Tool } from '../../../../src/mcp/types.ts';

function tool(name: string, properties: JsonObject = {}): Tool {
  const inputSchema = { type: 'object', properties };
  const definition = { name, inputSchema };
  return {
    ...definition,
    definition,
    title: undefined,
    description: undefined,
    outputSchema: undefined,
    annotations: undefined,
  };
}

describe('callHeaders', () => {
  it('names the method and the tool', () => {
    expect(callHeaders(tool('get_time'), '{}')).toEqual({ 'mcp-method': 'tools/call', 'mcp-name': 'get_time' });
  });

  it('encodes what a field cannot hold', () => {
    expect(callHeaders(tool('zürich'), '{}')['mcp-name']).toBe(
      `=?base64?${Buffer.from('zürich').toString('base64')}?=`,
    );
    expect(callHeaders(tool(' x'), '{}')['mcp-name']).toMatch(/^=\?base64\?/);
  });

  it('mirrors marked parameters, nested ones too, and no others', () => {
    const properties = {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      plain: { type: 'string' },
      nested: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'N' } } },
      bad: { type: 'string', 'x-mcp-header': 'a b' },
    };
    const text = '{"region":"eu","plain":"p","nested":{"n":5},"bad":"x"}';
    expect(callHeaders(tool('t', properties), text)).toEqual({
      'mcp-method': 'tools/call',
      'mcp-name': 't',
      'mcp-param-Region': 'eu',
      'mcp-param-N': '5',
    });
    expect(callHeaders(tool('t', properties), '{}')).not.toHaveProperty('mcp-param-Region');
  });
});

describe('questionHeaders', () => {
  it('name the method, and what is asked for by its name or URI', () => {
    expect(questionHeaders({ method: 'resources/list' })).toEqual({ 'mcp-method': 'resources/list' });
    expect(questionHeaders({ method: 'resources/read', uri: 'note://a' })).toEqual({
      'mcp-method': 'resources/read',
      'mcp-name': 'note://a',
    });
    expect(questionHeaders({ method: 'prompts/get', name: 'grüß', argumentsText: '{}' })).toEqual({
      'mcp-method': 'prompts/get',
      'mcp-name': `=?base64?${Buffer.from('grüß').toString('base64')}?=`,
    });
  });
});
