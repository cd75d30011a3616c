import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readText, readUntil } from '../../../../src/mcp/transports/answer-body.ts';
import { until } from '../../../support.ts';

describe('reading a body', () => {
  it('gives its text, or nothing of one that is too large', async () => {
    const chunks = ['ab', 'cdé'].map((text) => Buffer.from(text));
    expect(await readText(Readable.from(chunks), 6)).toBe('abcdé');
    const large = Readable.from(chunks);
    expect(await readText(large, 5)).toBeUndefined();
    expect(large.destroyed).toBe(true);
  });

  it('lets pass what little follows, so that the connection goes on', async () => {
    const body = new PassThrough();
    const reading = readUntil(body, () => true);
    body.write('answer');
    expect(await reading).toBe('taken');
    body.end('rest');
    await until(() => body.readableEnded);
    expect(body.errored).toBeNull();
  });

  it('cuts off what does not end after the answer', async () => {
    const slow = new PassThrough();
    const endless = new PassThrough();
    const readings = [slow, endless].map((body) => readUntil(body, () => true));
    slow.write('answer');
    endless.write('answer');
    await Promise.all(readings);
    endless.write(Buffer.alloc(65 * 1024));
    await until(() => endless.destroyed);
    await until(() => slow.destroyed);
  });

  it('fails with a body that breaks off, before or while it is read, and with what cannot be taken', async () => {
    const broken = new PassThrough();
    broken.on('error', () => {});
    broken.destroy(new Error('cut'));
    await expect(readUntil(broken, () => false)).rejects.toThrow('cut');
    const breaking = new PassThrough();
    const reading = readUntil(breaking, () => false);
    breaking.destroy(new Error('cut later'));
    await expect(reading).rejects.toThrow('cut later');
    const odd = readUntil(Readable.from([Buffer.from('x')]), () => {
      throw new Error('not to be taken');
    });
    await expect(odd).rejects.toThrow('not to be taken');
  });
});
