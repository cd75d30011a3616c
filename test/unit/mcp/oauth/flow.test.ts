// The sign-in as attackers and broken servers see it: every refusal here is a promise of docs/oauth.md.

import { describe, expect, test } from 'vitest';
import { SignInError } from '../../../../src/mcp/oauth/authorizer.ts';
import { beginAs, changes, makeSignIn, ownCallback, signInAs } from './made.ts';
import { startScripted } from './scripted-server.ts';

describe('a sign-in', () => {
  test('gives the user a token, and the way back', async () => {
    const server = await startScripted();
    const made = makeSignIn(server);
    const url = await beginAs(made, 'webui:ann');
    const asked = new URL(url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('resource')).toBe(server.url);
    expect(asked.get('redirect_uri')).toBe(ownCallback);
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/);
    expect(made.signIn.awaits(asked.get('state') ?? '')).toBe(true);
    const back = server.approve(url);
    await expect(made.signIn.finish(back, 'browser of webui:ann')).resolves.toEqual({
      user: 'webui:ann',
      returnTo: '/notes/docs',
    });
    expect(made.signedIn).toEqual(['webui:ann']);
    expect(server.takes(await made.signIn.grantOf('webui:ann').token())).toBe(true);
    expect((await made.signIn.status('webui:ann')).authenticated).toBe(true);
    expect((await made.signIn.status('webui:bob')).authenticated).toBe(false);
    await expect(made.signIn.grantOf('webui:bob').token()).rejects.toThrow('notes asks for a sign-in');
    expect(server.seen.find(({ path }) => path === '/token')?.params.get('resource')).toBe(server.url);
    expect(JSON.parse(server.seen.find(({ path }) => path === '/register')?.body ?? '')).toMatchObject({
      application_type: 'web',
      redirect_uris: [ownCallback],
      grant_types: ['authorization_code', 'refresh_token'],
      client_name: 'mcpo',
    });
  });

  test('works once: a state that comes again is refused', async () => {
    const server = await startScripted();
    const { signIn } = makeSignIn(server);
    const back = server.approve(await beginAs({ signIn }, 'a'));
    await signIn.finish(back, 'browser of a');
    expect(signIn.awaits(back.get('state') ?? '')).toBe(false);
    await expect(signIn.finish(back, 'browser of a')).rejects.toThrow(/not known here, is over already/);
    expect(server.count('/token', 'authorization_code')).toBe(1);
  });

  test('is over after ten minutes', async () => {
    const server = await startScripted();
    const made = makeSignIn(server);
    const back = server.approve(await beginAs(made, 'a'));
    made.clock.now += 10 * 60_000;
    expect(made.signIn.awaits(back.get('state') ?? '')).toBe(false);
    await expect(made.signIn.finish(back, 'browser of a')).rejects.toThrow(SignInError);
    expect(server.count('/token', 'authorization_code')).toBe(0);
  });

  test('ends in the browser that began it: another one uses it up and gains nothing', async () => {
    const server = await startScripted();
    const { signIn, signedIn } = makeSignIn(server);
    for (const binding of ['browser of mallory', '', undefined]) {
      const back = server.approve(await beginAs({ signIn }, 'a'));
      await expect(signIn.finish(back, binding)).rejects.toThrow(/begun in another browser/);
      await expect(signIn.finish(back, 'browser of a')).rejects.toThrow(/not known here/);
    }
    expect(signedIn).toEqual([]);
    expect(server.count('/token', 'authorization_code')).toBe(0);
  });

  test('belongs to its server: the state of another one is unknown, and stays good there', async () => {
    const [one, two] = [await startScripted(), await startScripted()];
    const [first, second] = [makeSignIn(one, { name: 'one' }), makeSignIn(two, { name: 'two' })];
    const back = one.approve(await beginAs(first, 'a'));
    await expect(second.signIn.finish(back, 'browser of a')).rejects.toThrow(/not known here/);
    await expect(first.signIn.finish(back, 'browser of a')).resolves.toMatchObject({ user: 'a' });
  });

  test('belongs to its user, whoever else signs in meanwhile', async () => {
    const server = await startScripted();
    const { signIn } = makeSignIn(server);
    const [ofAnn, ofBob] = [await beginAs({ signIn }, 'ann'), await beginAs({ signIn }, 'bob')];
    await expect(signIn.finish(server.approve(ofBob), 'browser of ann')).rejects.toThrow(/another browser/);
    await expect(signIn.finish(server.approve(ofAnn), 'browser of ann')).resolves.toMatchObject({ user: 'ann' });
    expect((await signIn.status('bob')).authenticated).toBe(false);
  });

  test('refuses a code of one sign-in in another', async () => {
    const server = await startScripted();
    const { signIn } = makeSignIn(server);
    const stolen = server.approve(await beginAs({ signIn }, 'victim')).get('code') ?? '';
    const back = server.approve(await beginAs({ signIn }, 'mallory'), { code: stolen });
    await expect(signIn.finish(back, 'browser of mallory')).rejects.toThrow(/invalid_grant/);
    expect((await signIn.status('mallory')).authenticated).toBe(false);
  });

  test.each([
    ['another issuer', 'https://evil.example'],
    ['no issuer where one is promised', undefined],
  ])('believes nothing of an answer with %s', async (_, iss) => {
    const server = await startScripted();
    const { signIn, events } = makeSignIn(server);
    const back = server.approve(await beginAs({ signIn }, 'a'), { iss });
    await expect(signIn.finish(back, 'browser of a')).rejects.toThrow(/answered by another authorization server/);
    const refused = server.approve(await beginAs({ signIn }, 'a'), {
      iss,
      code: undefined,
      error: 'access_denied',
      error_description: 'call 555-1234',
    });
    const error: unknown = await signIn.finish(refused, 'browser of a').catch((thrown: unknown) => thrown);
    expect(String(error)).not.toMatch(/555|evil/);
    expect(JSON.stringify(events)).not.toMatch(/555|evil/);
    expect(server.count('/token', 'authorization_code')).toBe(0);
  });

  test('takes an answer without an issuer where none is promised', async () => {
    const server = await startScripted();
    delete server.script.metadata?.['authorization_response_iss_parameter_supported'];
    const { signIn } = makeSignIn(server);
    const back = server.approve(await beginAs({ signIn }, 'a'), { iss: undefined });
    await expect(signIn.finish(back, 'browser of a')).resolves.toMatchObject({ user: 'a' });
  });

  test('refuses an answer in which something comes twice', async () => {
    const server = await startScripted();
    const { signIn } = makeSignIn(server);
    const back = server.approve(await beginAs({ signIn }, 'a'));
    back.append('code', 'another');
    await expect(signIn.finish(back, 'browser of a')).rejects.toThrow(/garbled/);
    expect(server.count('/token', 'authorization_code')).toBe(0);
  });

  test('says what the authorization server said, in part', async () => {
    const server = await startScripted();
    const { signIn, events } = makeSignIn(server);
    const answer = async (error: string, description?: string): Promise<string> => {
      const changed = { code: undefined, error, error_description: description };
      const back = server.approve(await beginAs({ signIn }, 'a'), changed);
      return signIn.finish(back, 'browser of a').then(String, (thrown: unknown) => (thrown as Error).message);
    };
    expect(await answer('access_denied', 'whatever')).toBe('the sign-in to notes was refused');
    const long = await answer('invalid_scope', `no\u0007\u202e such\nscope ${'x'.repeat(1000)}`);
    expect(long).toContain('invalid_scope: no such scope xxx');
    expect(long.length).toBeLessThan(350);
    expect(changes(events)).toEqual(['failed', 'failed']);
    expect((await signIn.status('a')).authenticated).toBe(false);
  });

  test('holds no more pending sign-ins of a user than a few: the oldest makes room', async () => {
    const server = await startScripted();
    const { signIn } = makeSignIn(server);
    const urls: string[] = [];
    for (let count = 0; count < 6; count++) urls.push(await beginAs({ signIn }, 'a'));
    const awaited = urls.map((url) => signIn.awaits(new URL(url).searchParams.get('state') ?? ''));
    expect(awaited).toEqual([false, true, true, true, true, true]);
  });

  test('is not begun with a server that supports other PKCE than S256 only', async () => {
    const server = await startScripted();
    Object.assign(server.script.metadata ?? {}, { code_challenge_methods_supported: ['plain'] });
    await expect(beginAs(makeSignIn(server), 'a')).rejects.toThrow(/does not support PKCE with S256/);
  });

  test('is not begun at an address that is no web address', async () => {
    for (const endpoint of ['file:///etc/passwd', 'http://auth.example/authorize', 'ftp://auth.example/']) {
      const server = await startScripted();
      Object.assign(server.script.metadata ?? {}, { authorization_endpoint: endpoint });
      await expect(beginAs(makeSignIn(server), 'a')).rejects.toThrow(/without https/);
      expect(server.count('/register')).toBe(0);
    }
  });

  test('comes to nothing where the answer is no token, and says none of it', async () => {
    const server = await startScripted();
    const { signIn, events } = makeSignIn(server);
    for (const body of [
      { access_token: 'leaky-token', token_type: 'mac' },
      { access_token: 'leaky-token\r\nx: y', token_type: 'Bearer' },
      '<html>leaky-token',
    ]) {
      server.script.token = { status: 200, body };
      const back = server.approve(await beginAs({ signIn }, 'a'));
      const error: unknown = await signIn.finish(back, 'browser of a').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SignInError);
      expect(String(error)).toMatch(/no bearer token/);
      expect(String(error)).not.toContain('leaky');
    }
    expect(JSON.stringify(events)).not.toContain('leaky');
  });

  test('takes the place of an earlier session of the same browser, with the scopes it had', async () => {
    const server = await startScripted();
    const made = makeSignIn(server, { config: { scopes: ['read'] } });
    await signInAs(made, server, 'session:1');
    const { signIn } = made;
    const sent = await signIn.grantOf('session:1').token();
    const missed = { status: 403, resourceMetadataUrl: undefined, scope: 'write' } as const;
    await expect(signIn.grantOf('session:1').refused(sent, missed)).rejects.toMatchObject({ onlyMoreScope: true });
    const url = await signIn.begin({
      user: 'session:2',
      redirectUrl: ownCallback,
      binding: 'b',
      returnTo: undefined,
      insteadOf: 'session:1',
    });
    expect(new URL(url).searchParams.get('scope')).toBe('read write');
    expect((await signIn.status('session:1')).authenticated).toBe(true);
    await signIn.finish(server.approve(url), 'b');
    expect((await signIn.status('session:1')).authenticated).toBe(false);
    expect((await signIn.status('session:2')).authenticated).toBe(true);
    expect(made.signedOut).toEqual(['session:1']);
  });
});

test('nothing that was secret is in events or errors', async () => {
  const server = await startScripted({ registersSecret: true });
  const made = makeSignIn(server);
  await signInAs(made, server, 'a');
  const echo = { error: 'invalid_grant', error_description: [...server.secrets].join(' ') };
  server.script.token = { status: 400, body: echo };
  made.clock.now += 3600_000;
  const errors: unknown[] = [await made.signIn.grantOf('a').token().catch(String)];
  const back = server.approve(await beginAs(made, 'a'));
  echo.error_description += ` ${back.get('code')} ${[...server.secrets].join(' ')}`;
  errors.push(await made.signIn.finish(back, 'browser of a').catch(String));
  const told = JSON.stringify([made.events, errors]);
  expect(server.secrets.size).toBeGreaterThan(3);
  for (const secret of server.secrets) expect(told).not.toContain(secret);
  expect(changes(made.events)).toEqual(['signed-in', 'failed', 'failed']);
});
