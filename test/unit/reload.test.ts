import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import type { Config, ServerConfig, Settings } from '../../src/config/types.ts';
import type { AppEvent } from '../../src/events.ts';
import { createReload, type Reload } from '../../src/reload.ts';
import { defaultSettings, serverConfig, stdioTarget } from '../support.ts';

function configOf(names: readonly string[], settings: Partial<Settings> = {}): Config {
  const servers: ServerConfig[] = names.map((name) => serverConfig(stdioTarget('echo'), { name }));
  return {
    mode: 'many',
    settings: { ...defaultSettings, ...settings },
    servers,
    file: '/config.json',
    hotReload: true,
    ignoredKeys: [],
  };
}

/** A reload over configurations that are loaded in turn; an error is thrown. */
function reloadOver(first: Config, ...loads: readonly (Config | Error)[]) {
  const left = [...loads];
  const state = { current: first, stopping: false, events: [] as AppEvent[] };
  const reload: Reload = createReload({
    current: () => state.current,
    load: async () => {
      const next = left.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error('nothing left to load');
      return next;
    },
    isStopping: () => state.stopping,
    apply: (next) => {
      state.current = next;
    },
    observe: (event) => state.events.push(event),
  });
  return { state, reload };
}

describe('a reload', () => {
  it('applies what differs, and says so', async () => {
    const next = configOf(['b', 'c']);
    const { state, reload } = reloadOver(configOf(['a', 'b']), next);
    expect(await reload()).toMatchObject({ outcome: 'applied', added: ['c'], removed: ['a'], changed: [] });
    expect(state.current).toBe(next);
    expect(state.events).toMatchObject([{ type: 'reload', detail: 'added c; removed a; 1 untouched' }]);
  });

  it('changes nothing where nothing changed', async () => {
    const before = configOf(['a']);
    const { state, reload } = reloadOver(before, configOf(['a']), configOf(['a']));
    expect(await reload()).toMatchObject({ outcome: 'unchanged' });
    await reload({ quiet: true });
    expect(state.current).toBe(before);
    expect(state.events, 'a quiet one is no event').toHaveLength(1);
  });

  it('refuses whole what does not validate, or cannot change alive, or comes too late', async () => {
    const before = configOf(['a']);
    const moved = configOf(['a', 'b'], { port: 1 });
    const { state, reload } = reloadOver(before, new ConfigError('c.json:3:1: no.'), moved, configOf(['b']));
    expect((await reload()).detail).toBe('c.json:3:1: no; the configuration in force stays');
    expect((await reload()).detail).toMatch(/^a change of port needs a restart/);
    state.stopping = true;
    expect((await reload()).detail).toMatch(/is stopping/);
    expect(state.current).toBe(before);
  });

  it('keeps the order of several, past one that fails', async () => {
    const last = configOf(['c']);
    const { state, reload } = reloadOver(configOf(['a']), new Error('a bug'), configOf(['b']), last);
    const results = await Promise.allSettled([reload(), reload(), reload()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(state.current).toBe(last);
  });
});
