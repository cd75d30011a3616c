import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { GivenOptions } from '../../../src/config/options.ts';
import type { Config } from '../../../src/config/types.ts';
import { loadFile, temporaryFolder } from './temporary.ts';

const folder = temporaryFolder();
const tls = join(import.meta.dirname, '../../fixtures/configs/tls');
const environmentOf = (environment: Record<string, string>) => ({ environment });

function load(options: GivenOptions, environment: Record<string, string> = {}): Promise<Config> {
  return loadConfig({ options, environment, command: ['server'] });
}

describe('which source wins', () => {
  const content = { mcpServers: {}, mcpo: { port: 1, name: 'file', callTimeout: 1 } };

  it('is the flag, then the variable, then the file, then the default', async () => {
    const input = { options: { port: '3' }, ...environmentOf({ MCPO_PORT: '2', MCPO_NAME: 'variable' }) };
    const { settings } = await loadFile(folder, content, input);
    expect(settings).toMatchObject({ port: 3, name: 'variable', callTimeoutMs: 1000, connectionTimeoutMs: 30_000 });
  });

  it('leaves out variables that are empty', async () => {
    const { settings } = await loadFile(folder, content, environmentOf({ MCPO_PORT: '', MCPO_HOST: '' }));
    expect(settings).toMatchObject({ port: 1, host: undefined });
  });

  it('is our own variable before the one of the Python program', async () => {
    const both = { MCPO_LOG_LEVEL: 'debug', LOG_LEVEL: 'ERROR', CONNECTION_TIMEOUT: '7' };
    expect((await load({}, both)).settings).toMatchObject({ logLevel: 'debug', connectionTimeoutMs: 7000 });
  });

  it('takes values that are already typed', async () => {
    const { settings } = await load({ port: 0, strictAuth: true, callTimeout: 0.5, corsAllowOrigins: ['*'] });
    expect(settings).toMatchObject({ port: 0, strictAuth: true, callTimeoutMs: 500, corsAllowOrigins: ['*'] });
  });

  it('lets a flag switch off what a variable switches on', async () => {
    expect((await load({ strictAuth: false }, { MCPO_STRICT_AUTH: '1' })).settings.strictAuth).toBe(false);
  });

  it('splits variables of repeatable flags at commas, and takes JSON for headers', async () => {
    const { settings } = await load(
      {},
      { MCPO_TRUSTED_PROXIES: '::1, 10.0.0.0/8', MCPO_CORS_ALLOW_ORIGINS: 'http://a,http://b' },
    );
    expect(settings).toMatchObject({
      trustedProxies: ['::1', '10.0.0.0/8'],
      corsAllowOrigins: ['http://a', 'http://b'],
    });
    const [server] = (await load({}, { MCPO_ENV: 'A=1,B=2' })).servers;
    expect(server?.target).toMatchObject({ env: { A: '1', B: '2' } });
    const remote = { MCPO_SERVER_TYPE: 'sse', MCPO_HEADER: '{"A": "1,2"}' };
    const config = await loadConfig({ options: {}, environment: remote, command: ['http://host/sse'] });
    expect(config.servers[0]?.target).toMatchObject({ headers: { A: '1,2' } });
  });

  it.each([
    [{ MCPO_PORT: 'http' }, 'MCPO_PORT must be a whole number from 0 to 65535.'],
    [{ MCPO_STRICT_AUTH: 'maybe' }, 'MCPO_STRICT_AUTH must be true or false (or 1, 0, yes, no, on, off).'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL must be debug, info, warning or error.'],
    [{ MCPO_ENV: 'A=1,s3cret' }, 'MCPO_ENV must be written KEY=VALUE.'],
  ])('names the variable of %j', async (environment, sentence) => {
    await expect(load({}, environment)).rejects.toThrow(sentence);
  });

  it('names an option that does not exist', async () => {
    const options = { strictAuht: true } as GivenOptions;
    await expect(load(options)).rejects.toThrow('There is no option "strictAuht". Did you mean "strictAuth"?');
  });
});

describe('the key', () => {
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, 'from-file\r\n');
  writeFileSync(join(folder, 'empty'), '\n');

  it('comes from a file too, without its last line break', async () => {
    expect((await load({ apiKeyFile: keyFile })).settings.apiKey).toBe('from-file');
    const { settings } = await loadFile(folder, { mcpServers: {}, mcpo: { apiKeyFile: 'key' } });
    expect(settings.apiKey).toBe('from-file');
  });

  it('comes from the stronger source of the two', async () => {
    expect((await load({ apiKey: 'flag' }, { MCPO_API_KEY_FILE: keyFile })).settings.apiKey).toBe('flag');
    expect((await load({ apiKeyFile: keyFile }, { MCPO_API_KEY: 'variable' })).settings.apiKey).toBe('from-file');
    expect(
      (await loadFile(folder, { mcpServers: {}, mcpo: { apiKey: 'x' } }, environmentOf({ MCPO_API_KEY_FILE: keyFile })))
        .settings.apiKey,
    ).toBe('from-file');
  });

  it.each([
    [
      { apiKey: 's3cret', apiKeyFile: keyFile },
      '--api-key and --api-key-file cannot be given together; keep one of them.',
    ],
    [{ apiKey: '' }, '--api-key is empty; leave it out to run without a key.'],
    [{ apiKeyFile: join(folder, 'none') }, `--api-key-file ${join(folder, 'none')} does not exist.`],
    [
      { apiKeyFile: join(folder, 'empty') },
      `--api-key-file ${join(folder, 'empty')} is empty; leave it out to run without a key.`,
    ],
    [{ apiKeyFile: folder }, `--api-key-file ${folder} is a folder, not a file.`],
  ])('is refused as in %j', async (options, sentence) => {
    await expect(load(options)).rejects.toThrow(sentence);
  });
});

describe('TLS', () => {
  const certFile = join(tls, 'cert.pem');
  const keyFile = join(tls, 'key.pem');

  it('reads both files', async () => {
    const { settings } = await load({ sslCertfile: certFile, sslKeyfile: keyFile });
    expect(settings.tls).toMatchObject({ certFile, keyFile });
    expect(settings.tls?.cert).toContain('BEGIN CERTIFICATE');
    expect(settings.tls?.key).toContain('BEGIN PRIVATE KEY');
  });

  it.each([
    [
      { sslCertfile: certFile },
      '--ssl-certfile needs --ssl-keyfile too, because HTTPS takes a certificate and its key.',
    ],
    [{ sslKeyfile: keyFile }, '--ssl-keyfile needs --ssl-certfile too, because HTTPS takes a certificate and its key.'],
    [
      { sslCertfile: certFile, sslKeyfile: join(tls, 'other-key.pem') },
      `--ssl-certfile ${certFile} does not fit the key of --ssl-keyfile ${join(tls, 'other-key.pem')}; they must be one pair.`,
    ],
    [{ sslCertfile: keyFile, sslKeyfile: keyFile }, `--ssl-certfile ${keyFile} holds no certificate in PEM form.`],
    [{ sslCertfile: certFile, sslKeyfile: certFile }, `--ssl-keyfile ${certFile} holds no private key in PEM form.`],
    [
      { sslCertfile: certFile, sslKeyfile: join(tls, 'encrypted-key.pem') },
      `--ssl-keyfile ${join(tls, 'encrypted-key.pem')} is encrypted; decrypt it first.`,
    ],
  ])('is refused as in %j', async (options, sentence) => {
    await expect(load(options)).rejects.toThrow(sentence);
  });
});

it('keeps a path prefix away from our own addresses', async () => {
  await expect(load({ pathPrefix: '/docs/tools' })).rejects.toThrow(
    '--path-prefix begins with a word that mcpo needs for itself.',
  );
  expect((await load({ pathPrefix: '/documents', rootPath: '/docs' })).settings).toMatchObject({
    pathPrefix: '/documents',
    rootPath: '/docs',
  });
});

describe('MCPO_SECRET_KEY', () => {
  it('is a variable and nothing else', async () => {
    const environment = { MCPO_SECRET_KEY: 's3cret' };
    expect((await load({}, environment)).settings.secretKey).toBe('s3cret');
    expect((await loadFile(folder, { mcpServers: {} }, { environment })).settings.secretKey).toBe('s3cret');
    await expect(loadFile(folder, { mcpServers: {}, mcpo: { secretKey: 'x' } })).rejects.toThrow(
      'mcpo.secretKey is unknown',
    );
    const given = { secretKey: 'x' } as GivenOptions;
    await expect(load(given)).rejects.toThrow('There is no option "secretKey".');
  });

  it('counts as unset where it is empty', async () => {
    expect((await load({}, { MCPO_SECRET_KEY: '' })).settings.secretKey).toBeUndefined();
    expect((await load({})).settings.secretKey).toBeUndefined();
  });

  it('is refused where everybody could guess it', async () => {
    await expect(load({}, { MCPO_SECRET_KEY: ' \n' })).rejects.toThrow(
      'MCPO_SECRET_KEY holds nothing but spaces; give it a secret, or unset it.',
    );
  });
});
