import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../../src/config/types.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const environment = { KEY: 's3cret', EMPTY: '' };

async function load(mcpo: object): Promise<Settings> {
  const mcpServers = { notes: { command: 'x' }, clock: { command: 'y' } };
  return (await loadFile(folder, { mcpServers, mcpo }, { environment })).settings;
}

async function refusal(mcpo: object): Promise<string> {
  const error: unknown = await load(mcpo).catch((reason: unknown) => reason);
  return (error as Error).message.replace(/^.*?: /, '');
}

const digest = (key: string): string => hash('sha256', key, 'hex');
const unlimited = { servers: undefined, tools: undefined, readOnly: false, expiresAt: undefined };

describe('keys', () => {
  it('are none without the key', async () => expect((await load({})).keys).toEqual([]));

  it('are kept as digests', async () => {
    const { keys } = await load({ keys: [{ name: ' ops ', key: '${KEY}' }] });
    expect(keys).toEqual([{ name: 'ops', digest: digest('s3cret'), ...unlimited }]);
  });

  it.each([
    ['sha256:', digest('k')],
    ['', digest('k')],
    ['SHA256:', digest('k').toUpperCase()],
  ])('may be written as digests: %s', async (scheme, hex) => {
    const { keys } = await load({ keys: [{ name: 'ops', hash: `${scheme}${hex}` }] });
    expect(keys).toEqual([{ name: 'ops', digest: digest('k'), ...unlimited }]);
  });

  it('stand beside the one without limits', async () => {
    expect(await load({ apiKey: 'main', keys: [{ name: 'ops', key: 'k' }] })).toMatchObject({
      apiKey: 'main',
      keys: [{ name: 'ops' }],
    });
  });

  it('may have limits', async () => {
    const limits = { servers: ['notes', 'c*', 'none-yet-?'], tools: ['read_*', 'anything'], readOnly: true };
    const { keys } = await load({ keys: [{ name: 'ops', key: 'k', ...limits }] });
    expect(keys[0]).toMatchObject(limits);
  });

  it.each([
    ['2027-01-31', '2027-01-31T23:59:59.999Z'],
    ['2028-02-29', '2028-02-29T23:59:59.999Z'],
    ['2027-01-31T12:00Z', '2027-01-31T12:00:00.000Z'],
    ['2027-01-31T12:00:30.5Z', '2027-01-31T12:00:30.500Z'],
    ['2027-01-31T12:00:00+02:00', '2027-01-31T10:00:00.000Z'],
    ['2001-01-01', '2001-01-01T23:59:59.999Z'],
  ])('end at %s', async (expires, time) => {
    const { keys } = await load({ keys: [{ name: 'ops', key: 'k', expires }] });
    expect(keys[0]?.expiresAt).toBe(Date.parse(time));
  });

  const expires = 'expires must be a day or a time with its zone, such as "2027-01-31" or "2027-01-31T12:00:00Z".';
  const none = 'is empty, so that the key would open nothing; leave it out for all.';
  it.each<[object[], string]>([
    [[], ' is empty, which guards nothing; add a key, or take it out.'],
    [[{ key: 's3cret' }], '[0].name must be a string.'],
    [[{ name: ' ', key: 's3cret' }], '[0].name is empty; a key needs a name to be told apart by.'],
    [
      [
        { name: 'a', key: 'x' },
        { name: ' a', key: 'y' },
      ],
      '[1].name is the name of another key too; give each its own.',
    ],
    [[{ name: 'a' }], '[0] needs either "key" or "hash" (the SHA-256 of the key).'],
    [
      [{ name: 'a', key: 's3cret', hash: digest('s3cret') }],
      '[0] needs either "key" or "hash" (the SHA-256 of the key).',
    ],
    [[{ name: 'a', key: '' }], '[0].key is empty; anybody could send it.'],
    [[{ name: 'a', key: ' ${EMPTY}' }], '[0].key is empty; anybody could send it.'],
    [[{ name: 'a', key: 's3cret\nx' }], '[0].key holds a line break or another control character.'],
    [[{ name: 'a', hash: digest('') }], '[0].hash is the one of an empty key; anybody could send it.'],
    ...['', 's3cret', digest('x').slice(1), `md5:${digest('x')}`].map((written): [object[], string] => [
      [{ name: 'a', hash: written }],
      '[0].hash must be the SHA-256 of the key: "sha256:" and 64 hexadecimal digits.',
    ]),
    [
      [
        { name: 'a', key: 's3cret' },
        { name: 'b', hash: digest('s3cret') },
      ],
      '[1] is the same key as that of "a"; give each its own.',
    ],
    [
      [{ name: 'a', key: 'x', servers: ['clock', 'note'] }],
      '[0].servers[1] names no server of this file. Did you mean "notes"?',
    ],
    [[{ name: 'a', key: 'x', servers: ['elsewhere'] }], '[0].servers[0] names no server of this file.'],
    [[{ name: 'a', key: 'x', servers: [] }], `[0].servers ${none}`],
    [[{ name: 'a', key: 'x', tools: [] }], `[0].tools ${none}`],
    [[{ name: 'a', key: 'x', readOnly: 'yes' }], '[0].readOnly must be true or false.'],
    [[{ name: 'a', key: 'x', readonly: true }], '[0].readonly is unknown. Did you mean "readOnly"?'],
    ...['', 'tomorrow', '2027-02-30', '2027-13-01', '2027-01-31T12:00:00', '2027-01-31T25:00Z', '31.1.2027'].map(
      (written): [object[], string] => [[{ name: 'a', key: 'x', expires: written }], `[0].${expires}`],
    ),
  ])('are refused: %j', async (keys, sentence) => {
    expect(await refusal({ keys })).toBe(`mcpo.keys${sentence}`);
  });

  it('are refused where the one without limits is one of them', async () => {
    const keys = [
      { name: 'a', key: 'x' },
      { name: 'b', hash: digest('s3cret') },
    ];
    expect(await refusal({ apiKey: 's3cret', keys })).toBe(
      'mcpo.keys[1] is the same key as the apiKey (--api-key), which has no limits; give each its own.',
    );
    const input = { environment: { MCPO_API_KEY: 's3cret' } };
    await expect(loadFile(folder, { mcpServers: {}, mcpo: { keys } }, input)).rejects.toThrow(
      'mcpo.keys[1] is the same',
    );
  });
});

describe('jwt', () => {
  const https = 'https://id.example/keys';

  it('is not there without the key', async () => expect((await load({})).jwt).toBeUndefined());

  it.each([
    [{ secret: '${KEY}' }, { algorithms: ['HS256'], secret: 's3cret', jwks: undefined, issuer: undefined }],
    [{ jwks: https }, { algorithms: ['RS256', 'ES256'], secret: undefined, jwks: https }],
    [
      { issuer: 'https://id.example' },
      { algorithms: ['RS256', 'ES256'], jwks: undefined, issuer: 'https://id.example' },
    ],
    [
      { secret: 's', issuer: 'open-webui' },
      { secret: 's', issuer: 'open-webui' },
    ],
    [
      { jwks: https, issuer: 'ours' },
      { jwks: https, issuer: 'ours' },
    ],
    [{ jwks: 'http://localhost:9/keys' }, { jwks: 'http://localhost:9/keys' }],
    [{ jwks: 'http://[::1]:9/keys' }, { jwks: 'http://[::1]:9/keys' }],
    [{ issuer: 'http://127.0.0.1:9' }, { issuer: 'http://127.0.0.1:9' }],
    [{ secret: 's', algorithms: ['HS512', 'HS384'] }, { algorithms: ['HS512', 'HS384'] }],
    [{ jwks: https, algorithms: ['EdDSA', 'PS256'] }, { algorithms: ['EdDSA', 'PS256'] }],
    [{ secret: 's' }, { audience: undefined, userClaim: 'sub' }],
    [
      { secret: 's', audience: 'mcpo', userClaim: 'id' },
      { audience: ['mcpo'], userClaim: 'id' },
    ],
    [{ secret: 's', audience: ['a', 'b'] }, { audience: ['a', 'b'] }],
  ])('%j', async (jwt, expected) => expect((await load({ jwt })).jwt).toMatchObject(expected));

  const source = ' needs "secret", "jwks" or "issuer": what tokens are verified with.';
  const symmetric = 'cannot be used with a secret; take HS256, HS384, HS512.';
  const asymmetric =
    'cannot be used with a key set; take RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519.';
  const plain = 'must be an https URL; http is for this machine alone.';
  it.each<[object, string]>([
    [{}, source],
    [{ audience: 'x', algorithms: ['HS256'] }, source],
    [{ secret: 's3cret', jwks: https }, '.jwks cannot stand beside "secret"; keep one of them.'],
    [{ secret: '' }, '.secret is empty; anybody could sign with it.'],
    [{ secret: ' ${EMPTY}' }, '.secret is empty; anybody could sign with it.'],
    [{ secret: 's3cret', userClaim: ' ' }, '.userClaim is empty; leave it out for "sub".'],
    [{ secret: 's3cret', issuer: '${EMPTY}' }, '.issuer is empty; leave it out for any.'],
    [{ secret: 's3cret', audience: '' }, '.audience is empty; name whom tokens must be for, or leave it out.'],
    [{ secret: 's3cret', audience: [] }, '.audience is empty; name whom tokens must be for, or leave it out.'],
    [{ jwks: https, audience: ['a', ' '] }, '.audience is empty; name whom tokens must be for, or leave it out.'],
    [{ secret: 's3cret', audience: 1 }, '.audience must be a string or a list of strings.'],
    [{ jwks: 'http://id.example/s3cret' }, `.jwks ${plain}`],
    [{ jwks: 'http://127.0.0.1.example/keys' }, `.jwks ${plain}`],
    [{ jwks: 'http://10.0.0.1/keys' }, `.jwks ${plain}`],
    [{ jwks: 'file:///s3cret' }, `.jwks ${plain}`],
    [{ jwks: '' }, `.jwks ${plain}`],
    [{ issuer: 'http://id.example' }, `.issuer ${plain}`],
    [{ jwks: 'https://me:s3cret@id.example/keys' }, '.jwks must not hold a user or a password.'],
    [{ issuer: 'https://s3cret@id.example' }, '.issuer must not hold a user or a password.'],
    [{ issuer: 's3cret' }, `.issuer ${plain}`],
    [{ secret: 's3cret', algorithms: [] }, '.algorithms is empty; leave it out for the usual ones.'],
    [{ secret: 's3cret', algorithms: ['HS256', 'none'] }, `.algorithms[1] ${symmetric}`],
    [{ secret: 's3cret', algorithms: ['RS256'] }, `.algorithms[0] ${symmetric}`],
    [{ secret: 's3cret', algorithms: ['HS256', 'ES256'] }, `.algorithms[1] ${symmetric}`],
    [{ jwks: https, algorithms: ['none'] }, `.algorithms[0] ${asymmetric}`],
    [{ jwks: https, algorithms: ['RS256', 'HS256'] }, `.algorithms[1] ${asymmetric}`],
    [{ issuer: 'https://id.example', algorithms: ['HS256'] }, `.algorithms[0] ${asymmetric}`],
    [{ issuer: 'https://id.example', algorithms: ['rs256'] }, `.algorithms[0] ${asymmetric}`],
    [{ secrets: 's3cret' }, '.secrets is unknown. Did you mean "secret"?'],
  ])('is refused: %j', async (jwt, sentence) => expect(await refusal({ jwt })).toBe(`mcpo.jwt${sentence}`));
});
