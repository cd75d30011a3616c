// Which tools are fit for a first call, the one a newcomer pastes: by what they say of themselves and by how their names
// sound. Pure; which arguments such a call has is decided where the line is written.

import type { Tool } from '../mcp/types.ts';

/** 0 is best; undefined is never shown. Of equals the one without any argument: optional ones may be needed all the same. */
export function firstTryRank(tool: Tool): number | undefined {
  const risk = riskOf(tool);
  return risk === undefined ? undefined : 2 * risk + (takesArguments(tool) ? 1 : 0);
}

function riskOf({ name, annotations }: Tool): number | undefined {
  if (harmfulWords.test(name)) return undefined;
  if (annotations?.['readOnlyHint'] === true) return 0;
  if (annotations?.['destructiveHint'] === true) return undefined;
  if (readingWords.test(name)) return 1;
  return annotations?.['destructiveHint'] === false ? 2 : 3;
}

function takesArguments({ inputSchema }: Tool): boolean {
  return Object.keys(Object(inputSchema['properties'])).length > 0;
}

const readingWords =
  /^(?:get|list|read|show|search|find|describe|status|ping|echo|time|now|version|info|health)(?![a-z])/u;

/** Tools that someone may have forgotten to mark, and tools whose answer does not belong on a screen. */
const harmfulWords =
  /delete|remove|drop|clear|reset|wipe|purge|destroy|kill|stop|shut|restart|revoke|send|pay|env|secret|token|passw|credential/iu;
