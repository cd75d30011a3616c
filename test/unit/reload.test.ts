import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import type { Config, ServerConfig, Settings } from '../../src/config/types.ts';
import type { AppEvent } from '../../src/events.ts';
import { createReload, type Reload } from '../../src/reload.ts';
import { defaultSettings, serverConfig, stdioTarget, until } from '../support.ts';

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

/** A reload over configurations that are loaded in turn; an error is thrown. A file that is wrong is read four times. */
function reloadOver(first: Config, ...loads: readonly (Config | Error)[]) {
  const left = [...loads];
  const state = {
    current: first,
    stopping: false,
    events: [] as AppEvent[],
    loads: 0,
    /** How long reading takes. */
    reading: Promise.resolve(),
  };
  const reload: Reload = createReload({
    current: () => state.current,
    load: async () => {
      state.loads++;
      await state.reading;
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

const wrong = new ConfigError('c.json:3:1: no.');
/** For good: each of its looks. */
const staysWrong = [wrong, wrong, wrong, wrong] as const;

/** Until the function is called, nothing is read to its end. */
function holdReading(state: { reading: Promise<void> }): () => void {
  let finish = (): void => {};
  state.reading = new Promise((resolve) => {
    finish = resolve;
  });
  return () => finish();
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
    const { state, reload } = reloadOver(before, ...staysWrong, moved, configOf(['b']));
    expect((await reload()).detail).toBe('c.json:3:1: no; the configuration in force stays');
    expect((await reload()).detail).toMatch(/^a change of port needs a restart/);
    state.stopping = true;
    expect((await reload()).detail).toMatch(/is stopping/);
    expect(state.current).toBe(before);
  });

  it('is not refused for a file that is just being written', async () => {
    const { state, reload } = reloadOver(configOf(['a']), wrong, wrong, wrong, configOf(['b']));
    expect(await reload()).toMatchObject({ outcome: 'applied', added: ['b'] });
    expect(state.events).toHaveLength(1);
  });

  it('keeps the order of several, past one that fails', async () => {
    const last = configOf(['c']);
    const { state, reload } = reloadOver(configOf(['a']), new Error('a bug'), configOf(['b']), last);
    await expect(reload()).rejects.toThrow('a bug');
    const finish = holdReading(state);
    const first = reload();
    await until(() => state.loads === 2);
    const second = reload();
    finish();
    expect([(await first).added, (await second).added]).toEqual([['b'], ['c']]);
    expect(state.current).toBe(last);
  });

  it('of many that are asked for while one runs is one, and each is told what came of it', async () => {
    const { state, reload } = reloadOver(configOf(['a']), configOf(['b']), configOf(['c']));
    const finish = holdReading(state);
    const first = reload();
    await until(() => state.loads === 1);
    const rest = Promise.all([reload({ quiet: true }), reload(), reload({ quiet: true })]);
    finish();
    expect(await first).toMatchObject({ added: ['b'] });
    for (const report of await rest) expect(report).toMatchObject({ outcome: 'applied', added: ['c'], removed: ['b'] });
    expect(state.events).toHaveLength(2);
  });

  it('is an event for whoever asked aloud, though it began quietly', async () => {
    const { state, reload } = reloadOver(configOf(['a']), configOf(['a']));
    await Promise.all([reload({ quiet: true }), reload()]);
    expect(state.events).toMatchObject([{ type: 'reload', outcome: 'unchanged' }]);
  });

  it('says what was probably meant as a sentence of its own', async () => {
    const typo = new ConfigError('c.json:3:1: comand is unknown. Did you mean "command"?');
    const { reload } = reloadOver(configOf(['a']), typo, typo, typo, typo);
    expect((await reload()).detail).toMatch(/Did you mean "command"\? The configuration in force stays$/);
  });

  it('is remembered until the next, unless it was quiet and changed nothing', async () => {
    const { reload } = reloadOver(configOf(['a']), configOf(['a']), ...staysWrong, configOf(['a']), configOf(['b']));
    await reload({ quiet: true });
    expect(reload.last()).toBeUndefined();
    const before = Date.now();
    await reload();
    expect(reload.last()).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('c.json:3:1') });
    expect(reload.last()?.at).toBeGreaterThanOrEqual(before);
    await reload();
    expect(reload.last()).toMatchObject({ outcome: 'unchanged' });
    await reload({ quiet: true });
    expect(reload.last()).toMatchObject({ outcome: 'applied', added: ['b'], removed: ['a'] });
  });
});
