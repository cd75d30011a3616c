import { describe, expect, it } from 'vitest';
import { AuthorizationRequired, type Authorizer } from '../../../src/mcp/oauth/authorizer.ts';
import type { SignIn } from '../../../src/mcp/types.ts';
import type { UpstreamAccess } from '../../../src/mcp/upstream.ts';
import type { Principal } from '../../../src/principal.ts';
import { callTool, startUpstream, textOf, until } from '../../support.ts';
import { answerHandshake, resultOf, sendJson, startScripted, type Received, type ScriptedServer } from './remote.ts';

/** A server that takes tokens `token-of-USER`, and offers each user a tool of his own beside `whoami`. */
function startProtected(): Promise<ScriptedServer> {
  return startScripted((received) => {
    const { request, response, message } = received;
    const user = userOf(received);
    if (user === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      return;
    }
    if (answerHandshake(received)) return;
    if (request.method === 'GET') response.writeHead(405).end();
    if (message.method === 'tools/list') {
      const tools = ['whoami', `of_${user}`].map((name) => ({ name, inputSchema: { type: 'object' } }));
      sendJson(response, JSON.parse(resultOf(received, { tools })));
    }
    if (message.method === 'tools/call') {
      sendJson(response, JSON.parse(resultOf(received, { content: [{ type: 'text', text: user }] })));
    }
  });
}

function userOf({ request }: Received): string | undefined {
  return /^Bearer token-of-(.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

/** Users who signed in have a token; nobody else has. */
function accessOf(multiUser: boolean) {
  const signedIn = new Set<string>();
  const unused = () => Promise.reject(new Error('not asked here'));
  const signIn: SignIn = {
    multiUser,
    begin: unused,
    awaits: () => false,
    finish: unused,
    signOut: unused,
    status: async (user) => ({ authenticated: signedIn.has(user), expiresAt: undefined, scope: undefined }),
  };
  const access: UpstreamAccess = {
    signIn,
    authorizerOf: (user): Authorizer => ({
      token: async () => (signedIn.has(user) ? `token-of-${user || 'everybody'}` : undefined),
      refused: () =>
        Promise.reject(new AuthorizationRequired('nobody signed in', { authorizationUrl: 'https://as.example/' })),
    }),
    guard: undefined,
  };
  return { access, signedIn };
}

const principal = (user: string): Principal => ({ user, sessionId: undefined });
const going = (): AbortSignal => new AbortController().signal;

describe('an upstream that one sign-in opens for everybody', () => {
  it('says so while it waits, answers at once, and is ready as soon as somebody signed in', async () => {
    const server = await startProtected();
    const { access, signedIn } = accessOf(false);
    const { upstream } = startUpstream(
      { kind: 'streamable-http', url: server.url, headers: {}, tls: undefined },
      { access },
    );
    await upstream.attempted;
    expect(upstream.status()).toMatchObject({
      state: 'authorization-required',
      detail: 'nobody signed in',
      authorizationUrl: 'https://as.example/',
      nextRetryAt: undefined,
      attempted: true,
    });
    const asked = server.received.length;
    await upstream.retryNow(going());
    expect(server.received.length, 'nothing helps before that').toBe(asked);
    signedIn.add('');
    upstream.signedIn('');
    await until(() => upstream.status().state === 'ready');
    expect(textOf(await callTool(upstream, 'whoami'))).toBe('everybody');
  });

  it('tells a call that meets the end of the sign-in, which did not run', async () => {
    const server = await startProtected();
    const { access, signedIn } = accessOf(false);
    signedIn.add('');
    const { upstream } = startUpstream(
      { kind: 'streamable-http', url: server.url, headers: {}, tls: undefined },
      { access },
    );
    await until(() => upstream.status().state === 'ready');
    signedIn.clear();
    expect(await callTool(upstream, 'whoami')).toEqual({
      kind: 'unauthorized',
      detail: 'nobody signed in',
      authorizationUrl: 'https://as.example/',
    });
    await until(() => upstream.status().state === 'authorization-required');
    expect(await callTool(upstream, 'whoami')).toMatchObject({ kind: 'unauthorized' });
  });
});

describe('an upstream that users sign in to for themselves', () => {
  async function start() {
    const server = await startProtected();
    const { access, signedIn } = accessOf(true);
    const target = { kind: 'streamable-http', url: server.url, headers: {}, tls: undefined } as const;
    const { upstream } = startUpstream(target, { access });
    const toolsOf = async (user: string) => {
      const learned = await upstream.catalogueOf(principal(user), going());
      return learned.kind === 'catalogue' ? learned.catalogue.tools.map(({ name }) => name) : learned.kind;
    };
    const whoami = async (user: string) => {
      const learned = await upstream.catalogueOf(principal(user), going());
      if (learned.kind !== 'catalogue') return learned.kind;
      const [tool] = learned.catalogue.tools;
      if (tool === undefined) throw new Error('no tools');
      const lease = upstream.lease();
      const deadlineAt = Date.now() + 10_000;
      const outcome = await lease.call({
        tool,
        argumentsText: '{}',
        deadlineAt,
        signal: going(),
        principal: principal(user),
      });
      lease.release();
      return textOf(outcome);
    };
    return { server, upstream, signedIn, toolsOf, whoami };
  }

  it('connects for nobody, and is no trouble', async () => {
    const { server, upstream } = await start();
    await upstream.attempted;
    await upstream.ready;
    expect(upstream.status()).toMatchObject({ state: 'authorization-required', attempted: true, tools: 0 });
    expect(upstream.catalogue).toBeUndefined();
    expect(server.received).toEqual([]);
  });

  it('gives each of them his own tools and his own answers', async () => {
    const { upstream, signedIn, toolsOf, whoami } = await start();
    signedIn.add('ada').add('bob');
    expect(await Promise.all(['ada', 'bob', 'eve', ''].map(toolsOf))).toEqual([
      ['whoami', 'of_ada'],
      ['whoami', 'of_bob'],
      'unauthorized',
      'unauthorized',
    ]);
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'ada' : 'bob'));
    expect(await Promise.all(users.map(whoami))).toEqual(users);
    expect(upstream.status(principal('ada'))).toMatchObject({ state: 'ready', tools: 2 });
    expect(upstream.status()).toMatchObject({ state: 'authorization-required', sessions: 2 });
  });

  it('shares with others what is the same to the letter, and nothing else', async () => {
    const { upstream, signedIn } = await start();
    signedIn.add('ada').add('bob');
    const [ada, bob] = await Promise.all(['ada', 'bob'].map((user) => upstream.catalogueOf(principal(user), going())));
    if (ada?.kind !== 'catalogue' || bob?.kind !== 'catalogue') throw new Error('no catalogues');
    const again = await upstream.catalogueOf(principal('ada'), going());
    expect(again).toEqual(ada);
    expect(bob.catalogue.tools[1]).not.toEqual(ada.catalogue.tools[1]);
  });

  it('ends what was connected when one signs out, and tells the server', async () => {
    const { server, upstream, signedIn, toolsOf, whoami } = await start();
    signedIn.add('ada').add('bob');
    await Promise.all(['ada', 'bob'].map(toolsOf));
    signedIn.delete('ada');
    await upstream.signedOut('ada');
    await until(() => server.asked('DELETE').length === 1);
    expect(await whoami('ada')).toBe('unauthorized');
    expect(await whoami('bob')).toBe('bob');
    expect(upstream.status().sessions).toBe(1);
  });

  it('forgets what it knew of an earlier account when one signs in anew', async () => {
    const { server, upstream, signedIn, toolsOf } = await start();
    signedIn.add('ada');
    await toolsOf('ada');
    upstream.signedIn('ada');
    expect(await toolsOf('ada')).toEqual(['whoami', 'of_ada']);
    expect(server.asked('tools/list')).toHaveLength(2);
  });
});
