// What a key is good for: the servers and tools that its entry names, or reading alone. Asked before a tool runs; what a
// server offers is no secret, and documents show all of it to every key.

import { AppError } from '../../errors.ts';
import { matchesAny } from '../../glob.ts';
import type { KnownKey } from './keys.ts';

/** A tool that somebody wants to call. */
export interface Wanted {
  /** The upstream's own name of it. */
  readonly name: string;
  /** Whether it says of itself that it only reads (MCP, `readOnlyHint`). */
  readonly readOnly: boolean;
}

/**
 * Throws `forbidden` for what this key is not good for. `tool` is undefined for resources and prompts, which are only read,
 * and which a key for single tools does not open. Without a key there is nothing to limit.
 */
export function checkScope(key: KnownKey | undefined, server: string, tool: Wanted | undefined): void {
  checkServerScope(key, server);
  checkToolScope(key, server, tool);
}

/** The first half: before the server is tried, and before anything is said of how it is. */
export function checkServerScope(key: KnownKey | undefined, server: string): void {
  const limits = key?.limits;
  if (limits?.servers === undefined || matchesAny(limits.servers, server)) return;
  const { name } = limits;
  throw refused(`The API key ${quoted(name)} is not for the server ${quoted(server)}`, name, 'servers');
}

/** The second half. */
export function checkToolScope(key: KnownKey | undefined, server: string, tool: Wanted | undefined): void {
  const limits = key?.limits;
  if (limits === undefined) return;
  const { name, tools, readOnly } = limits;
  if (tools !== undefined && (tool === undefined || !matchesAny(tools, tool.name))) {
    const what = tool === undefined ? 'resources and prompts' : `the tool ${quoted(tool.name)}`;
    throw refused(`The API key ${quoted(name)} is not for ${what} of the server ${quoted(server)}`, name, 'tools');
  }
  if (readOnly && tool?.readOnly === false) {
    const what = `the tool ${quoted(tool.name)} of the server ${quoted(server)} does not say that it does`;
    throw refused(`The API key ${quoted(name)} is for tools that only read, and ${what}`, name, 'readOnly');
  }
}

function refused(what: string, key: string, limit: 'servers' | 'tools' | 'readOnly'): AppError {
  return new AppError('forbidden', `${what}: use another key, or change "${limit}" of ${quoted(key)} in "mcpo.keys".`);
}

/** Names of tools come from an upstream: short, and harmless in a sentence. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
