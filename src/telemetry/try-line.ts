// Chooses the command that a newcomer pastes first: one call, as a curl line, that works as it stands. It needs no
// arguments, changes nothing as far as anyone can tell, and never shows the key: the shell fills it in.

import { isGuarded } from '../config/guarded.ts';
import type { Tool } from '../mcp/types.ts';
import { firstTryRank } from '../openapi/first-try.ts';
import { encodeSegment } from '../openapi/names.ts';
import type { Operation } from '../openapi/prepared.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';

/** Where the shell finds the key. */
export const keyVariable = 'MCPO_API_KEY';

/**
 * A curl line against `url` (where this process can be reached, without a path); where no tool is fit for it, one that
 * reads the document. Single quotes only, so that it survives being copied out of a JSON log line.
 */
export function tryLine(snapshot: Snapshot, url: string): string {
  const { settings } = snapshot.config;
  const { strictAuth, pathPrefix } = settings;
  // A certificate is made out to a public name, and this line goes to the machine itself.
  const insecure = url.startsWith('https:') ? ' -k' : '';
  const withKey = ` -H 'Authorization: Bearer '$${keyVariable}`;
  const found = choose(snapshot);
  if (found === undefined) {
    const key = isGuarded(settings) && strictAuth ? withKey : '';
    return `curl${insecure}${key} ${url}/openapi.json`;
  }
  const segments = snapshot.root === undefined ? [found.server.name] : [];
  const path = [...segments, found.operation.segment].map(encodeSegment).join('/');
  const key = isGuarded(settings) ? withKey : '';
  return `curl -X POST${insecure}${key} ${shellWord(`${url}${pathPrefix}/${path}`)}`;
}

interface Candidate {
  readonly server: ServerView;
  readonly operation: Operation;
}

function choose(snapshot: Snapshot): Candidate | undefined {
  const ranked: (Candidate | undefined)[] = [];
  for (const server of snapshot.servers.values()) {
    if (server.upstream?.status().state !== 'ready') continue;
    for (const operation of server.operations?.list ?? []) {
      const rank = needsArguments(operation.tool) ? undefined : firstTryRank(operation.tool);
      if (rank !== undefined) ranked[rank] ??= { server, operation };
    }
  }
  return ranked.find((candidate) => candidate !== undefined);
}

/** Branches may demand what `required` does not say, and tools that run as tasks answer late. */
function needsArguments({ inputSchema, definition }: Tool): boolean {
  const { required } = inputSchema;
  if (Array.isArray(required) && required.length > 0) return true;
  if (['anyOf', 'oneOf', 'allOf', '$ref', 'minProperties', 'not', 'if'].some((key) => key in inputSchema)) return true;
  const execution = definition['execution'] as { readonly taskSupport?: unknown } | null | undefined;
  return execution?.taskSupport === 'required';
}

function shellWord(text: string): string {
  return /^[\w:/.%~-]+$/u.test(text) ? text : `'${text.replaceAll("'", '%27')}'`;
}
