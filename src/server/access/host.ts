// Reading of hosts and addresses as they stand in Host and Origin headers, and the question whether they mean this
// machine alone. Pure text: nothing is looked up.

/** A host as in a URL: lower case, brackets around IPv6 kept, without the port. */
export interface HostPort {
  readonly host: string;
  readonly port: string | undefined;
}

const plainHost = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*))(?::(\d{1,5}))?$/i;

/** Reads `host` or `host:port`; undefined for anything that holds more or less than that. */
export function parseHostPort(text: string | undefined): HostPort | undefined {
  const found = text === undefined ? null : plainHost.exec(text);
  return found?.[1] === undefined ? undefined : { host: found[1].toLowerCase(), port: found[2] };
}

const dottedLoopback = /^127(?:\.\d{1,3}){3}$/;

/** `localhost` and names below it (RFC 6761), 127.0.0.0/8 and ::1. */
export function isLoopbackHost(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    host === '[::1]' ||
    dottedLoopback.test(plainAddress(host))
  );
}

/** Addresses that stand for every interface. */
export function isWildcardAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}

/** An IPv4 address that came over an IPv6 socket, as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** As it stands in a URL. */
export function urlHost(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}
