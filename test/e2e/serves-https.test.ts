import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { fixture, until } from '../support.ts';
import { startProxy } from './proxy.ts';

const certificates = fileURLToPath(new URL('../fixtures/configs/tls/', import.meta.url));

it('speaks HTTPS, and takes over a renewed certificate without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcpo-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const use = async (prefix: string): Promise<void> => {
    for (const name of ['cert.pem', 'key.pem']) {
      await copyFile(join(certificates, `${prefix}${name}`), join(folder, name));
    }
  };
  await use('');
  const config = join(folder, 'config.json');
  const mcpServers = { a: { command: process.execPath, args: [fixture('echo')] } };
  await writeFile(config, JSON.stringify({ mcpServers, mcpo: { sslCertfile: 'cert.pem', sslKeyfile: 'key.pem' } }));
  const { url, child, line } = await startProxy(['--port', '0', '--config', config]);
  expect(url).toMatch(/^https:/);
  const before = await serialOf(url);
  await use('other-');
  child.kill('SIGHUP');
  await line((each) => each.type === 'reload' && each['outcome'] === 'applied');
  await until(async () => (await serialOf(url)) !== before);
});

/** The serial number of the certificate that is shown. */
function serialOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
