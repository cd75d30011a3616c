import { describe, expect, it } from 'vitest';
import { wantsFullResult } from '../../../src/openapi/negotiate.ts';

describe('wantsFullResult', () => {
  it.each([
    'application/vnd.mcp.result+json',
    'Application/Vnd.MCP.Result+JSON; q=0.5',
    'application/vnd.mcp.result+json, application/json;q=0.9',
    'application/vnd.mcp.result+json, */*;q=0.1',
    'text/html, application/vnd.mcp.result+json;q=0.2',
    'application/json;q=0, application/vnd.mcp.result+json;q=0.1, */*',
  ])('is true for %s', (accept) => {
    expect(wantsFullResult(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/vnd.mcp.result+json;q=0',
    'application/json, application/vnd.mcp.result+json',
    'application/vnd.mcp.result+json;q=0.5, */*',
    'application/vnd.mcp.result+jsonx',
  ])('is false for %s', (accept) => {
    expect(wantsFullResult(accept)).toBe(false);
  });
});
