// What a caller can make go on to an upstream. The requests are real ones, byte by byte over a socket: how a parser reads
// them is half of what smuggling is about.
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeaderForwarding } from '../../../../src/config/types.ts';
import { forwardedHeaders, namedHeaders } from '../../../../src/server/access/forwarded.ts';
import { isKey, knownKeys } from '../../../../src/server/access/keys.ts';

const keys = knownKeys({ apiKey: 'k3y:\u00fc', keys: [] });
const isOwn = (candidate: string) => isKey(keys, candidate);
/** As it stands in a header: bytes, one character each. */
const keyBytes = Buffer.from('k3y:\u00fc').toString('latin1');

function lists(whitelist: readonly string[], blacklist: readonly string[] = []): HeaderForwarding {
  return { whitelist, blacklist };
}

/** What the server of the next request does with its headers. */
let look: (headers: Parameters<typeof forwardedHeaders>[1]) => unknown;
const server = createServer(({ headers }, response) => response.end(JSON.stringify(look(headers) ?? null)));

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** The answer of the server's parser, or what `forwardedHeaders` makes of these lines. */
async function ask(lines: readonly string[]): Promise<{ status: number; body: string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(
    Buffer.from(['GET / HTTP/1.1', 'Host: a', ...lines, 'Connection: close', '', ''].join('\r\n'), 'latin1'),
  );
  const answer = await text(socket);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body };
}

async function forwarded(forwarding: HeaderForwarding, lines: readonly string[]): Promise<Record<string, string>> {
  look = (headers) => forwardedHeaders(forwarding, headers, isOwn);
  const { status, body } = await ask(lines);
  expect(status).toBe(200);
  return (JSON.parse(body) as Record<string, string> | null) ?? {};
}

describe('forwarding', () => {
  it('is nothing where it is not configured, and nothing where nothing fits', () => {
    expect(forwardedHeaders(undefined, { 'x-a': '1' }, isOwn)).toBeUndefined();
    expect(forwardedHeaders(lists(['x-b']), { 'x-a': '1' }, isOwn)).toBeUndefined();
    expect(forwardedHeaders(lists([]), { 'x-a': '1' }, isOwn)).toBeUndefined();
  });

  it('lets through what names and patterns allow, however it is spelt', async () => {
    const sent = ['X-User-Id: 7', 'x-USER-email: a@b.c', 'X-Request-ID: r', 'X-Other: o', 'X-Twice: 1', 'X-Twice: 2'];
    expect(await forwarded(lists(['x-user-*', 'x-request-id', 'x-twice']), sent)).toEqual({
      'x-user-id': '7',
      'x-user-email': 'a@b.c',
      'x-request-id': 'r',
      'x-twice': '1, 2',
    });
  });

  it('keeps the bytes of a value', async () => {
    const name = Buffer.from('J\u00f6rg').toString('latin1');
    expect(await forwarded(lists(['x-name']), [`X-Name: ${name}`])).toEqual({ 'x-name': name });
  });

  it('gives away credentials that are named, and are not ours', async () => {
    const named = lists(['authorization', 'cookie', 'x-api-key', 'x-openwebui-user-jwt', 'origin']);
    const sent = [
      'Authorization: Bearer t0ken',
      'Cookie: a=1; b="2"',
      'X-API-Key: other',
      'X-OpenWebUI-User-Jwt: j.w.t',
      'Origin: https://a.b',
    ];
    expect(await forwarded(named, sent)).toEqual({
      authorization: 'Bearer t0ken',
      cookie: 'a=1; b="2"',
      'x-api-key': 'other',
      'x-openwebui-user-jwt': 'j.w.t',
      origin: 'https://a.b',
    });
  });

  it('is bounded, and small fields find room beside a large one', async () => {
    const sent = ['X-A: small', `X-B: ${'b'.repeat(5_000)}`, `X-C: ${'c'.repeat(5_000)}`, 'X-D: small'];
    expect(Object.keys(await forwarded(lists(['x-*']), sent))).toEqual(['x-a', 'x-b', 'x-d']);
  });
});

const all = lists(['*']);
const withCredentials = lists(['*', 'authorization', 'cookie', 'x-api-key']);
const basic = (userinfo: string) => Buffer.from(userinfo, 'latin1').toString('base64');

/** What is tried, the lists, the lines, and what arrives of it besides `x-fine`. */
const attempts: readonly (readonly [string, HeaderForwarding, readonly string[], Readonly<Record<string, string>>])[] =
  [
    [
      'fields of one hop',
      all,
      ['Keep-Alive: 5', 'TE: trailers', 'Trailer: X-A', 'Upgrade: h2c', 'HTTP2-Settings: AAA'],
      {},
    ],
    ['fields for proxies', all, ['Proxy-Authorization: Basic YTpi', 'Proxy-Connection: close', 'Proxy-X: 1'], {}],
    ['a body of another length', all, ['Content-Length: 0', 'Content-Type: text/plain', 'Content-Encoding: br'], {}],
    ['a body in chunks', all, ['Transfer_Encoding: chunked', 'Content_Length: 5'], {}],
    ['an encoding of the answer', all, ['Accept-Encoding: br', 'Accept_Encoding: br'], {}],
    ['another method or path', all, ['X-HTTP-Method-Override: DELETE', 'X_Original_Url: /admin'], {}],
    ['the page that calls us', all, ['Origin: https://page.acme.dev'], {}],
    ['another host', lists(['host']), [], {}],
    ["MCP's own fields", all, ['Mcp-Session-Id: s', 'MCP-Protocol-Version: v', 'Mcp-Method: m', 'mcp-param-x: p'], {}],
    [
      "MCP's own fields, by name",
      lists(['mcp-session-id', 'last-event-id']),
      ['Mcp-Session-Id: s', 'Last-Event-ID: 1'],
      {},
    ],
    ["MCP's own fields, spelt for CGI", all, ['Mcp_Session_Id: s', 'MCP_PROTOCOL_VERSION: v', 'Last_Event_Id: 1'], {}],
    ['fields that Connection names', all, ['Connection: X-A, x-B', 'X-A: 1', 'X-B: 2', 'X-C: 3'], { 'x-c': '3' }],
    ['fields that a second Connection names', all, ['Connection: X-A', 'Connection: ,X-B', 'X-A: 1', 'X-B: 2'], {}],
    ['a token, by a pattern', lists(['*', 'auth*', 'authorizatio?']), ['Authorization: Bearer t', 'Cookie: a=1'], {}],
    ['a token, against the blacklist', lists(['authorization'], ['auth*']), ['Authorization: Bearer t'], {}],
    ["a token of Open WebUI's user, by a pattern", lists(['x-openwebui-*']), ['X-OpenWebUI-User-Jwt: j.w.t'], {}],
    ['the same, spelt for CGI', lists(['x*']), ['X_OpenWebUI_User_Jwt: j.w.t'], {}],
    [
      'the blacklist',
      lists(['x-*'], ['x-secret', 'x-int-*']),
      ['X-Secret: 1', 'X-INT-A: 2', 'X-Ok: 3'],
      { 'x-ok': '3' },
    ],
    ['the blacklist, spelt for CGI', lists(['*'], ['x-user-id']), ['X_User_Id: root', 'X-User_Id: root'], {}],
    ['the blacklist, itself spelt so', lists(['*'], ['x_user_*']), ['X-User-Id: root', 'X_USER_NAME: root'], {}],
    ['the key as a token', withCredentials, [`Authorization: Bearer ${keyBytes}`], {}],
    ['the key as a token, with spaces', withCredentials, [`Authorization:   BEARER   ${keyBytes}  `], {}],
    ['the key without a scheme', withCredentials, [`Authorization: ${keyBytes}`], {}],
    ['the key behind another scheme', withCredentials, [`Authorization: ApiKey ${keyBytes}`], {}],
    ['the key as a password', withCredentials, [`Authorization: Basic ${basic(`me:${keyBytes}`)}`], {}],
    ['the key for an upstream', withCredentials, [`X-API-Key: ${keyBytes}`], {}],
    ['the key beside another', withCredentials, ['X-API-Key: other', `X-API-Key: ${keyBytes}`], {}],
    ['the key under another name', withCredentials, [`X-Token: ${keyBytes}`, `X-Auth: Bearer ${keyBytes}`], {}],
    ['the key in a cookie', withCredentials, [`Cookie: a=${keyBytes}; b="${keyBytes}"; c=1`], { cookie: 'c=1' }],
    [
      'our sessions',
      withCredentials,
      ['Cookie: mcpo_session_0a1b2c3d=u; __Host-mcpo_session_0a1b2c3d=u;x=1;  mcpo_signin_0a1b2c3d=b', 'Cookie: y=2'],
      { cookie: 'x=1; y=2' },
    ],
    [
      'our sessions, oddly spelt',
      withCredentials,
      ['Cookie: ;; mcpo_session_0a =u; MCPO_Session_0b=u;__Secure-mcpo_session_1=u;\u00a0__Host-mcpo_signin_2=b'],
      {},
    ],
    ['a name of every object', all, ['__proto__: 1', 'constructor: c'], { constructor: 'c' }],
  ];

describe('does not smuggle', () => {
  it.each(attempts)('%s', async (_, forwarding, lines, arrives) => {
    const { whitelist, blacklist } = forwarding;
    const fields = await forwarded({ whitelist: [...whitelist, 'x-fine'], blacklist }, [...lines, 'X-Fine: 1']);
    const { 'x-fine': fine, ...others } = fields;
    expect(fine).toBe('1');
    expect(Object.entries(others)).toEqual(Object.entries(arrives));
  });

  it.each(['a\rb', 'a\nX-B: c', 'a\r\nX-B: c', 'a\0b', 'a\u001bb', 'a\tb', 'a\u007fb', 'a\u2028b', '\u0100'])(
    'control characters, or what is no byte: %j',
    (value) => {
      expect(forwardedHeaders(lists(['x-a']), { 'x-a': value }, isOwn)).toBeUndefined();
      expect(forwardedHeaders(lists(['cookie']), { cookie: `a=${value}` }, isOwn)).toBeUndefined();
      expect(namedHeaders(['x-a'], { 'x-a': value }, isOwn)).toBeUndefined();
    },
  );

  it.each([
    ['a bare line end', ['X-A: 1\nMcp-Session-Id: s']],
    ['a bare carriage return', ['X-A: 1\rMcp-Session-Id: s']],
    ['NUL', ['X-A: 1\0']],
    ['a space before the colon', ['Mcp-Session-Id : s']],
    ['a folded line', ['X-A: 1', ' Mcp-Session-Id: s']],
  ])('a request with %s', async (_, lines) => {
    look = (headers) => forwardedHeaders(lists(['*']), headers, isOwn);
    const { status, body } = await ask(lines);
    const arrived = status === 400 ? [] : Object.keys(JSON.parse(body) as object);
    expect(arrived).not.toContain('mcp-session-id');
    expect([200, 400]).toContain(status);
  });

  it('a wait for our body', () => {
    expect(forwardedHeaders(all, { expect: '100-continue', 'x-fine': '1' }, isOwn)).toEqual({ 'x-fine': '1' });
  });

  it('by many parts, of which each would have to be compared', () => {
    let compared = 0;
    const count = () => {
      compared++;
      return false;
    };
    const value = Array.from({ length: 3_000 }, (_, index) => index).join(',');
    forwardedHeaders(lists(['x-*']), { 'x-a': value }, count);
    expect(compared).toBeGreaterThan(0);
    expect(compared).toBeLessThan(50);
  });
});

describe('fields that templates name', () => {
  it('are given whatever they are, but for our keys and cookies', () => {
    const headers = {
      authorization: 'Bearer t',
      cookie: 'a=1; mcpo_session_0a=u',
      'x-a': '1',
      'x-key': keyBytes,
      'x-b': 'not asked for',
    };
    const names = ['authorization', 'cookie', 'x-a', 'x-key', 'x-missing', 'constructor', '__proto__'];
    expect(namedHeaders(names, headers, isOwn)).toEqual({ authorization: 'Bearer t', cookie: 'a=1', 'x-a': '1' });
    expect(namedHeaders(['authorization'], { authorization: `Bearer ${keyBytes}` }, isOwn)).toBeUndefined();
    expect(namedHeaders([], headers, isOwn)).toBeUndefined();
  });
});
