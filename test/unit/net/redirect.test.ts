import { expect, it } from 'vitest';
import { redirectSentence, redirectWithin } from '../../../src/net/redirect.ts';

it.each([
  ['http://a.example/mcp', 307, '/mcp/', 'http://a.example/mcp/'],
  ['http://a.example/mcp', 308, 'https://a.example/mcp', 'https://a.example/mcp'],
  ['https://a.example/mcp', 307, 'http://a.example/mcp', undefined],
  ['http://a.example:81/mcp', 307, 'https://a.example/mcp', undefined],
  ['http://a.example/mcp', 307, 'http://b.example/mcp', undefined],
  ['http://a.example/mcp', 307, 'http://me:secret@a.example/mcp', undefined],
  ['http://a.example/mcp', 302, '/mcp/', undefined],
  ['http://a.example/mcp', 307, 'http://[bad', undefined],
  ['http://a.example/mcp', 307, undefined, undefined],
])('%s, %i to %s: %s', (from, status, location, to) => {
  expect(redirectWithin(new URL(from), status, location)?.href).toBe(to);
});

it('names where a redirect leads, without its query', () => {
  expect(redirectSentence(new URL('http://a.example/mcp'), 302, 'https://b.example/login?token=1')).toBe(
    'the server redirects to https://b.example/login (HTTP 302), which is not followed; check the url',
  );
});
