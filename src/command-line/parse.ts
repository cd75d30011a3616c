// The words of the command line as an invocation: which command, which options, which words belong to the server. The
// flags are those of the table in config/options.ts. Pure: it reads no file and no variable, prints nothing and never
// exits; a mistake is a ConfigError whose sentence names the flag. What the values mean is decided by config/.

import { Command, CommanderError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { options, type GivenOptions, type OptionDefinition } from '../config/options.ts';
import { didYouMean } from '../nearest.ts';
import { commandHelp, commandUsage, programDescription, programHelp, programUsage } from './help.ts';

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  /** Have a running program read its file again; of the options `config` alone. */
  | { readonly kind: 'reload'; readonly options: GivenOptions }
  /** Start the proxy; print the resolved configuration. */
  | ({ readonly kind: 'serve' | 'check' } & GivenWords)
  /** Print the OpenAPI document, in this form. */
  | ({ readonly kind: 'openapi'; readonly document: DocumentOptions } & GivenWords);

interface GivenWords {
  readonly options: GivenOptions;
  /** The words after `--`, untouched; undefined where there is no `--`. */
  readonly command: readonly string[] | undefined;
}

/** As given: members of the query of /openapi.json, and `format`. */
export interface DocumentOptions {
  readonly version?: string;
  readonly refs?: string;
  readonly profile?: string;
  readonly format?: string;
}

/** `argv` without the interpreter and the script. */
export function parseCommandLine(argv: readonly string[]): Invocation {
  const { own, command } = splitAtSeparator(argv);
  const given = new Map<string, unknown>();
  const document = new Map<string, string>();
  let printed = '';
  let chosen = 'serve' as CommandName;
  const choose = (name: CommandName, words: readonly string[]): void => {
    refuseWords(name, words);
    chosen = name;
  };
  try {
    createProgram(own, { given, document, choose, print: (text) => (printed += text) }).parse([...own], {
      from: 'user',
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help', text: printed };
    throw mistake(error);
  }
  if (chosen === 'version') return { kind: chosen };
  const words = { options: Object.fromEntries(given), command };
  if (chosen === 'reload') return reloadOf(words);
  return chosen === 'openapi'
    ? { kind: chosen, document: Object.fromEntries(document), ...words }
    : { kind: chosen, ...words };
}

type CommandName = 'serve' | 'check' | 'openapi' | 'reload' | 'version';

/** A running program has its options; which program is all there is to say. */
function reloadOf({ options: given, command }: GivenWords): Invocation {
  if (command !== undefined)
    throw new ConfigError('"mcpo reload" takes no command of a server: drop "--" and what follows.');
  const other = options.find(({ name }) => name !== 'config' && Object.hasOwn(given, name));
  if (other !== undefined) throw new ConfigError(onlyConfig(other.flag));
  return { kind: 'reload', options: given };
}

function onlyConfig(flag: string): string {
  return `${flag} has no place at "mcpo reload", which takes --config only: other options hold from the start of a program.`;
}

/** Only the first `--` separates: the server's command may hold more of them. */
function splitAtSeparator(argv: readonly string[]): {
  own: readonly string[];
  command: readonly string[] | undefined;
} {
  const index = argv.indexOf('--');
  return index < 0 ? { own: argv, command: undefined } : { own: argv.slice(0, index), command: argv.slice(index + 1) };
}

interface Sinks {
  readonly given: Map<string, unknown>;
  readonly document: Map<string, string>;
  readonly choose: (name: CommandName, words: readonly string[]) => void;
  readonly print: (text: string) => void;
}

function createProgram(own: readonly string[], { given, document, choose, print }: Sinks): Command {
  const program = new Command('mcpo')
    .description(programDescription)
    .usage(programUsage)
    .argument('[words...]')
    // `-h` is --host, as in the Python program.
    .addHelpOption(new Option('--help', 'show this help').helpGroup('Other:'))
    .helpCommand('help [command]')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined, getOutHelpWidth: () => helpColumns })
    .configureHelp({ visibleArguments: () => [], visibleCommands: () => [] })
    .showSuggestionAfterError(false)
    .enablePositionalOptions()
    // A command that lacks its `--` keeps its own flags, so that the mistake reported is the missing `--`.
    .passThroughOptions()
    .addHelpText('after', programHelp)
    .action((words: string[]) => choose('serve', words));
  for (const option of commanderOptions(given)) program.addOption(option);

  for (const name of ['check', 'openapi', 'reload', 'version'] as const) {
    // Each has every option: to make them for commands that are not meant would take as long as all the rest.
    if (!own.includes(name)) continue;
    const subcommand = program
      .command(name)
      .usage(commandUsage[name])
      .argument('[words...]')
      .passThroughOptions()
      .addHelpOption(new Option('--help', 'show this help'))
      .addHelpText('after', commandHelp(name))
      .action((words: string[]) => choose(name, words));
    if (name === 'version') continue;
    for (const option of commanderOptions(given)) subcommand.addOption(option.hideHelp());
    if (name !== 'openapi') continue;
    for (const option of documentOptions(document)) subcommand.addOption(option);
  }
  return program;
}

/** What only a printed document has; `--version` is taken. */
function documentOptions(document: Map<string, string>): Option[] {
  const table = [
    ['version', '--openapi-version <VERSION>', '3.1 (default) or 3.0'],
    ['refs', '--refs <REFS>', 'inline (default), or components, for code generators'],
    ['profile', '--profile <PROFILE>', 'gpt-actions: within the limits of GPT Actions'],
    ['format', '--format <FORMAT>', 'json (default) or yaml'],
  ] as const;
  return table.map(([name, flags, help]) => new Option(flags, help).argParser((value) => document.set(name, value)));
}

/** The help reads the same on every terminal and in a file. */
const helpColumns = 100;

/** New objects for each command: commander keeps state in them. */
function commanderOptions(given: Map<string, unknown>): Option[] {
  return options.flatMap((definition) => commanderOption(definition, given));
}

/** A flag and its other forms; all write to the same entry, and of several the last one counts. */
function commanderOption(definition: OptionDefinition, given: Map<string, unknown>): Option[] {
  const { name, flag, short, aliases = [], placeholder, repeatable, group } = definition;
  const flags = short === undefined ? flag : `${short}, ${flag}`;
  const help = helpLine(definition);
  if (definition.kind === 'boolean') {
    const on = new Option(flags, help).argParser(() => given.set(name, true));
    const off = new Option(`--no-${flag.slice(2)}`).hideHelp().argParser(() => given.set(name, false));
    return [on, off].map((option) => option.helpGroup(`${group}:`));
  }
  const record = (value: string): void => {
    if (everyFlag.has(value)) throw missingValue(definition);
    const before = given.get(name);
    given.set(name, repeatable === true ? [...(Array.isArray(before) ? before : []), value] : value);
  };
  const main = new Option(`${flags} <${placeholder}>`, help);
  const others = aliases.map((alias) => new Option(`${alias} <${placeholder}>`).hideHelp());
  return [main, ...others].map((option) => option.argParser(record).helpGroup(`${group}:`));
}

function helpLine({ help, aliases = [], repeatable, default: fallback }: OptionDefinition): string {
  const notes = aliases.map((alias) => `also ${alias}`);
  if (repeatable === true) notes.push('repeatable');
  if (fallback !== undefined) notes.push(`default: ${fallback}`);
  return notes.length === 0 ? help : `${help} (${notes.join('; ')})`;
}

/** A flag where a value should be means that the value was forgotten. */
const everyFlag: ReadonlySet<string> = new Set([
  '--help',
  ...options.flatMap((option: OptionDefinition) => flagsOf(option)),
]);

const longFlags = [...everyFlag].filter((flag) => flag.startsWith('--'));

function flagsOf({ flag, short, aliases = [] }: OptionDefinition): string[] {
  return [flag, ...(short === undefined ? [] : [short]), ...aliases];
}

const commandNames = ['check', 'openapi', 'reload', 'version', 'help'];

/** Words that are no option: a misspelt command, or a server's command without `--`. Only the first is quoted. */
function refuseWords(name: CommandName, words: readonly string[]): void {
  const [word] = words;
  if (word === undefined) return;
  if (name === 'version') throw new ConfigError('"mcpo version" takes no further words.');
  if (name === 'reload')
    throw new ConfigError(`"${word}" is not understood here: "mcpo reload" takes a configuration file after --config.`);
  const alone = words.length === 1 || everyFlag.has(words[1] ?? '');
  const suggestion = name === 'serve' && alone ? didYouMean(word, commandNames) : '';
  if (suggestion !== '') throw new ConfigError(`"${word}" is no command of mcpo.${suggestion}`);
  const start = name === 'serve' ? 'mcpo' : `mcpo ${name}`;
  const rest = words.length === 1 ? '' : ' ...';
  throw new ConfigError(
    `"${word}" is not understood here: a server's command goes after "--" (${start} [options] -- ${word}${rest}), a configuration file after --config.`,
  );
}

/** Commander's mistakes in sentences of our own. */
function mistake(error: CommanderError): ConfigError {
  const quoted = /'([^']*)'/u.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.optionMissingArgument') {
    const definition = options.find((option: OptionDefinition) =>
      flagsOf(option).some((flag) => quoted.split(/[\s,]+/u).includes(flag)),
    );
    if (definition !== undefined) return missingValue(definition);
  }
  if (error.code === 'commander.unknownOption') return unknownFlag(quoted);
  if (error.code === 'commander.help')
    return new ConfigError('"mcpo help" explains check, openapi, reload and version.');
  return new ConfigError(`${error.message.replace(/^error: /u, '')}; "mcpo --help" shows what there is.`);
}

function missingValue({ flag, short, placeholder }: OptionDefinition): ConfigError {
  const both = short === undefined ? flag : `${flag} (${short})`;
  const hint = hints.get(flag) ?? '"mcpo --help" explains it.';
  return new ConfigError(`${both} needs a value, ${placeholder}; ${hint}`);
}

/** Where the same letters mean something else in most programs. */
const hints: ReadonlyMap<string, string> = new Map([
  ['--version', 'it sets the version of the document, the program\'s own is printed by "mcpo version".'],
  ['--host', 'help is "mcpo --help".'],
]);

/** What follows the flag in the same word may be a secret and is not quoted. */
function unknownFlag(word: string): ConfigError {
  const flag = word.startsWith('--') ? word.replace(/=.*$/su, '') : word.slice(0, '-x'.length);
  const known = options.find((option: OptionDefinition) => option.kind === 'boolean' && option.flag === flag);
  if (known !== undefined) return new ConfigError(`${flag} takes no value; write ${flag} or --no-${flag.slice(2)}.`);
  if (longFlags.includes(flag)) return new ConfigError(`${flag} is no option of this command; leave it out.`);
  const suggestion = didYouMean(flag, longFlags);
  return new ConfigError(`Unknown option "${flag}".${suggestion || ' "mcpo --help" shows all options.'}`);
}
