import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { endWith, lengthOf, type Body } from '../../../src/server/body-writer.ts';

let close = (): void => {};

afterEach(() => close());

/** The bytes that a caller gets. */
async function received(body: Body | undefined): Promise<Buffer> {
  const server = createServer((_, response) => {
    response.writeHead(200, body === undefined ? {} : { 'Content-Length': lengthOf(body) });
    endWith(response, body);
  });
  close = () => void server.close();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}`);
  return Buffer.from(await response.arrayBuffer());
}

describe('a body', () => {
  it.each(['', 'short', 'é€𝒳'.repeat(10), 'x'.repeat(1_000_000), `a${'𝒳'.repeat(400_000)}`])(
    'of text arrives as UTF-8 (%#)',
    async (text) => {
      expect((await received(text)).equals(Buffer.from(text))).toBe(true);
    },
  );

  it.each([0, 1, 2, 3, 196_607, 196_608, 196_609, 3_000_000])('of %d bytes in base64 arrives decoded', async (size) => {
    const bytes = Buffer.alloc(size, 'abcdefg');
    const body = { base64: bytes.toString('base64') };
    expect(lengthOf(body)).toBe(size);
    expect((await received(body)).equals(bytes)).toBe(true);
  });

  it('of chunks arrives whole, and none is none', async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(100_000, index));
    expect((await received(chunks)).equals(Buffer.concat(chunks))).toBe(true);
    expect(await received(undefined)).toHaveLength(0);
  });
});
