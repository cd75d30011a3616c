// Where the browser comes back to. `client_metadata.redirect_uris` of the configuration may name an address that this
// program serves: the first such one is used as it is written, so that it equals what an operator registered by hand.

import type { OAuthConfig } from '../../config/types.ts';
import { isLoopbackName } from '../../net/guarded-fetch.ts';

/** The proxy's own callback: `own`, or the configured address that ends in its path. */
export function ownRedirect({ clientMetadata }: Pick<OAuthConfig, 'clientMetadata'>, own: string): string {
  return addressesIn(clientMetadata).find((address) => isOwn(address, own)) ?? own;
}

/** A port of this machine and a path on it; undefined: the proxy's own callback comes first. */
export function loopbackRedirect(
  config: Pick<OAuthConfig, 'clientMetadata' | 'callbackPort' | 'useLoopback'>,
  own: string,
): { readonly port: number; readonly path: string; readonly written: string | undefined } | undefined {
  if (!config.useLoopback) return undefined;
  const written = addressesIn(config.clientMetadata).find((address) => isOwn(address, own) || isOfLoopback(address));
  if (written === undefined) return { port: config.callbackPort, path: '/callback', written };
  if (isOwn(written, own)) return undefined;
  const { port, pathname } = new URL(written);
  return { port: port === '' ? 80 : Number(port), path: pathname, written };
}

function addressesIn({ redirect_uris: addresses }: OAuthConfig['clientMetadata']): string[] {
  if (!Array.isArray(addresses)) return [];
  return addresses.filter((address) => typeof address === 'string' && URL.canParse(address));
}

function isOwn(address: string, own: string): boolean {
  return new URL(address).pathname === new URL(own).pathname;
}

function isOfLoopback(address: string): boolean {
  const { protocol, hostname, search } = new URL(address);
  return protocol === 'http:' && isLoopbackName(hostname) && search === '';
}
