// The open connections of callers: which are idle, which caller has gone, and how they end when the program stops. Busy
// ones end after their answer, which says so; idle ones with the last of these, so that probes and requests that are on
// their way are still told; calls left at the deadline are cancelled and told, and what is left then is cut.
// (Node's own close would also cut answers that are still on their way to a slow reader.)

import type { Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { CancelSignal } from '../mcp/types.ts';
import { Cancellation } from '../mcp/cancellation.ts';
import type { Exchange } from './exchange.ts';

/** The other end of one connection, over all its requests. */
export interface Peer {
  /** With pipelining, the one that began last. */
  lastExchange: Exchange | undefined;
  /** Aborted when the connection ends; one for all its requests. */
  readonly gone: CancelSignal;
  /** Cancels what its requests wait for. */
  cancel(): void;
}

/** To write the answers of calls that the deadline cancelled. */
const farewellMs = 250;

export interface Peers {
  of(socket: Socket): Peer;
  watch(server: Server): void;
  /** Stops accepting; resolves when all connections are closed or the deadline passed. */
  close(server: Server, deadlineMs: number): Promise<void>;
}

export function createPeers(): Peers {
  const open = new Set<Socket>();
  const peers = new WeakMap<Socket, Peer>();
  return {
    of(socket) {
      const known = peers.get(socket);
      if (known !== undefined) return known;
      const peer = createPeer(socket);
      peers.set(socket, peer);
      return peer;
    },
    watch(server) {
      // Under TLS the sockets of requests are not those that were accepted; a handshake has its own time limit.
      server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
        open.add(socket);
        socket.once('close', () => open.delete(socket));
      });
    },
    async close(server, deadlineMs) {
      const closed = new Promise<void>((resolve) => {
        // The method of net.Server: the one of http.Server cuts answers that are not flushed yet.
        NetServer.prototype.close.call(server, () => resolve());
      });
      const endIdle = (): void => {
        if ([...open].some((socket) => isBusy(peers.get(socket)))) return;
        for (const socket of open) socket.destroy();
      };
      for (const socket of open) {
        socket.once('close', endIdle);
        endAfterAnswer(socket, peers.get(socket));
      }
      endIdle();
      await within(closed, deadlineMs);
      for (const socket of open) peers.get(socket)?.cancel();
      if (open.size > 0) await within(closed, farewellMs);
      for (const socket of open) socket.destroy();
    },
  };
}

function createPeer(socket: Socket): Peer {
  const gone = new Cancellation();
  // Whoever came before the router was there may have left meanwhile.
  if (socket.destroyed) gone.abort();
  else socket.once('close', () => gone.abort());
  return { lastExchange: undefined, gone, cancel: () => gone.abort() };
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}

function isBusy(peer: Peer | undefined): boolean {
  const response = peer?.lastExchange?.response;
  // Handed to the operating system, to the last byte.
  return response !== undefined && !response.writableFinished && !response.destroyed;
}

function endAfterAnswer(socket: Socket, peer: Peer | undefined): void {
  if (isBusy(peer)) peer?.lastExchange?.response.once('close', () => socket.end());
}
