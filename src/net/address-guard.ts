// Which addresses an upstream with a sign-in may lead us to: those of its own class, or of a more public one. A server on
// the internet, or one that answers for its name, must not make this program ask addresses of this machine or its network.
// Judged inside the connector's lookup, so that a name cannot mean one address when it is judged and another when it is used.

import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, isIPv4 } from 'node:net';

/** The wider the reach, the larger the number. */
const reach = { public: 0, private: 1, loopback: 2 } as const;
export type AddressClass = keyof typeof reach;

type Done = (error: Error | null, addresses: LookupAddress[]) => void;
/** As of node:dns, with `all`. */
export type Lookup = (hostname: string, options: LookupOptions & { all: true }, done: Done) => void;

export interface AddressGuard {
  /** Resolves the addresses of a name that may be connected to; an error where there are none. */
  lookup(hostname: string, options: LookupOptions, done: Done): void;
  /** An error for a host that is itself an address, or `localhost`, and may not be connected to; other names pass. */
  judgeLiteral(hostname: string, done: (error: Error | null) => void): void;
}

/** Told apart from failures of the network: a sentence for people. */
export class ForbiddenAddress extends Error {
  override readonly name = 'ForbiddenAddress';
}

/** `upstreamUrl` is where the upstream is; the class of its first addresses in this process holds from then on. */
export function createAddressGuard(upstreamUrl: string, resolve: Lookup = systemLookup): AddressGuard {
  const upstream = bare(new URL(upstreamUrl).hostname);
  let own = literalClass(upstream);

  /** As long as the upstream's class is unknown, the least is allowed. */
  function mayReach(address: string): boolean {
    const of = classOf(address);
    return of !== undefined && reach[of] <= reach[own ?? 'public'];
  }

  /** Asks where the upstream is, if nobody connected to it before. */
  function learn(done: (error: Error | null) => void): void {
    if (own !== undefined) return done(null);
    resolve(upstream, { all: true }, (error, addresses) => {
      if (error === null) own ??= mostPublic(addresses);
      done(error);
    });
  }

  function judge(host: string, addresses: readonly LookupAddress[], done: Done): void {
    const allowed = (): LookupAddress[] => addresses.filter(({ address }) => mayReach(address));
    if (addresses.length > 0 && allowed().length === addresses.length) return done(null, allowed());
    learn((error) => {
      if (allowed().length > 0) done(null, allowed());
      else done(error ?? new ForbiddenAddress(sentence(host, addresses[0]?.address)), []);
    });
  }

  function sentence(host: string, address: string | undefined): string {
    const of = address === undefined ? undefined : classOf(address);
    if (of === undefined) return `${host} has no address that a request may be sent to`;
    const ownClass = own ?? 'public';
    return host === upstream
      ? `${host} was ${inWords[ownClass]} and is now ${inWords[of]}, which is not believed; restart if that is right`
      : `${upstream}, ${inWords[ownClass]}, may not lead to ${host}, ${inWords[of]}`;
  }

  return {
    lookup(hostname, options, done) {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error !== null) return done(error, []);
        const host = bare(hostname);
        if (host === upstream) own ??= mostPublic(addresses);
        // Such a name means this machine, whoever answers for it: tokens may go there without TLS.
        const isLocal = literalClass(host) === 'loopback';
        const meant = isLocal ? addresses.filter(({ address }) => classOf(address) === 'loopback') : addresses;
        judge(host, meant, done);
      });
    },
    judgeLiteral(hostname, done) {
      const host = bare(hostname);
      const address = isLocalName(host) ? '127.0.0.1' : host;
      if (isIP(address) === 0) done(null);
      else judge(host, [{ address, family: isIP(address) }], done);
    },
  };
}

const inWords: Readonly<Record<AddressClass, string>> = {
  public: 'a public address',
  private: 'an address of a private network',
  loopback: 'an address of this machine',
};

/** Of an IP address; undefined for those that nobody may be sent to: link-local, unspecified, multicast. */
export function classOf(address: string): AddressClass | undefined {
  const plain = embedded(bare(address));
  const version = isIP(plain);
  if (version === 0) return undefined;
  const { family, loopback, never, inside } = version === 4 ? ipv4 : ipv6;
  if (loopback.check(plain, family)) return 'loopback';
  if (never.check(plain, family)) return undefined;
  return inside.check(plain, family) ? 'private' : 'public';
}

/** Of several, so that one that answers with all kinds of addresses does not gain by it. */
function mostPublic(addresses: readonly LookupAddress[]): AddressClass | undefined {
  return addresses
    .flatMap(({ address }) => classOf(address) ?? [])
    .toSorted((a, b) => reach[a] - reach[b])
    .at(0);
}

/** Of a host that needs no lookup. */
function literalClass(host: string): AddressClass | undefined {
  return isLocalName(host) ? 'loopback' : classOf(host);
}

/** RFC 6761, section 6.3. */
function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Without the brackets of IPv6 in a URL, and without a zone. */
function bare(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .toLowerCase();
}

/** The IPv4 address that an IPv6 one stands for; any other address as it is. */
function embedded(address: string): string {
  if (isIP(address) !== 6) return address;
  const groups = groupsOf(address);
  const dotted = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  if (endsInIpv4.check(address, 'ipv6')) return dotted(groups[6], groups[7]);
  return sixToFour.check(address, 'ipv6') ? dotted(groups[1], groups[2]) : address;
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [before = '', after] = hexadecimal.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const gap = after === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...gap, ...tail].map((group) => Number.parseInt(group, 16));
}

/** Mapped (RFC 4291), translated (RFC 7915) and NAT64 (RFC 6052). */
const endsInIpv4 = listOf('::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96');
/** RFC 3056. */
const sixToFour = listOf('2002::/16');

/** A list for each family: Node takes IPv4 addresses to be inside of short IPv6 prefixes. */
const ipv4 = {
  family: 'ipv4',
  loopback: listOf('127.0.0.0/8'),
  // Link-local, unspecified, multicast, broadcast; and what clouds tell a machine's secrets at outside of link-local.
  never: listOf(
    '169.254.0.0/16 0.0.0.0/8 224.0.0.0/4 255.255.255.255/32 100.100.100.200/32 168.63.129.16/32 192.0.0.192/32',
  ),
  // IANA's special-purpose registry: whatever is not reached over the internet.
  inside: listOf(
    '10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 192.0.0.0/24 198.18.0.0/15 240.0.0.0/4 ' +
      '192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 192.88.99.0/24',
  ),
} as const;

const ipv6 = {
  family: 'ipv6',
  loopback: listOf('::1/128'),
  // As above; ::/96 was for IPv4 addresses once, and has the unspecified address.
  never: listOf('fe80::/10 ::/96 ff00::/8 fd00:ec2::/32'),
  // All but global unicast (2000::/3), and the parts of that which are for special purposes.
  inside: listOf('::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 3fff::/20'),
} as const;

function listOf(blocks: string): BlockList {
  const list = new BlockList();
  for (const block of blocks.split(' ')) {
    const [address = '', prefix] = block.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
