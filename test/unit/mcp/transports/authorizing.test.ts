import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AuthorizationRequired, type Authorizer, type Challenge } from '../../../../src/mcp/oauth/authorizer.ts';
import { createAgent } from '../../../../src/net/agent.ts';
import { authorizing, TokenUnavailable, unauthorizedReply } from '../../../../src/mcp/transports/authorizing.ts';
import { until } from '../../../support.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Tokens and bodies that a server saw, which accepts one token. */
async function start(accepted: string, refuse: Answer) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const token = request.headers.authorization ?? 'none';
      seen.push(`${token} ${body}`);
      if (token === `Bearer ${accepted}`) response.end('fine');
      else refuse(request, response);
    });
  }).listen(0, '127.0.0.1');
  await until(() => server.listening);
  const agent = createAgent({ connectTimeoutMs: 5_000, tls: undefined });
  onTestFinished(async () => {
    await agent.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = async (authorizer: Authorizer | undefined) => {
    const { statusCode, body } = await authorizing(agent, authorizer).request({
      origin: `http://127.0.0.1:${port}`,
      path: '/mcp',
      method: 'POST',
      headers: { 'x-other': 'kept' },
      body: 'text',
    });
    return `${statusCode} ${await body.text(100)}`;
  };
  return { seen, ask };
}

/** Gives these tokens, the next one after each refusal. */
function grantOf(tokens: readonly (string | undefined)[]) {
  const challenges: Challenge[] = [];
  let index = 0;
  const authorizer: Authorizer = {
    token: async () => tokens[index],
    async refused(_sent, challenge) {
      challenges.push(challenge);
      index++;
      return index < tokens.length;
    },
  };
  return { authorizer, challenges };
}

const challenge =
  'Basic realm="x", Bearer error="invalid_token", scope="read write", resource_metadata="https://host.example/.well-known/x"';

function refusing(status: number, header?: string): Answer {
  return (_request, response) => {
    response.writeHead(status, header === undefined ? {} : { 'www-authenticate': header }).end('no');
  };
}

describe('a request with a sign-in', () => {
  it('carries the token, and nothing where there is none', async () => {
    const { seen, ask } = await start('good', refusing(401));
    expect(await ask(grantOf(['good']).authorizer)).toBe('200 fine');
    expect(await ask(undefined)).toBe('401 no');
    expect(seen).toEqual(['Bearer good text', 'none text']);
  });

  it('is sent once more with another token, whole, and says what the server asked for', async () => {
    const { seen, ask } = await start('new', refusing(401, challenge));
    const { authorizer, challenges } = grantOf([undefined, 'new']);
    expect(await ask(authorizer)).toBe('200 fine');
    expect(seen).toEqual(['none text', 'Bearer new text']);
    expect(challenges).toEqual([
      { status: 401, scope: 'read write', resourceMetadataUrl: 'https://host.example/.well-known/x' },
    ]);
  });

  it('is sent no third time', async () => {
    const { seen, ask } = await start('never', refusing(401));
    const { authorizer } = grantOf(['one', 'two', 'three']);
    expect(await ask(authorizer)).toBe('401 no');
    expect(seen).toHaveLength(2);
  });

  it('takes a 403 for a question of rights only where the server says so', async () => {
    const plain = await start('good', refusing(403));
    const { authorizer, challenges } = grantOf(['bad', 'good']);
    expect(await plain.ask(authorizer)).toBe('403 no');
    expect(challenges).toEqual([]);
    const scoped = await start('good', refusing(403, 'Bearer error="insufficient_scope", scope="admin"'));
    expect(await scoped.ask(authorizer)).toBe('200 fine');
    expect(challenges).toEqual([{ status: 403, scope: 'admin', resourceMetadataUrl: undefined }]);
  });

  it('tells a missing sign-in from a token that cannot be had', async () => {
    const { seen, ask } = await start('good', refusing(401));
    const failing = (failure: Error): Authorizer => ({
      async token() {
        throw failure;
      },
      async refused() {
        throw failure;
      },
    });
    const required = await ask(failing(new AuthorizationRequired('sign in'))).catch((error: unknown) => error);
    expect(unauthorizedReply(required)).toEqual({
      kind: 'unauthorized',
      detail: 'sign in',
      authorizationUrl: undefined,
      gone: true,
    });
    const unreachable = await ask(failing(new Error('as.example is down'))).catch((error: unknown) => error);
    expect(unreachable).toBeInstanceOf(TokenUnavailable);
    expect(unauthorizedReply(unreachable)).toEqual({ kind: 'undelivered', detail: 'as.example is down', gone: true });
    expect(seen, 'nothing was sent').toEqual([]);
  });
});
