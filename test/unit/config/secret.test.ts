import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { optionNamed, options } from '../../../src/config/options.ts';
import { describeConfig, maskArguments, maskUrl } from '../../../src/config/secret.ts';

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
    const described = describeConfig({ ...config, settings: { ...settings, ...given, tls, ...document } });
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
});
