import { describe, expect, test } from 'vitest';
import { parseCommandLine, type Invocation } from '../../../src/command-line/parse.ts';
import { ConfigError } from '../../../src/config/config-error.ts';
import { options, type OptionDefinition } from '../../../src/config/options.ts';

const table: readonly OptionDefinition[] = options;

/** The options of a line that must be understood. */
function optionsOf(...argv: string[]): unknown {
  const invocation = parseCommandLine(argv);
  if (!('options' in invocation)) throw new Error(`not to be run: ${invocation.kind}`);
  return invocation.options;
}

function helpOf(...argv: string[]): string {
  const invocation = parseCommandLine(argv);
  if (invocation.kind !== 'help') throw new Error(`no help: ${invocation.kind}`);
  return invocation.text;
}

function mistakeOf(...argv: string[]): string {
  let understood: Invocation;
  try {
    understood = parseCommandLine(argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`understood as ${JSON.stringify(understood)}`);
}

describe('the table of options', () => {
  const cases = table.flatMap((option) =>
    [option.flag, ...(option.short === undefined ? [] : [option.short]), ...(option.aliases ?? [])].map(
      (flag) => [flag, option] as const,
    ),
  );

  test.each(cases)('%s is understood', (flag, { name, kind, repeatable }) => {
    const words = kind === 'boolean' ? [flag] : [flag, 'x'];
    const value = kind === 'boolean' ? true : repeatable === true ? ['x'] : 'x';
    expect(optionsOf(...words)).toEqual({ [name]: value });
    expect(optionsOf('check', ...words)).toEqual({ [name]: value });
  });

  test.each(cases.filter(([, { kind }]) => kind !== 'boolean'))('%s without a value is a mistake', (flag, { name }) => {
    const option = table.find((entry) => entry.name === name);
    expect(mistakeOf(flag)).toContain(`${option?.flag}`);
    expect(mistakeOf(flag)).toContain(' needs a value');
    expect(mistakeOf(flag, '--port', '80')).toContain(`${option?.flag}`);
  });

  test.each(table.map((option) => [option.flag, option] as const))('help shows %s', (flag, option) => {
    const help = helpOf('--help');
    const shown = [option.short, flag].filter((text) => text !== undefined).join(', ');
    expect(help).toContain(`  ${option.kind === 'boolean' ? shown : `${shown} <${option.placeholder}>`} `);
    for (const alias of option.aliases ?? []) expect(help).toContain(`also ${alias}`);
  });
});

describe('values', () => {
  test('of a repeatable flag add up; of any other the last one counts', () => {
    expect(optionsOf('-H', 'A: 1', '--port', '1', '--header', 'B: 2', '-p', '2')).toEqual({
      header: ['A: 1', 'B: 2'],
      port: '2',
    });
    expect(optionsOf('--type', 'sse', '--server-type', 'stdio')).toEqual({ serverType: 'stdio' });
  });

  test('may follow an equals sign, begin with a dash, or be empty', () => {
    expect(optionsOf('--port=1', '--api-key=-x', '--name=')).toEqual({ port: '1', apiKey: '-x', name: '' });
    expect(optionsOf('--api-key', '-secret', '--port', '-1')).toEqual({ apiKey: '-secret', port: '-1' });
  });

  test('a switch can be switched off, because a variable may have switched it on', () => {
    expect(optionsOf('--strict-auth', '--no-strict-auth')).toEqual({ strictAuth: false });
    expect(optionsOf('--no-hot-reload', '--hot-reload')).toEqual({ hotReload: true });
  });

  test('only what was given is there', () => {
    expect(optionsOf()).toEqual({});
  });
});

describe('the words after --', () => {
  test('belong to the server, untouched', () => {
    const words = ['npx', '-y', 'server', '--port', '1', '--', '--help', '-v', ''];
    expect(parseCommandLine(['--port', '2', '--', ...words])).toEqual({
      kind: 'serve',
      options: { port: '2' },
      command: words,
    });
  });

  test('no -- is something else than nothing after it', () => {
    expect(parseCommandLine([])).toEqual({ kind: 'serve', options: {}, command: undefined });
    expect(parseCommandLine(['--'])).toEqual({ kind: 'serve', options: {}, command: [] });
  });

  test('are no commands of ours', () => {
    expect(parseCommandLine(['--', 'check'])).toMatchObject({ kind: 'serve', command: ['check'] });
  });
});

describe('commands', () => {
  test.each(['check', 'openapi'] as const)('%s takes options on both sides of its name', (kind) => {
    expect(parseCommandLine(['--config', 'f', kind, '--port', '1', '--', 'x'])).toMatchObject({
      kind,
      options: { config: 'f', port: '1' },
      command: ['x'],
    });
  });

  test('openapi takes the form of the document, which nothing else does', () => {
    const flags = ['--openapi-version', '3.0', '--refs', 'components', '--profile', 'gpt-actions', '--format', 'yaml'];
    expect(parseCommandLine(['openapi', ...flags])).toMatchObject({
      document: { version: '3.0', refs: 'components', profile: 'gpt-actions', format: 'yaml' },
    });
    expect(parseCommandLine(['openapi', '--config', 'f'])).toMatchObject({ document: {} });
    expect(helpOf('openapi', '--help')).toContain('--refs <REFS>');
    expect(mistakeOf('check', '--refs', 'components')).toContain('--refs');
  });

  test('reload takes a configuration file and nothing else', () => {
    expect(parseCommandLine(['reload'])).toEqual({ kind: 'reload', options: {} });
    const withFile = { kind: 'reload', options: { config: 'f' } };
    expect(parseCommandLine(['reload', '--config', 'f'])).toEqual(withFile);
    expect(parseCommandLine(['-c', 'f', 'reload'])).toEqual(withFile);
    expect(helpOf('reload', '--help')).toContain('mcpo reload --config config.json');
    expect(helpOf('help', 'reload')).toBe(helpOf('reload', '--help'));
    expect(helpOf('--help')).toContain('mcpo reload');
  });

  test('version is the program, --version the document', () => {
    expect(parseCommandLine(['version'])).toEqual({ kind: 'version' });
    expect(optionsOf('--version', '2')).toEqual({ version: '2' });
  });

  test('help has several doors', () => {
    expect(helpOf('help')).toBe(helpOf('--help'));
    expect(helpOf('help', 'check')).toBe(helpOf('check', '--help'));
    expect(helpOf('openapi', '--help')).toContain('> openapi.json');
    expect(helpOf('version', '--help')).toContain('Prints the version');
  });

  test('help is as wide everywhere', () => {
    expect(
      Math.max(
        ...helpOf('--help')
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });
});

describe('mistakes', () => {
  test.each([
    [['--prot', '80'], 'Unknown option "--prot". Did you mean "--port"?'],
    [['--zzzzz'], 'Unknown option "--zzzzz". "mcpo --help" shows all options.'],
    [['version', '--config', 'f'], '--config is no option of this command; leave it out.'],
    [['check', '--prot', '80'], 'Unknown option "--prot". Did you mean "--port"?'],
    [['--strict-auth=true'], '--strict-auth takes no value; write --strict-auth or --no-strict-auth.'],
    [['-h'], '--host (-h) needs a value, ADDRESS; help is "mcpo --help".'],
    [['chek'], '"chek" is no command of mcpo. Did you mean "check"?'],
    [['chek', '--config', 'f'], '"chek" is no command of mcpo. Did you mean "check"?'],
    [['version', 'now'], '"mcpo version" takes no further words.'],
    [['help', 'me'], '"mcpo help" explains check, openapi, reload and version.'],
    [['relaod'], '"relaod" is no command of mcpo. Did you mean "reload"?'],
    [['reload', 'f'], '"f" is not understood here: "mcpo reload" takes a configuration file after --config.'],
    [['reload', '--', 'x'], '"mcpo reload" takes no command of a server: drop "--" and what follows.'],
    [['reload', '--prot', '80'], 'Unknown option "--prot". Did you mean "--port"?'],
    [['reload', '--config'], '--config (-c) needs a value, FILE; "mcpo --help" explains it.'],
  ])('%j', (argv, sentence) => {
    expect(mistakeOf(...argv)).toBe(sentence);
  });

  test.each([[['reload', '--port', '80']], [['--port', '80', 'reload']], [['reload', '-p', '80', '--config', 'f']]])(
    '%j: a running program has its options',
    (argv) => {
      expect(mistakeOf(...argv)).toMatch(/^--port has no place at "mcpo reload", which takes --config only/);
    },
  );

  test.each([['-v'], ['--version']])('%s alone points to mcpo version', (flag) => {
    expect(mistakeOf(flag)).toMatch(/sets the version of the document.*"mcpo version"/);
    expect(mistakeOf(flag, '--config', 'f')).toMatch(/"mcpo version"/);
  });

  test("a server's command without -- is shown where it goes, and only its first word is quoted", () => {
    const sentence = mistakeOf('--port', '8000', 'npx', '-y', 'server', '--token', 's3cret');
    expect(sentence).toContain('(mcpo [options] -- npx ...)');
    expect(sentence).not.toContain('s3cret');
    expect(mistakeOf('openapi', 'npx')).toContain('(mcpo openapi [options] -- npx)');
  });

  test('a file without its flag is told about --config', () => {
    expect(mistakeOf('check', 'config.json')).toContain('a configuration file after --config');
  });

  test.each([[['--api-keys=s3cret']], [['-Zs3cret']], [['--no-api-key=s3cret']]])(
    '%j does not quote the value',
    (argv) => {
      expect(mistakeOf(...argv)).not.toContain('s3cret');
    },
  );

  test.each([['no options'], ['-']])('never a sentence of two lines', (word) => {
    expect(mistakeOf(word)).not.toContain('\n');
  });
});
