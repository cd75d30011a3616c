import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStreamParser, EventStreamTooLong } from '../../../../src/mcp/transports/event-stream.ts';

const stream =
  'event: endpoint\ndata: /messages\n\n: comment\n\nid: 7\ndata: {"a":1,\r\ndata: "b":2}\r\n\r\ndata:x\r\r';

describe('EventStreamParser', () => {
  it('gives type, data and the raw text', () => {
    const events = new EventStreamParser(1_000).push(stream);
    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['endpoint', '/messages'],
      ['message', '{"a":1,\n"b":2}'],
      ['message', 'x'],
    ]);
    expect(events[0]?.raw).toBe('event: endpoint\ndata: /messages\n\n');
  });

  it('finds the same events however the stream is cut', () => {
    const whole = new EventStreamParser(1_000).push(stream);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const parser = new EventStreamParser(1_000);
        const events = places.slice(1).flatMap((end, index) => parser.push(stream.slice(places[index], end)));
        expect(events.map(({ type, data }) => ({ type, data }))).toEqual(
          whole.map(({ type, data }) => ({ type, data })),
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
    expect(parser.push('\n\n')[0]?.data).toHaveLength(4_096 * piece.length);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('refuses an event over the limit', () => {
    expect(() => new EventStreamParser(10).push('data: 0123456789')).toThrow(EventStreamTooLong);
  });
});
