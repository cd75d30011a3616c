import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EventStreamParser,
  type OversizedEvent,
  type ServerSentEvent,
} from '../../../../src/mcp/transports/event-stream.ts';

const stream =
  'event: endpoint\ndata: /messages\n\n: comment\n\nid: 7\ndata: {"a":1,\r\ndata: "b":2}\r\n\r\ndata:x\r\r';

function whole(events: readonly (ServerSentEvent | OversizedEvent)[]): ServerSentEvent[] {
  return events.filter((event): event is ServerSentEvent => 'data' in event);
}

describe('EventStreamParser', () => {
  it('gives type, data and the raw text', () => {
    const events = whole(new EventStreamParser(1_000).push(stream));
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['endpoint', '/messages'],
      ['message', '{"a":1,\n"b":2}'],
      ['message', 'x'],
    ]);
    expect(events[0]?.raw).toBe('event: endpoint\ndata: /messages\n\n');
  });

  it('finds the same events however the stream is cut', () => {
    const expected = whole(new EventStreamParser(1_000).push(stream));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const parser = new EventStreamParser(1_000);
        const events = whole(places.slice(1).flatMap((end, index) => parser.push(stream.slice(places[index], end))));
        expect(events.map(({ type, data }) => ({ type, data }))).toEqual(
          expected.map(({ type, data }) => ({ type, data })),
        );
      }),
    );
  });

  it('reads a long event in time that grows with its length alone', () => {
    const parser = new EventStreamParser(100_000_000);
    const piece = 'x'.repeat(16_384);
    const startedAt = performance.now();
    parser.push('data: ');
    for (let count = 0; count < 4_096; count++) parser.push(piece);
    expect(whole(parser.push('\n\n'))[0]?.data).toHaveLength(4_096 * piece.length);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('keeps the last id and the wished pause, of events without data too', () => {
    const parser = new EventStreamParser(1_000);
    expect(parser.push('id: 7\nretry: 1500\n\nretry: soon\nid\0: 8\n\n')).toEqual([]);
    expect(parser).toMatchObject({ lastEventId: '7', retryMs: 1_500 });
    parser.push('id: 9\ndata: x\n\n');
    expect(parser.lastEventId).toBe('9');
  });

  it('keeps of an event over the limit its two ends, and goes on with the next', () => {
    const parser = new EventStreamParser(1_000);
    const pieces = [`data: {"id":1,"result":"`, ...Array<string>(100).fill('x'.repeat(999)), '"}\n', '\ndata: y\n\n'];
    const events = pieces.flatMap((piece) => parser.push(piece));
    expect(events).toMatchObject([
      { head: expect.stringMatching(/^data: {"id":1,"result":"x+$/), tail: expect.stringMatching(/^x+"}\n\n$/) },
      { type: 'message', data: 'y' },
    ]);
    const { head, tail } = events[0] as OversizedEvent;
    expect(head.length + tail.length).toBeLessThan(2_000);
  });

  it('drops an unfinished event where the stream goes on elsewhere', () => {
    const parser = new EventStreamParser(1_000);
    parser.push('data: half');
    parser.restart();
    expect(parser.push('data: whole\n\n')).toMatchObject([{ data: 'whole' }]);
  });
});
