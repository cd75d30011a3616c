// Whether calls need proof of who calls: an API key, or a user's token. Signing in to a server is neither: that says whom
// an upstream believes, not whom we do.

import type { Settings } from './types.ts';

export function isGuarded({ apiKey, keys, jwt }: Pick<Settings, 'apiKey' | 'keys' | 'jwt'>): boolean {
  return apiKey !== undefined || keys.length > 0 || jwt !== undefined;
}
