// Which scopes are asked for (revision 2025-11-25 of MCP, "Scope Selection Strategy"). Pure.

import { computeScopeUnion } from '@modelcontextprotocol/client';
import type { OAuthConfig } from '../../config/types.ts';
import type { AuthorizationServer } from './authorization-server.ts';

/** `challenged`: what the upstream's 401 asked for; `wanted`: what was had, asked for, or missed before. */
export function scopeToAsk(
  server: AuthorizationServer,
  { scopes, clientMetadata }: Pick<OAuthConfig, 'scopes' | 'clientMetadata'>,
  { challenged, wanted }: { readonly challenged: string | undefined; readonly wanted: string | undefined },
): string | undefined {
  const described = typeof clientMetadata['scope'] === 'string' ? clientMetadata['scope'] : undefined;
  const scope = computeScopeUnion(challenged || scopes?.join(' ') || server.resourceScope || described, wanted);
  const offersOffline = server.metadata?.scopes_supported?.includes('offline_access') === true;
  // With nothing to ask for, the server chooses; a lone offline_access would be less than its choice.
  return scope !== undefined && offersOffline && wantsRefreshTokens(clientMetadata)
    ? computeScopeUnion(scope, 'offline_access')
    : scope;
}

function wantsRefreshTokens({ grant_types: types }: OAuthConfig['clientMetadata']): boolean {
  return !Array.isArray(types) || types.includes('refresh_token');
}
