// A plain TCP connection that sends exactly what it is told, and reads answers one by one: for requests that no HTTP
// library would send.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawConnection {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** The next answer; rejects if the connection ends before it is whole. */
  answer(): Promise<RawAnswer>;
  /** Resolves when the other side has ended the connection. */
  ended(): Promise<void>;
}

export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''));
  let received: Buffer = Buffer.alloc(0);
  const incoming: Buffer[] = [];
  let over = false;
  let wake = (): void => {};
  const changed = () => new Promise<void>((resolve) => (wake = resolve));
  socket.on('data', (chunk) => {
    incoming.push(chunk);
    wake();
  });
  // A reset is an end like any other here; what is missing shows in the answer.
  socket.on('error', () => {});
  const end = new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) socket.once(event, () => resolve());
  });
  void end.then(() => {
    over = true;
    wake();
  });
  await once(socket, 'connect');

  return {
    socket,
    send: (text) => void socket.write(text),
    async answer() {
      for (;;) {
        received = Buffer.concat([received, ...incoming.splice(0)]);
        const found = takeAnswer(received);
        if (found !== undefined) {
          received = received.subarray(found.end);
          if (found.answer.status !== 100) return found.answer;
          continue;
        }
        if (over) throw new Error(`the connection ended after ${JSON.stringify(received.toString('latin1'))}`);
        await changed();
      }
    },
    ended: () => end,
  };
}

function takeAnswer(bytes: Buffer): { answer: RawAnswer; end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const start = headEnd + 4;
  const end = start + Number(headers.get('content-length') ?? 0);
  if (bytes.length < end) return undefined;
  const status = Number(statusLine.split(' ')[1]);
  return { answer: { status, headers, body: bytes.subarray(start, end).toString('utf8') }, end };
}
