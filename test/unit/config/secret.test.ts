import { generateKeyPairSync, hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { optionNamed, options } from '../../../src/config/options.ts';
import { describeConfig, maskArguments, maskUrl } from '../../../src/config/secret.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();

describe('a URL', () => {
  it.each([
    ['http://host/path', 'http://host/path'],
    ['http://host', 'http://host/'],
    ['https://me:s3cret@host:8443/mcp', 'https://me:***@host:8443/mcp'],
    ['https://s3cret@host/', 'https://***@host/'],
    ['https://:s3cret@host/', 'https://:***@host/'],
    ['https://host/mcp?key=s3cret&other=1', 'https://host/mcp?***'],
    ['https://host/#access_token=s3cret', 'https://host/#***'],
    ['postgres://me:s3cret@host/db', 'postgres://me:***@host/db'],
    ['http://me:s3cret@bad host/?s3cret', 'http://***@bad host/?***'],
  ])('%s', (url, shown) => expect(maskUrl(url)).toBe(shown));
});

describe('arguments', () => {
  it.each([
    [
      ['-y', '@scope/server', '/data'],
      ['-y', '@scope/server', '/data'],
    ],
    [
      ['--token', 's3cret', '--verbose'],
      ['--token', '***', '--verbose'],
    ],
    [
      ['--no-auth', '--verbose'],
      ['--no-auth', '--verbose'],
    ],
    [['--api-key=s3cret'], ['--api-key=***']],
    [
      ['-e', 'GITHUB_PERSONAL_ACCESS_TOKEN=s3cret', 'image'],
      ['-e', 'GITHUB_PERSONAL_ACCESS_TOKEN=***', 'image'],
    ],
    [
      ['--header', 'Authorization: Bearer s3cret'],
      ['--header', 'Authorization: ***'],
    ],
    [['--db=postgres://me:s3cret@host/db?x=s3cret'], ['--db=postgres://me:***@host/db?***']],
    [['--local-timezone=America/New_York'], ['--local-timezone=America/New_York']],
  ])('%j', (args, shown) => expect(maskArguments(args)).toEqual(shown));
});

describe('a description', () => {
  it('names every setting that a file can hold, in its words', async () => {
    const { settings, ...config } = await loadConfig({ options: {}, environment: {}, mcpServers: {} });
    const given = { host: '::1', apiKey: 's3cret', corsAllowOrigins: [], name: 'n', description: 'd', version: 'v' };
    const tls = { certFile: '/c', keyFile: '/k', cert: 's3cret', key: 's3cret' };
    const document = { publicUrl: 'http://h', operationIds: 'tool' } as const;
    const described = describeConfig({
      ...config,
      hotReload: true,
      settings: { ...settings, ...given, tls, ...document },
    });
    const names = options.map(({ name }) => name).filter((name) => optionNamed(name).inFile && name !== 'apiKeyFile');
    expect(Object.keys(described['mcpo'] as object).toSorted()).toEqual(names.toSorted());
    expect(JSON.stringify(described)).not.toContain('s3cret');
  });

  it('shows what the entry and the flags set, and nothing of what is inherited', async () => {
    const { servers, ...config } = await loadConfig({
      options: { env: ['FLAG=s3cret'] },
      environment: { INHERITED: 's3cret' },
      mcpServers: { a: { command: 'x', args: ['--token', 's3cret'], env: { OWN: 's3cret' }, inheritEnv: ['IN*'] } },
    });
    const described = describeConfig({ ...config, servers })['mcpServers'];
    const env = { FLAG: '***', OWN: '***' };
    expect(described).toEqual({
      a: { type: 'stdio', command: 'x', args: ['--token', '***'], env, inheritEnv: ['IN*'] },
    });
    expect(servers[0]?.target).toHaveProperty('env', { INHERITED: 's3cret', FLAG: 's3cret', OWN: 's3cret' });
  });

  it('has no key, secret or token of who may call and of who signs in', async () => {
    const { privateKey: private_key } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const secrets = { webui_secret_key: 's3cret', webuiUserJwtSecret: 's3cret' };
    const config = await loadFile(
      folder,
      {
        mcpServers: {
          user: {
            url: 'https://a.example',
            headers: { 'X-User': 's3cret ${user.id}' },
            oauth: {
              ...secrets,
              server_url: 'https://id.example/?s3cret',
              client_metadata: { client_id: 'me', client_secret: 's3cret', software_statement: 's3cret' },
            },
          },
          document: {
            url: 'https://a.example',
            oauth: { client_metadata_url: 'https://me.example/client?s3cret', private_key },
          },
        },
        mcpo: {
          keys: [
            { name: 'ops', key: 's3cret', tools: ['a'], expires: '2027-01-31T12:00:00+01:00' },
            { name: 'ci', hash: 'ab'.repeat(32), readOnly: true, servers: ['user'] },
          ],
          jwt: { secret: 's3cret', issuer: 'chat', audience: ['mcpo'] },
        },
      },
      { environment: { MCPO_SECRET_KEY: 's3cret' } },
    );
    const described = describeConfig(config);
    const text = JSON.stringify(described);
    for (const secret of ['s3cret', 'PRIVATE KEY', 'abab', hash('sha256', 's3cret', 'hex')]) {
      expect(text).not.toContain(secret);
    }
    expect(config.settings.secretKey).toBe('s3cret');
    expect(described).toMatchObject({
      mcpo: {
        keys: [
          { name: 'ops', key: '***', tools: ['a'], expires: '2027-01-31T11:00:00.000Z' },
          { name: 'ci', key: '***', readOnly: true, servers: ['user'] },
        ],
        jwt: { algorithms: ['HS256'], secret: '***', issuer: 'chat', audience: ['mcpo'], userClaim: 'sub' },
      },
      mcpServers: {
        user: {
          oauth: {
            webui_secret_key: '***',
            webui_user_jwt_secret: '***',
            server_url: 'https://id.example/?***',
            client_id: 'me',
            client_secret: '***',
            client_metadata: { software_statement: '***' },
          },
        },
        document: {
          oauth: {
            client_metadata_url: 'https://me.example/client?***',
            private_key: '***',
            signing_algorithm: 'ES256',
          },
        },
      },
    });
  });

  it('shows where keys for tokens are, without what is secret in that address', async () => {
    const mcpo = { jwt: { jwks: 'https://id.example/keys?s3cret', issuer: 'https://id.example' } };
    const described = describeConfig(await loadFile(folder, { mcpServers: {}, mcpo }));
    expect(described['mcpo']).toMatchObject({
      jwt: { jwks: 'https://id.example/keys?***', issuer: 'https://id.example' },
    });
  });

  it.each([
    ['chat', 'chat'],
    ['https://id.example', 'https://id.example'],
    ['https://me:s3cret@id.example/a?s3cret', 'https://me:***@id.example/a?***'],
  ])('shows the issuer %s, which is compared as it stands, as %s', async (issuer, shown) => {
    const mcpo = { jwt: { secret: 's3cret', issuer } };
    const described = describeConfig(await loadFile(folder, { mcpServers: {}, mcpo }));
    expect(described['mcpo']).toMatchObject({ jwt: { issuer: shown } });
  });
});
