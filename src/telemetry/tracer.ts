// Decides for each call whether its spans are exported, and makes their ids: those of a trace that begins here, and those
// of our spans in any. An upstream is told what was decided, so that a trace is whole or not there.

import { randomBytes } from 'node:crypto';
import type { Tracing } from '../config/tracing.ts';
import { toTraceparent, type IncomingTrace, type Tracer } from '../trace.ts';

type Decision = (traceId: string, incoming: IncomingTrace | undefined) => boolean;

const sampledFlag = 1;

export function createTracer({ sampler, ratio }: Pick<Tracing, 'sampler' | 'ratio'>): Tracer {
  const isSampled = decisionOf(sampler, ratio);
  return (incoming) => {
    const traceId = incoming?.traceId ?? newId(traceIdDigits);
    const otherFlags = (incoming?.flags ?? 0) & ~sampledFlag;
    const tracestate = incoming?.tracestate;
    const baggage = incoming?.baggage;
    if (!isSampled(traceId, incoming)) {
      const parentId = incoming?.parentId ?? newId(spanIdDigits);
      const traceparent = toTraceparent(traceId, parentId, otherFlags);
      return { traceId, traceparent, tracestate, baggage, spans: undefined };
    }
    const client = newId(spanIdDigits);
    const traceparent = toTraceparent(traceId, client, otherFlags | sampledFlag);
    const spans = { parent: incoming?.parentId, server: newId(spanIdDigits), client };
    return { traceId, traceparent, tracestate, baggage, spans };
  };
}

function decisionOf(sampler: Tracing['sampler'], ratio: number): Decision {
  switch (sampler) {
    case 'always_on':
      return () => true;
    case 'always_off':
      return () => false;
    case 'traceidratio':
      return (traceId) => isBelow(traceId, ratio);
    case 'parentbased_always_on':
      return asParent(() => true);
    case 'parentbased_always_off':
      return asParent(() => false);
    case 'parentbased_traceidratio':
      return asParent((traceId) => isBelow(traceId, ratio));
  }
}

/** What the caller decided holds; where there is none, `alone` decides. */
function asParent(alone: (traceId: string) => boolean): Decision {
  return (traceId, incoming) => (incoming === undefined ? alone(traceId) : (incoming.flags & sampledFlag) !== 0);
}

/** So many digits at the end of an id are random in every trace (Trace Context level 2, section 2.2.3.3). */
const randomDigits = 13;

/** The same trace is decided in the same way by all who take part with the same ratio. */
function isBelow(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-randomDigits), 16) < ratio * 16 ** randomDigits;
}

const traceIdDigits = 32;
const spanIdDigits = 16;

/** Random digits are cheap by the thousand, and dear one by one. */
const poolBytes = 4_096;
let pool = '';
let used = 0;

/** All zeros is no id, and never comes. */
function newId(digits: number): string {
  if (used + digits > pool.length) {
    pool = randomBytes(poolBytes).toString('hex');
    used = 0;
  }
  used += digits;
  return pool.slice(used - digits, used);
}
