// Which address to listen on, and the sentences that say so when the program starts. An open proxy runs other people's
// tools: where neither keys nor users' tokens guard every server it listens to this machine only, unless somebody asks for
// more by name.

import { isIPv6 } from 'node:net';
import { isGuarded } from '../config/guarded.ts';
import type { Config, Settings } from '../config/types.ts';
import { isLoopbackHost, isWildcardAddress, urlHost } from './access/host.ts';
import type { Binding } from './access/rules.ts';

/** The address to listen on; undefined for all of them. */
export function bindHost(settings: Settings): string | undefined {
  // `localhost` may be ::1 alone, and programs that say 127.0.0.1 would find nobody.
  if (settings.host === 'localhost') return '127.0.0.1';
  if (settings.host !== undefined) return settings.host;
  return isGuarded(settings) ? undefined : '127.0.0.1';
}

/** Until the program listens: what it is going to be. */
export function expectedBinding(settings: Settings): Binding {
  return { address: bindHost(settings) ?? '::', port: settings.port, scheme: schemeOf(settings) };
}

export function schemeOf(settings: Settings): 'http' | 'https' {
  return settings.tls === undefined ? 'http' : 'https';
}

/** An address that works on this machine. */
export function ownUrl(settings: Settings, { address, port, scheme }: Binding): string {
  const named = settings.host !== undefined && !isWildcardAddress(settings.host) ? settings.host : undefined;
  const host = named ?? (isWildcardAddress(address) ? '127.0.0.1' : address);
  return `${scheme}://${isIPv6(host) ? urlHost(host) : host}:${port}`;
}

export function bindSentence({ settings }: Config, { address, port }: Binding): string {
  const where = isWildcardAddress(address) ? `all interfaces, port ${port}` : `${urlHost(address)}:${port}`;
  if (settings.host !== undefined) return `Listening on ${where}, as --host says.`;
  return isGuarded(settings)
    ? `Listening on ${where}, because ${guardOf(settings)} every server; --host changes that.`
    : `Listening on ${where} only, because no --api-key guards the servers; --host changes that.`;
}

function guardOf({ apiKey, keys }: Settings): string {
  if (apiKey !== undefined) return 'an API key guards';
  return keys.length > 0 ? 'API keys guard' : "users' tokens guard";
}

export function originsSentence({ settings }: Config): string {
  const { corsAllowOrigins, apiKey, keys } = settings;
  if (corsAllowOrigins?.includes('*')) return 'Web pages of every origin may call, as --cors-allow-origins says.';
  if (corsAllowOrigins !== undefined) {
    return `Web pages of ${corsAllowOrigins.join(', ')} may call, as --cors-allow-origins says.`;
  }
  if (!isGuarded(settings)) {
    return 'Only web pages of this machine may call; --cors-allow-origins or --api-key changes that.';
  }
  const ticket = apiKey !== undefined ? 'the API key' : keys.length > 0 ? 'an API key' : "a user's token";
  return `Web pages of every origin may call, with ${ticket}.`;
}

/** Reachable by others and open: worth a warning. */
export function bindWarning({ settings }: Config, binding: Binding): string | undefined {
  if (isGuarded(settings) || isLoopbackHost(binding.address)) return undefined;
  return 'Anybody who can reach this address can run every tool: set --api-key.';
}
