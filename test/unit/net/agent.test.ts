import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAddressGuard, ForbiddenAddress } from '../../../src/net/address-guard.ts';
import { createAgent, type Agent } from '../../../src/net/agent.ts';
import { answering } from './names.ts';

const proxyVariables = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

describe('with a guard', () => {
  it('connects to the address that was judged, and looks it up once', async () => {
    const { port, hosts } = await startServer();
    const { lookup, asked } = answering({ 'notes.example': ['127.0.0.1'] });
    const agent = agentFor('http://notes.example/', lookup);
    expect(await textAt(agent, `http://notes.example:${port}`)).toBe('served');
    expect(asked).toEqual(['notes.example']);
    expect(hosts).toEqual([`notes.example:${port}`]);
  });

  it('does not connect where a public server may not lead to', async () => {
    const { port, hosts } = await startServer();
    const { lookup } = answering({
      'notes.example': ['8.8.8.8'],
      'auth.example': ['127.0.0.1'],
      localhost: ['127.0.0.1'],
    });
    const agent = agentFor('https://notes.example/', lookup);
    const spellings = ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::ffff:127.0.0.1]', 'localhost'];
    for (const host of ['auth.example', ...spellings]) {
      await expect(textAt(agent, `http://${host}:${port}`)).rejects.toThrow(ForbiddenAddress);
    }
    expect(hosts).toEqual([]);
  });

  it('does not follow a name that means another address later', async () => {
    const { port, hosts } = await startServer();
    const names = { 'notes.example': ['8.8.8.8'] };
    const { lookup } = answering(names);
    const guard = createAddressGuard('https://notes.example/', lookup);
    await new Promise<void>((resolve) => guard.lookup('notes.example', {}, () => resolve()));
    names['notes.example'] = ['127.0.0.1'];
    const agent = createAgent({ guard, connectTimeoutMs: 5_000, tls: undefined });
    onTestFinished(() => agent.destroy());
    await expect(textAt(agent, `http://notes.example:${port}`)).rejects.toThrow(ForbiddenAddress);
    expect(hosts).toEqual([]);
  });

  it('tries those addresses of an answer that are allowed', async () => {
    const { port } = await startServer();
    const { lookup } = answering({ 'auth.example': ['169.254.169.254', '127.0.0.1'] });
    expect(await textAt(agentFor('http://localhost/', lookup), `http://auth.example:${port}`)).toBe('served');
  });
});

describe('behind a proxy, with a guard', () => {
  it('sends names to the proxy, and judges addresses first', async () => {
    const { lookup, asked } = answering({ 'notes.example': ['8.8.8.8'] });
    const { url, targets } = await startProxy();
    setProxy({ HTTP_PROXY: url, HTTPS_PROXY: url });
    const agent = agentFor('https://notes.example/', lookup);
    expect(await textAt(agent, 'http://auth.example')).toBe('served');
    expect(targets).toEqual(['auth.example:80']);
    expect(asked).toEqual([]);
    for (const address of ['http://10.0.0.1', 'http://169.254.169.254', 'https://[::1]', 'http://localhost']) {
      await expect(textAt(agent, address)).rejects.toThrow(ForbiddenAddress);
    }
    expect(targets).toEqual(['auth.example:80']);
  });

  it('judges names that NO_PROXY takes from the proxy where they are looked up', async () => {
    const { port, hosts } = await startServer();
    const { url, targets } = await startProxy();
    setProxy({ HTTP_PROXY: url, NO_PROXY: 'direct.example' });
    const names = { 'direct.example': ['127.0.0.1'], 'notes.example': ['8.8.8.8'] };
    const strict = agentFor('https://notes.example/', answering(names).lookup);
    await expect(textAt(strict, `http://direct.example:${port}`)).rejects.toThrow(ForbiddenAddress);
    const wide = agentFor('http://127.0.0.1/', answering(names).lookup);
    expect(await textAt(wide, `http://direct.example:${port}`)).toBe('served');
    expect(hosts).toEqual([`direct.example:${port}`]);
    expect(targets).toEqual([]);
  });

  it.each(['', 'other.example', '*'])(
    'sends nothing for this machine to the proxy, with NO_PROXY=%j',
    async (named) => {
      const { port } = await startServer();
      const { url, targets } = await startProxy();
      setProxy({ HTTP_PROXY: url, NO_PROXY: named });
      const agent = agentFor('http://127.0.0.1/', answering({ localhost: ['127.0.0.1'] }).lookup);
      for (const host of ['localhost', '127.0.0.1'])
        expect(await textAt(agent, `http://${host}:${port}`)).toBe('served');
      expect(targets).toEqual([]);
    },
  );

  it('ends with what it is asked to end', async () => {
    const { url } = await startProxy();
    setProxy({ HTTP_PROXY: url });
    const agent = agentFor('http://127.0.0.1/', answering({}).lookup);
    expect(await textAt(agent, 'http://auth.example')).toBe('served');
    await agent.destroy();
    await expect(textAt(agent, 'http://auth.example')).rejects.toThrow(/destroyed/);
  });
});

function agentFor(upstreamUrl: string, lookup: ReturnType<typeof answering>['lookup']): Agent {
  const guard = createAddressGuard(upstreamUrl, lookup);
  const agent = createAgent({ guard, connectTimeoutMs: 5_000, tls: undefined });
  onTestFinished(() => agent.destroy());
  return agent;
}

async function textAt(agent: Agent, address: string): Promise<string> {
  const { origin } = new URL(address);
  const { body } = await agent.request({ origin, path: '/', method: 'GET', headers: {}, body: null });
  return (await body.text(100)) ?? 'too large';
}

/** Says `served`. `hosts`: what requests named it. */
async function startServer(): Promise<{ port: number; hosts: (string | undefined)[] }> {
  const hosts: (string | undefined)[] = [];
  const server = createHttpServer((request, response) => {
    hosts.push(request.headers.host);
    response.end('served');
  });
  return { port: await listening(server), hosts };
}

/** Tunnels to the same server, whatever it is asked for. */
async function startProxy(): Promise<{ url: string; targets: (string | undefined)[] }> {
  const { port } = await startServer();
  const targets: (string | undefined)[] = [];
  const proxy = createHttpServer();
  proxy.on('connect', (request, socket: Socket) => {
    targets.push(request.url);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [onward, socket]) {
      each.on('error', () => {
        onward.destroy();
        socket.destroy();
      });
    }
    onTestFinished(() => void socket.destroy());
  });
  return { url: `http://127.0.0.1:${await listening(proxy)}`, targets };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function setProxy(variables: Readonly<Record<string, string>>): void {
  for (const name of proxyVariables) vi.stubEnv(name, variables[name]);
  onTestFinished(() => void vi.unstubAllEnvs());
}
