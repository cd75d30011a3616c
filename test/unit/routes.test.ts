import { expect, it } from 'vitest';
import { reservedServerNames, reservedToolNames } from '../../src/routes.ts';

it('keeps our own addresses from servers and tools', () => {
  for (const name of ['docs', 'redoc', 'openapi.json', 'openapi.yaml', 'oauth', 'healthz', 'readyz', 'metrics']) {
    expect(reservedServerNames.has(name)).toBe(true);
    expect(reservedToolNames.has(name)).toBe(true);
  }
  expect(reservedToolNames.has('resources')).toBe(true);
  expect(reservedServerNames.has('resources')).toBe(false);
});

it('is written in lower case, because names are compared in it', () => {
  for (const name of reservedToolNames) expect(name).toBe(name.toLowerCase());
});
