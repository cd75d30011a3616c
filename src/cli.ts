#!/usr/bin/env node
// The program: turns the command line into an invocation, runs it, and translates signals and failures into an orderly
// end and an exit code. The only file that sees process.argv, signals and process.exit. What the words mean is decided
// in command-line/ and config/, what is printed in telemetry/. The server is loaded only where it is going to run, so
// that help, version and mistakes are answered at once.

import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { isatty } from 'node:tty';
import type { App } from './app.ts';
import { parseCommandLine, type DocumentOptions, type Invocation } from './command-line/parse.ts';
import { ConfigError } from './config/config-error.ts';
import type { ConfigInput } from './config/load.ts';
import type { GivenOptions } from './config/options.ts';
import type { TracingRead } from './config/tracing.ts';
import type { Config } from './config/types.ts';
import { messageOf } from './errors.ts';
import type { Observe } from './events.ts';
import { printable } from './telemetry/printable.ts';
import type { Report } from './telemetry/report.ts';
import type { Traces } from './telemetry/traces.ts';
import { version } from './version.ts';

const exitFailed = 1;
const exitBadInput = 2;

/** A start that fails within this time leaves one sentence on stderr and nothing else. */
const holdLogsMs = 2_000;

const words = process.argv.slice(2);
// On Linux this overwrites the arguments that everybody sees in the process list, a key among them.
process.title = 'mcpo';
surviveClosedPipes();
try {
  await run(parseCommandLine(words));
} catch (error) {
  await fail(error);
}

async function run(invocation: Invocation): Promise<void> {
  switch (invocation.kind) {
    case 'help':
      return print(invocation.text);
    case 'version':
      return print(`${version}\n`);
    case 'check':
      return check(inputOf(invocation));
    case 'openapi':
      return printDocument(inputOf(invocation), invocation.document);
    case 'reload':
      return reloadRunning(invocation.options);
    case 'serve':
      return serve(inputOf(invocation));
  }
}

function inputOf({ options, command }: Extract<Invocation, { command: unknown }>): ConfigInput {
  return { options, environment: process.env, ...(command === undefined ? {} : { command }) };
}

async function check(input: ConfigInput): Promise<void> {
  const { loadConfig } = await import('./config/load.ts');
  const { describeConfig } = await import('./config/secret.ts');
  await print(`${JSON.stringify(describeConfig(await loadConfig(input)), null, 2)}\n`);
}

async function reloadRunning(options: GivenOptions): Promise<void> {
  const [{ askForReload }, { thisMachine }, { readOptions }] = await Promise.all([
    import('./command-line/reload.ts'),
    import('./command-line/control-places.ts'),
    import('./config/settings.ts'),
  ]);
  const path = readOptions({ given: options, environment: process.env, file: undefined }).value('config');
  const { done, failed } = await askForReload(path === undefined ? undefined : resolvePath(path), thisMachine());
  for (const sentence of done) await print(`${printable(sentence)}\n`);
  for (const sentence of failed) await print(`mcpo: ${printable(sentence)}\n`, process.stderr);
  process.exit(failed.length === 0 ? 0 : exitFailed);
}

/** Runs until a signal. */
async function serve(input: ConfigInput): Promise<void> {
  let onHangUp = (): void => {};
  // Before anything runs there is nothing to reload, and the signal alone would end the program.
  process.on('SIGHUP', () => onHangUp());
  const { app, report, config, stop } = await start(input, isatty(1));
  // A stop that was asked for is a success.
  stopOn(['SIGINT', 'SIGTERM'], app, stop, () => 0);
  const onTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  onHangUp = () => {
    if (onTerminal && terminalIsGone()) stop(0);
    else void app.reload();
  };
  await listenForReloads(app, report, config);
  await settle(app, report);
  const { publicUrl, pathPrefix } = config.settings;
  const baseUrl = publicUrl === undefined ? `${app.url}${pathPrefix}` : await configuredBaseUrl(config);
  report.started({ url: app.url, baseUrl }, () => app.snapshot());
}

/** For `mcpo reload`. Where it cannot be had, everything else works without it. */
async function listenForReloads(app: App, report: Report, { file }: Config): Promise<void> {
  const [{ openControl }, { thisMachine }] = await Promise.all([
    import('./command-line/control.ts'),
    import('./command-line/control-places.ts'),
  ]);
  try {
    const introduction = { pid: process.pid, file: file ?? null, url: app.url };
    const control = await openControl(introduction, () => app.reload(), thisMachine());
    // However it ends, unless it is killed.
    process.on('exit', () => control.close());
  } catch (error) {
    // Without a file there is nothing to reload.
    if (file === undefined) return;
    const message = `"mcpo reload" cannot reach this program, SIGHUP can: ${messageOf(error)}.`;
    report.observe({ type: 'warning', message });
  }
}

/** Listens on a free port of this machine only, so that it can run beside a proxy with the same configuration. */
async function printDocument(input: ConfigInput, { format = 'json', ...query }: DocumentOptions): Promise<void> {
  const apart: GivenOptions = { host: '127.0.0.1', port: 0, hotReload: false };
  const { loadConfig } = await import('./config/load.ts');
  const { readForm } = await import('./openapi/form.ts');
  if (format !== 'json' && format !== 'yaml') throw new ConfigError('--format must be json or yaml.');
  const form = asOptions(() => readForm(query, (name) => (name === 'version' ? '--openapi-version' : `--${name}`)));
  const config = await loadConfig(input);
  const { app, report, stop } = await start({ ...input, options: { ...input.options, ...apart } }, false);
  let interrupted = false;
  stopOn(['SIGINT', 'SIGTERM', 'SIGHUP'], app, stop, (signal) => {
    interrupted = true;
    return exitCodeOf(signal);
  });
  await settle(app, report);
  if (interrupted) return;
  const { documentText } = await import('./server/documents.ts');
  await print(`${await documentText(app.snapshot(), form, format, await configuredBaseUrl(config))}\n`);
  report.silence();
  stop(0);
}

/** What the query of an address must not say, a flag must not either. */
function asOptions<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(messageOf(error));
  }
}

interface Started {
  readonly app: App;
  readonly report: Report;
  readonly config: Config;
  /** Closes everything, then ends the process. */
  readonly stop: (exitCode: number) => void;
}

async function start(input: ConfigInput, watched: boolean): Promise<Started> {
  const { loadConfig } = await import('./config/load.ts');
  // Read here: a mistake is told before the server is loaded, and the log begins at the right level.
  const config = await loadConfig(input);
  const [{ startApp }, { createMetrics }, { readTracing }, report] = await Promise.all([
    import('./app.ts'),
    import('./telemetry/metrics.ts'),
    import('./config/tracing.ts'),
    reportFor(config, watched),
  ]);
  const metrics = createMetrics();
  const traces = await tracesFor(readTracing(input.environment), report);
  const observe: Observe = (event) => {
    metrics.observe(event);
    traces?.observe(event);
    report.observe(event);
  };
  const app = await startApp(input, observe, { loaded: config, metrics: metrics.render, tracer: traces?.tracer });
  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    void app
      .close()
      .then(() => traces?.close())
      .then(() => process.exit(exitCode), fail);
  };
  reportBugs(report, stop);
  return { app, report, config, stop };
}

/** OpenTelemetry is loaded only where its variables say that spans are exported. */
async function tracesFor({ tracing, warnings }: TracingRead, { observe }: Report): Promise<Traces | undefined> {
  for (const message of warnings) observe({ type: 'warning', message });
  if (tracing === undefined) return undefined;
  const { createTraces } = await import('./telemetry/traces.ts');
  return createTraces(tracing, observe);
}

/** Waits for every server's first attempt. The only server of a command line has to make it. */
async function settle(app: App, report: Report): Promise<void> {
  try {
    await app.settled;
  } catch (error) {
    report.silence();
    app.kill();
    throw error;
  }
}

async function reportFor(config: Config, watched: boolean): Promise<Report> {
  const [{ createLogs }, { createReport }, { createStartMessage }] = await Promise.all([
    import('./telemetry/logs.ts'),
    import('./telemetry/report.ts'),
    import('./telemetry/start-message.ts'),
  ]);
  const level = config.settings.logLevel;
  const pretty = isatty(2);
  const write = (text: string): void => void process.stdout.write(text);
  return createReport({
    logs: createLogs({ level, pretty, destination: process.stderr }),
    startMessage: watched ? createStartMessage({ version, colors: process.stdout.hasColors(), write }) : undefined,
    sameScreen: pretty,
    // With many servers none can end the program; and who debugs a start wants all of it.
    holdMs: config.mode === 'single' && level !== 'debug' ? holdLogsMs : 0,
  });
}

/** The first signal ends in good order, the second at once. */
function stopOn(
  signals: readonly NodeJS.Signals[],
  app: App,
  stop: (exitCode: number) => void,
  exitCode: (signal: NodeJS.Signals) => number,
): void {
  let asked = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (asked) {
        app.kill();
        process.exit(exitCodeOf(signal));
      }
      asked = true;
      stop(exitCode(signal));
    });
  }
}

/** As shells report a process that a signal ended. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** After a hang-up the process has no controlling terminal; `kill -HUP` leaves it as it is. */
function terminalIsGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return false;
  } catch {
    return true;
  }
}

/**
 * A promise that nobody awaited concerns one task: it is logged, and the others go on. After an exception that nobody
 * caught the state is unknown: it is logged, and the process ends, for whoever supervises it to start it again.
 */
function reportBugs(report: Report, stop: (exitCode: number) => void): void {
  process.on('unhandledRejection', (error) => {
    report.observe({ type: 'internal-error', requestId: '', error });
  });
  process.on('uncaughtException', (error) => {
    report.observe({ type: 'internal-error', requestId: '', error });
    stop(exitFailed);
  });
}

/** What other programs use as far as the configuration alone can tell, root path and path prefix included. */
async function configuredBaseUrl({ settings }: Config): Promise<string> {
  const [{ accessRules }, { mountOf }, { expectedBinding }] = await Promise.all([
    import('./server/access/rules.ts'),
    import('./server/access/proxies.ts'),
    import('./server/bind.ts'),
  ]);
  const nobody = { headers: {}, peer: undefined, encrypted: false };
  const { origin, rootPath } = mountOf(settings, accessRules(settings, expectedBinding(settings)), nobody);
  return `${origin}${rootPath}${settings.pathPrefix}`;
}

/** Whoever reads our output may go away, or its terminal; that is no reason to stop serving. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Resolves when the text is out, or nobody is there to read it. */
function print(text: string, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}

/** One sentence on stderr; only a bug of our own shows where it happened. */
async function fail(error: unknown): Promise<never> {
  const expected = error instanceof Error && ['ConfigError', 'ListenError', 'DeadServerError'].includes(error.name);
  const text = expected ? printable(messageOf(error)) : `internal error: ${stackOf(error)}`;
  await print(`mcpo: ${text}\n`, process.stderr);
  return process.exit(error instanceof ConfigError ? exitBadInput : exitFailed);
}

function stackOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? messageOf(error);
}
