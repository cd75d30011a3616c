import { describe, expect, it } from 'vitest';
import { personalSnapshot } from '../../../src/server/personal.ts';
import { makeCatalogue, makeSnapshot } from '../openapi/made.ts';

const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });

describe('a personal snapshot', () => {
  it('shows what servers offer this user, and of the others the very same objects', () => {
    const snapshot = makeSnapshot('many', { open: [tool('add')], own: undefined });
    const personal = personalSnapshot(snapshot, new Map([['own', makeCatalogue([tool('whoami')])]]));
    expect(personal.servers.get('own')?.operations?.list.map(({ operationId }) => operationId)).toEqual(['own_whoami']);
    expect(personal.servers.get('open')).toBe(snapshot.servers.get('open'));
    expect(snapshot.servers.get('own')?.operations, 'nobody else sees it').toBeUndefined();
  });

  it('is one for users who are offered the same, and the plain one for who is offered nothing', () => {
    const snapshot = makeSnapshot('many', { own: undefined });
    const catalogue = makeCatalogue([tool('whoami')]);
    const first = personalSnapshot(snapshot, new Map([['own', catalogue]]));
    expect(personalSnapshot(snapshot, new Map([['own', catalogue]]))).toBe(first);
    expect(personalSnapshot(snapshot, new Map([['own', makeCatalogue([tool('other')])]]))).not.toBe(first);
    expect(personalSnapshot(snapshot, new Map())).toBe(snapshot);
  });

  it('goes with the snapshot that it is made of', () => {
    const catalogues = new Map([['own', makeCatalogue([tool('whoami')])]]);
    const [before, after] = [1, 2].map(() => makeSnapshot('many', { own: undefined }));
    if (before === undefined || after === undefined) throw new Error('no snapshots');
    expect(personalSnapshot(after, catalogues)).not.toBe(personalSnapshot(before, catalogues));
  });
});
