// One scrape of /metrics: everything that is told, as text. Loaded by the first one, so that a program that nobody scrapes
// has none of it.

import type { Snapshot } from '../snapshot.ts';
import type { Counts } from './counts.ts';
import { textFormat, toText } from './exposition.ts';
import { allFamilies } from './families.ts';
import { processFamilies } from './process-families.ts';

export interface MetricsText {
  /** Names the version of the format. */
  readonly contentType: string;
  readonly text: string;
}

export async function toMetricsText(snapshot: Snapshot, counts: Counts): Promise<MetricsText> {
  const families = [...allFamilies(snapshot, counts), ...(await processFamilies())];
  return { contentType: textFormat, text: await toText(families) };
}
