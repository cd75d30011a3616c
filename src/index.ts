// The public API of the package: the proxy as a library. `start` does what the command line does, with the same options
// under their camelCase names; nothing is read from MCPO_* variables.

import { startApp } from './app.ts';
import type { GivenOptions } from './config/options.ts';
import type { AppEvent, Observe, ReloadReport } from './events.ts';

export { ConfigError } from './config/config-error.ts';
export { DeadServerError, ListenError } from './app.ts';
export type { AppEvent, ReloadReport };

/** The flags of the command line in camelCase (`apiKey` for `--api-key`), and what stands beside them. */
export type StartOptions = GivenOptions & {
  /** The one server, served at the root: a command and its arguments, or a URL together with `serverType`. */
  readonly command?: readonly string[];
  /** Servers by name, as under "mcpServers" of a configuration file. Instead of `command` and `config`. */
  readonly mcpServers?: Readonly<Record<string, unknown>>;
  /** Variables for `${VAR}` and for child processes. Default: process.env without MCPO_*. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Is told everything worth noticing; the command line's log lines are made of it. Must not throw. */
  readonly observe?: (event: AppEvent) => void;
};

export interface Mcpo {
  /** Where it listens, such as http://127.0.0.1:8000, without a trailing slash. */
  readonly url: string;
  /**
   * Resolves when every enabled server had its first attempt, good or bad; calls are answered before that, too.
   * Rejects with DeadServerError where the only server, given as `command`, failed it.
   */
  readonly settled: Promise<void>;
  /** Reads the configuration again and applies what changed, all or nothing; never rejects for what the file says. */
  reload(): Promise<ReloadReport>;
  /** Stops accepting, lets calls in flight finish for some seconds, ends every child process. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts the proxy. Resolves as soon as it listens; servers come up behind it.
 *
 * @throws {ConfigError} for a bad option or file, with nothing started.
 * @throws {ListenError} where the address cannot be bound, with nothing started.
 */
export async function start(options: StartOptions): Promise<Mcpo> {
  const { command, mcpServers, environment = ownEnvironment(), observe = ignore, ...given } = options;
  const app = await startApp(
    {
      options: given,
      environment,
      ...(command !== undefined && { command }),
      ...(mcpServers !== undefined && { mcpServers }),
    },
    observe,
  );
  return {
    url: app.url,
    settled: app.settled,
    reload: () => app.reload(),
    close: () => app.close(),
  };
}

const ignore: Observe = () => {};

/** A library is configured by its caller alone. */
function ownEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MCPO_')));
}
