import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json/value.ts';
import { callHeaders } from '../../../../src/mcp/transports/mcp-headers.ts';
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
