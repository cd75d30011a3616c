import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../../../src/config/types.ts';
import { knownKeys } from '../../../../src/server/access/keys.ts';
import { checkScope, type Wanted } from '../../../../src/server/access/scopes.ts';

function keyWith(limits: Partial<AccessKey>) {
  const none = { servers: undefined, tools: undefined, readOnly: false, expiresAt: undefined };
  const keys = [{ name: 'ci', digest: '00'.repeat(32), ...none, ...limits }];
  return knownKeys({ apiKey: undefined, keys })[0];
}

const read: Wanted = { name: 'read_file', readOnly: true };
const write: Wanted = { name: 'write_file', readOnly: false };

test('without a key, and with one without limits, nothing is limited', () => {
  for (const key of [undefined, knownKeys({ apiKey: 'k', keys: [] })[0], keyWith({})]) {
    for (const tool of [read, write, undefined]) expect(() => checkScope(key, 'files', tool)).not.toThrow();
  }
});

describe('a key', () => {
  test.each<[string, Partial<AccessKey>, string, Wanted | undefined]>([
    ['a server that it names', { servers: ['time', 'files'] }, 'files', write],
    ['a server that fits a pattern', { servers: ['f*'] }, 'files', write],
    ['a tool that it names', { tools: ['write_file'] }, 'files', write],
    ['a tool that fits a pattern', { tools: ['read_*'] }, 'files', read],
    ['a tool that only reads', { readOnly: true }, 'files', read],
    ['resources, if it is for reading', { readOnly: true }, 'files', undefined],
    ['resources of a server that it names', { servers: ['files'] }, 'files', undefined],
  ])('is good for %s', (_name, limits, server, tool) => {
    expect(() => checkScope(keyWith(limits), server, tool)).not.toThrow();
  });

  test.each<[string, Partial<AccessKey>, Wanted | undefined, string]>([
    [
      'another server',
      { servers: ['time'] },
      read,
      'is not for the server "files": use another key, or change "servers" of "ci" in "mcpo.keys".',
    ],
    ['any server, if it names none', { servers: [] }, read, 'is not for the server "files"'],
    ['a server that a name begins', { servers: ['file'] }, read, 'is not for the server "files"'],
    ['resources of another server', { servers: ['time'] }, undefined, 'is not for the server "files"'],
    ['another tool', { tools: ['read_*'] }, write, 'is not for the tool "write_file" of the server "files"'],
    ['resources, if it is for single tools', { tools: ['*_file'] }, undefined, 'is not for resources and prompts'],
    [
      'a tool that does more than read',
      { readOnly: true },
      write,
      'is for tools that only read, and the tool "write_file"',
    ],
    ['a tool that fits one limit of two', { tools: ['*'], readOnly: true }, write, 'change "readOnly" of "ci"'],
  ])('is not good for %s', (_name, limits, tool, sentence) => {
    expect(() => checkScope(keyWith(limits), 'files', tool)).toThrow(
      expect.objectContaining({ code: 'forbidden', message: expect.stringContaining(sentence) }),
    );
  });
});
