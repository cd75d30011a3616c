import { expect, test } from 'vitest';
import type { Target } from '../../../src/config/types.ts';
import { withholding } from '../../../src/mcp/withheld.ts';

const remote: Target = {
  kind: 'streamable-http',
  url: 'https://me:pass%20word@tools.example/mcp?key=query-secret&x=1',
  headers: { Authorization: 'Bearer header-secret', 'X-Key': 'key-secret', 'X-Short': 'of' },
  tls: undefined,
};

const child: Target = {
  kind: 'stdio',
  command: 'true',
  args: [],
  env: {
    API_KEY: 'env-secret',
    DATA: '/srv/data-files',
    DATABASE_URL: 'postgres://me:db-secret@db/x',
    HOME_TOKEN: '/home/me',
  },
  ownEnv: ['API_KEY', 'DATA', 'DATABASE_URL'],
  cwd: undefined,
};

test.each([
  ['denied: Bearer header-secret', 'denied: ***'],
  ['denied: header-secret', 'denied: ***'],
  ['no key-secret', 'no ***'],
  ['POST /mcp?key=query-secret&x=1 of me', 'POST /mcp?*** of me'],
  ['key query-secret', 'key ***'],
  ['pass%20word and pass word', '*** and ***'],
  ['too short to be one: of', 'too short to be one: of'],
  ['Bearer eyJhbGciOiJIUzI1NiJ9.e30.x is expired', 'Bearer *** is expired'],
  ['Bearer authentication required', 'Bearer authentication required'],
])('of what a remote server says, %j is told as %j', (said, told) => {
  expect(withholding(remote)(said)).toBe(told);
});

test.each([
  ['Incorrect API key provided: env-secret', 'Incorrect API key provided: ***'],
  ['cannot connect to postgres://me:db-secret@db/x', 'cannot connect to postgres://me:***@db/x'],
  ['ENOENT: /srv/data-files', 'ENOENT: /srv/data-files'],
  ['what is inherited is not looked at: /home/me', 'what is inherited is not looked at: /home/me'],
])('of what a child says, %j is told as %j', (said, told) => {
  expect(withholding(child)(said)).toBe(told);
});
