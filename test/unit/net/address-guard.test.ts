import { describe, expect, it } from 'vitest';
import { classOf, createAddressGuard, ForbiddenAddress, type AddressGuard } from '../../../src/net/address-guard.ts';
import { answering } from './names.ts';

describe('the class of an address', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['100.127.255.255', 'private'],
    ['198.18.0.1', 'private'],
    ['198.19.255.255', 'private'],
    ['192.0.0.8', 'private'],
    ['192.0.2.1', 'private'],
    ['198.51.100.1', 'private'],
    ['203.0.113.1', 'private'],
    ['240.0.0.1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fec0::1', 'private'],
    ['2001:db8::1', 'private'],
    ['2001:0:4136:e378::1', 'private'],
    ['100::1', 'private'],
    ['5f00::1', 'private'],
    ['4000::1', 'private'],
    ['64:ff9b:1:a9fe:a9:fe00:808:808', 'private'],
    ['8.8.8.8', 'public'],
    ['1.1.1.1', 'public'],
    ['172.15.0.1', 'public'],
    ['172.32.0.1', 'public'],
    ['100.63.255.255', 'public'],
    ['100.128.0.1', 'public'],
    ['11.0.0.1', 'public'],
    ['2606:4700::1111', 'public'],
  ])('%s is %s', (address, expected) => {
    expect(classOf(address)).toBe(expected);
  });

  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '100.100.100.200',
    '168.63.129.16',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    'ff02::1',
    '::',
    '::2',
    'no address',
    '',
  ])('%s is none that anybody is sent to', (address) => {
    expect(classOf(address)).toBeUndefined();
  });

  it.each([
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['0:0:0:0:0:ffff:7f00:1', 'loopback'],
    ['::FFFF:10.0.0.1', 'private'],
    ['::ffff:169.254.169.254', undefined],
    ['::ffff:a9fe:a9fe', undefined],
    ['::ffff:0.0.0.0', undefined],
    ['::ffff:8.8.8.8', 'public'],
    ['::ffff:0:127.0.0.1', 'loopback'],
    ['64:ff9b::127.0.0.1', 'loopback'],
    ['64:ff9b::a9fe:a9fe', undefined],
    ['64:ff9b::c0a8:1', 'private'],
    ['64:ff9b::808:808', 'public'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::1', undefined],
    ['2002:a00:1::1', 'private'],
    ['2002:808:808::1', 'public'],
    // RFC 4291, section 2.5.5.1: of no use any more.
    ['::127.0.0.1', undefined],
    ['::8.8.8.8', undefined],
  ])('%s is that of the IPv4 address in it: %s', (address, expected) => {
    expect(classOf(address)).toBe(expected);
  });
});

const publicAddress = '8.8.8.8';
const privateAddress = '10.0.0.1';
const loopbackAddress = '127.0.0.1';

describe('a guard', () => {
  it.each([
    ['https://8.8.8.8/mcp', [publicAddress]],
    ['https://[2606:4700::1111]/mcp', [publicAddress]],
    ['http://10.1.2.3/mcp', [publicAddress, privateAddress]],
    ['http://[fd00::1]/mcp', [publicAddress, privateAddress]],
    ['http://127.0.0.1:3000/mcp', [publicAddress, privateAddress, loopbackAddress]],
    ['http://127.1:3000/mcp', [publicAddress, privateAddress, loopbackAddress]],
    ['http://[::1]:3000/mcp', [publicAddress, privateAddress, loopbackAddress]],
    ['http://localhost:3000/mcp', [publicAddress, privateAddress, loopbackAddress]],
  ])('of %s lets it lead to addresses of its class and of wider ones: %j', async (url, allowed) => {
    const { lookup, asked } = answering({ 'auth.example': [publicAddress, privateAddress, loopbackAddress] });
    const guard = createAddressGuard(url, lookup);
    expect(await addressesOf(guard, 'auth.example')).toEqual(allowed);
    expect(asked).toEqual(['auth.example']);
    for (const address of [publicAddress, privateAddress, loopbackAddress]) {
      expect(await isAllowed(guard, address)).toBe(allowed.includes(address));
    }
  });

  it.each([
    [[publicAddress], [publicAddress]],
    [[privateAddress], [publicAddress, privateAddress]],
    [[loopbackAddress], [publicAddress, privateAddress, loopbackAddress]],
    // The most public one: an answer of all kinds must not widen what may be reached.
    [[loopbackAddress, privateAddress, publicAddress], [publicAddress]],
    [
      [loopbackAddress, '169.254.169.254', privateAddress],
      [publicAddress, privateAddress],
    ],
  ])('of a name takes the class of its first addresses, %j', async (own, allowed) => {
    const names = { 'notes.example': own, 'auth.example': [publicAddress, privateAddress, loopbackAddress] };
    for (const first of ['notes.example', 'auth.example']) {
      const guard = createAddressGuard('https://notes.example/mcp', answering(names).lookup);
      await addressesOf(guard, first);
      expect(await addressesOf(guard, 'auth.example')).toEqual(allowed);
    }
  });

  it('of a public server never leads to one that it was told of later', async () => {
    const names: Record<string, string[]> = { 'notes.example': [publicAddress] };
    const guard = createAddressGuard('https://notes.example/mcp', answering(names).lookup);
    expect(await addressesOf(guard, 'notes.example')).toEqual([publicAddress]);
    for (const address of [loopbackAddress, privateAddress, '::1', '::ffff:10.0.0.1']) {
      names['notes.example'] = [address];
      await expect(addressesOf(guard, 'notes.example')).rejects.toThrow(ForbiddenAddress);
    }
    names['notes.example'] = [loopbackAddress, '8.8.4.4'];
    expect(await addressesOf(guard, 'notes.example')).toEqual(['8.8.4.4']);
    expect(await isAllowed(guard, loopbackAddress)).toBe(false);
  });

  it('leads nobody to link-local addresses, whoever it is of', async () => {
    const names = { 'metadata.example': ['169.254.169.254', 'fe80::1', '::ffff:a9fe:a9fe'] };
    for (const url of ['http://127.0.0.1/', 'http://10.0.0.1/', 'https://8.8.8.8/', 'http://169.254.169.254/']) {
      const guard = createAddressGuard(url, answering(names).lookup);
      await expect(addressesOf(guard, 'metadata.example')).rejects.toThrow(ForbiddenAddress);
      for (const literal of ['169.254.169.254', '[fe80::1]', '[::ffff:a9fe:a9fe]', '0.0.0.0', '[::]']) {
        expect(await isAllowed(guard, literal)).toBe(false);
      }
    }
  });

  it.each([
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '①②⑦.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::1]',
  ])('knows loopback written as %s', async (host) => {
    const { hostname } = new URL(`http://${host}/`);
    expect(await isAllowed(createAddressGuard('https://8.8.8.8/'), hostname)).toBe(false);
    expect(await isAllowed(createAddressGuard('http://localhost/'), hostname)).toBe(true);
  });

  it('takes localhost for this machine, and for nothing else', async () => {
    const names = { localhost: [publicAddress, loopbackAddress], 'notes.localhost': [publicAddress] };
    const guard = createAddressGuard('http://localhost:3000/', answering(names).lookup);
    expect(await addressesOf(guard, 'localhost')).toEqual([loopbackAddress]);
    await expect(addressesOf(guard, 'notes.localhost')).rejects.toThrow(ForbiddenAddress);
    expect(await isAllowed(createAddressGuard('https://8.8.8.8/'), 'localhost')).toBe(false);
    expect(await isAllowed(createAddressGuard('https://8.8.8.8/'), 'notes.localhost')).toBe(false);
  });

  it('asks where its upstream is before it judges a private address', async () => {
    const { lookup, asked } = answering({ 'notes.internal': [privateAddress] });
    const guard = createAddressGuard('https://notes.internal/mcp', lookup);
    expect(await isAllowed(guard, publicAddress)).toBe(true);
    expect(asked).toEqual([]);
    expect(await isAllowed(guard, '10.9.9.9')).toBe(true);
    expect(await isAllowed(guard, '192.168.9.9')).toBe(true);
    expect(asked).toEqual(['notes.internal']);
    expect(await isAllowed(guard, loopbackAddress)).toBe(false);
  });

  it('allows public addresses alone while its upstream cannot be found, and asks again', async () => {
    const names: Record<string, string[]> = { 'auth.example': [publicAddress], 'auth.internal': [privateAddress] };
    const guard = createAddressGuard('https://notes.internal/mcp', answering(names).lookup);
    expect(await addressesOf(guard, 'auth.example')).toEqual([publicAddress]);
    await expect(addressesOf(guard, 'auth.internal')).rejects.toThrow('ENOTFOUND notes.internal');
    expect(await isAllowed(guard, privateAddress)).toBe(false);
    names['notes.internal'] = [];
    expect(await isAllowed(guard, privateAddress)).toBe(false);
    names['notes.internal'] = [privateAddress];
    expect(await addressesOf(guard, 'auth.internal')).toEqual([privateAddress]);
  });

  it('says why in a sentence', async () => {
    const names: Record<string, string[]> = {
      'notes.example': [publicAddress],
      'auth.example': [privateAddress],
      'metadata.example': ['169.254.169.254'],
    };
    const guard = createAddressGuard('https://notes.example/mcp', answering(names).lookup);
    await expect(addressesOf(guard, 'auth.example')).rejects.toThrow(
      'notes.example, a public address, may not lead to auth.example, an address of a private network',
    );
    await expect(addressesOf(guard, 'metadata.example')).rejects.toThrow(
      'metadata.example has no address that a request may be sent to',
    );
    names['notes.example'] = [loopbackAddress];
    await expect(addressesOf(guard, 'notes.example')).rejects.toThrow(
      'notes.example was a public address and is now an address of this machine, which is not believed; restart if that is right',
    );
  });
});

function addressesOf(guard: AddressGuard, host: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    guard.lookup(host, {}, (error, addresses) => {
      if (error === null) resolve(addresses.map(({ address }) => address));
      else reject(error);
    });
  });
}

function isAllowed(guard: AddressGuard, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    guard.judgeLiteral(host, (error) => resolve(error === null));
  });
}
