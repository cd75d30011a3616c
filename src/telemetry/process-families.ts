// How the process itself is: memory, processor, descriptors, and how late its event loop runs. Asked at each scrape, under
// the names that dashboards for Node know (those of prom-client). Where the system does not tell, the metric is missing.

import { readdir, readFile } from 'node:fs/promises';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { single, type Family } from './exposition.ts';

/** How often the loop is looked at; what is later than this by little is not late. */
const resolutionMs = 20;
const secondsOf = { micro: 1e-6, milli: 1e-3, nano: 1e-9 } as const;

let delays: IntervalHistogram | undefined;

export async function processFamilies(): Promise<Family[]> {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  return [
    single(
      'process_cpu_user_seconds_total',
      'counter',
      'Processor time spent in this program.',
      cpu.user * secondsOf.micro,
    ),
    single(
      'process_cpu_system_seconds_total',
      'counter',
      'Processor time spent in the system for it.',
      cpu.system * secondsOf.micro,
    ),
    single(
      'process_start_time_seconds',
      'gauge',
      'When the process began, since the epoch.',
      performance.timeOrigin * secondsOf.milli,
    ),
    single('process_resident_memory_bytes', 'gauge', 'Memory that is in use, of all kinds.', memory.rss),
    ...(await descriptorFamilies()),
    single('nodejs_heap_size_total_bytes', 'gauge', 'Memory that JavaScript has.', memory.heapTotal),
    single('nodejs_heap_size_used_bytes', 'gauge', 'Memory that JavaScript uses of it.', memory.heapUsed),
    single('nodejs_external_memory_bytes', 'gauge', 'Memory of buffers, outside of the heap.', memory.external),
    ...delayFamilies(),
  ];
}

/** Linux tells. */
async function descriptorFamilies(): Promise<Family[]> {
  try {
    const [open, limits] = await Promise.all([readdir('/proc/self/fd'), readFile('/proc/self/limits', 'utf8')]);
    const max = Number(/^Max open files\s+(\d+)/mu.exec(limits)?.[1]);
    return [
      // Without the one that reads the folder.
      single('process_open_fds', 'gauge', 'Open file descriptors, sockets among them.', open.length - 1),
      ...(Number.isNaN(max) ? [] : [single('process_max_fds', 'gauge', 'As many may be open.', max)]),
    ];
  } catch {
    return [];
  }
}

/** Since the scrape before; watched from the first scrape on, so that nobody else pays. */
function delayFamilies(): Family[] {
  if (delays === undefined) {
    delays = monitorEventLoopDelay({ resolution: resolutionMs });
    delays.enable();
    return delayFamilies();
  }
  const seconds = (delayNs: number): number => {
    // Nothing was seen yet.
    if (delays?.count === 0) return 0;
    return Math.max(0, delayNs * secondsOf.nano - resolutionMs * secondsOf.milli);
  };
  const families = [
    single(
      'nodejs_eventloop_lag_p50_seconds',
      'gauge',
      'How late work began in the middle case, since the last scrape.',
      seconds(delays.percentile(50)),
    ),
    single(
      'nodejs_eventloop_lag_p99_seconds',
      'gauge',
      'How late work began in the worst hundredth, since the last scrape.',
      seconds(delays.percentile(99)),
    ),
    single(
      'nodejs_eventloop_lag_max_seconds',
      'gauge',
      'How late work began at worst, since the last scrape.',
      seconds(delays.max),
    ),
  ];
  delays.reset();
  return families;
}
