// Names that mean in a test what it says, in place of the machine's own look-up.

import { isIP } from 'node:net';
import type { Lookup } from '../../../src/net/address-guard.ts';

/** `asked`: every name that was looked up, in order. What `names` says may change meanwhile. */
export function answering(names: Readonly<Record<string, readonly string[]>>): {
  readonly lookup: Lookup;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _options, done) => {
    asked.push(hostname);
    const addresses = names[hostname] ?? (isIP(hostname) === 0 ? undefined : [hostname]);
    queueMicrotask(() => {
      if (addresses === undefined) done(Object.assign(new Error(`ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), []);
      else
        done(
          null,
          addresses.map((address) => ({ address, family: isIP(address) })),
        );
    });
  };
  return { lookup, asked };
}
