import { expect, it } from 'vitest';
import type { Connection } from '../../../src/mcp/connection.ts';
import { Copies } from '../../../src/mcp/copies.ts';
import type { Supervisor } from '../../../src/mcp/supervisor.ts';

const { signal } = new AbortController();

/** A copy as calls see it: with so many in flight, or without a connection until `comes`. */
function copy(inFlight?: number, comes: Promise<Connection | undefined> = Promise.resolve(undefined)) {
  const live = inFlight === undefined ? undefined : ({ inFlight } as Connection);
  const dropped: Connection[] = [];
  const examined: Connection[] = [];
  const supervisor = {
    live,
    dropped,
    examined,
    connected: () => (live === undefined ? comes : Promise.resolve(live)),
    drop: (connection: Connection) => dropped.push(connection),
    examine: (connection: Connection) => Promise.resolve(examined.push(connection)),
    unavailable: () => ({ kind: 'unavailable', detail: 'connection refused', retryAfterMs: 5_000 }),
  };
  return supervisor as unknown as Supervisor & Record<'dropped' | 'examined', readonly Connection[]>;
}

const never = new Promise<never>(() => {});

it('gives the live copy with the least in flight', () => {
  const [busy, idle, dead] = [copy(3), copy(1), copy()];
  const copies = new Copies([dead, busy, idle], 10_000);
  expect(copies.live).toBe(idle.live);
  expect(new Copies([copy(2), dead], 10_000).live).toMatchObject({ inFlight: 2 });
  expect(new Copies([dead, copy()], 10_000).live).toBeUndefined();
});

it('waits for the first copy that comes back, and for all where none does', async () => {
  const back = { inFlight: 0 } as Connection;
  const hopeful = new Copies([copy(), copy(undefined, never), copy(undefined, Promise.resolve(back))], 10_000);
  expect(await hopeful.connected(Date.now() + 10_000, signal)).toBe(back);
  expect(await new Copies([copy(), copy()], 10_000).connected(Date.now() + 10_000, signal)).toBeUndefined();
});

it('drops a connection, or looks at it, whichever copy has it', async () => {
  const all = [copy(1), copy(2)];
  const gone = { inFlight: 1 } as Connection;
  const copies = new Copies(all, 10_000);
  copies.drop(gone, 'it died');
  expect(all.map(({ dropped }) => dropped)).toEqual([[gone], [gone]]);
  await copies.examine(gone);
  expect(all.map(({ examined }) => examined)).toEqual([[gone], [gone]]);
});

it('tells of the copy that is tried first', () => {
  const soon = copy();
  Object.assign(soon, {
    unavailable: () => ({ kind: 'unavailable', detail: 'the process exited with code 3', retryAfterMs: 100 }),
  });
  expect(new Copies([copy(), soon, copy()], 10_000).unavailable()).toEqual({
    kind: 'unavailable',
    detail: 'the process exited with code 3',
    retryAfterMs: 100,
  });
});
