// The immutable view that a request runs on: the configuration in force, the upstream handles and the operations made
// of their catalogues. Built purely and without waiting; app.ts swaps it by one assignment. Status (state, in flight,
// next try) is not in it: it is asked of the upstream.

import type { Config, OperationIdStyle, ServerConfig } from './config/types.ts';
import type { Catalogue, UpstreamHandle } from './mcp/types.ts';
import { prepareOperations, type ServerOperations } from './openapi/prepared.ts';
import { promptOperations } from './openapi/prompts.ts';
import { resourceOperations } from './openapi/resources.ts';

/** One configured server as requests see it. */
export interface ServerView {
  readonly name: string;
  readonly config: ServerConfig;
  /** undefined for a disabled server. */
  readonly upstream: UpstreamHandle | undefined;
  /** As last learned; undefined until the first listing. */
  readonly catalogue: Catalogue | undefined;
  /** undefined exactly where the catalogue is. */
  readonly operations: ServerOperations | undefined;
}

export interface Snapshot {
  readonly config: Config;
  /** In the order of the file, disabled servers included. */
  readonly servers: ReadonlyMap<string, ServerView>;
  /** The server at the root, in single mode. */
  readonly root: ServerView | undefined;
}

/** Pure. Views whose parts did not change are the same objects as in `previous`, so that what is cached on them stays. */
export function buildSnapshot(
  config: Config,
  handles: ReadonlyMap<string, UpstreamHandle>,
  previous: Snapshot | undefined,
): Snapshot {
  const catalogueOf = (name: string): Catalogue | undefined => handles.get(name)?.catalogue;
  return build(config, { upstreamOf: (name) => handles.get(name), catalogueOf }, previous);
}

/** The same as one user sees it: with what servers offer this user alone. */
export function personalise(snapshot: Snapshot, catalogues: ReadonlyMap<string, Catalogue>): Snapshot {
  const { config, servers } = snapshot;
  const catalogueOf = (name: string): Catalogue | undefined => catalogues.get(name) ?? servers.get(name)?.catalogue;
  return build(config, { upstreamOf: (name) => servers.get(name)?.upstream, catalogueOf }, snapshot);
}

interface Parts {
  readonly upstreamOf: (name: string) => UpstreamHandle | undefined;
  readonly catalogueOf: (name: string) => Catalogue | undefined;
}

function build(config: Config, { upstreamOf, catalogueOf }: Parts, previous: Snapshot | undefined): Snapshot {
  const learned = config.servers.map((server) => {
    const catalogue = catalogueOf(server.name);
    return {
      config: server,
      catalogue,
      exposed: [...resourceOperations(server, catalogue), ...promptOperations(server, catalogue)],
      previous: previous?.servers.get(server.name)?.operations,
    };
  });
  const operations = prepareOperations(operationIdStyle(config), learned);
  const servers = new Map<string, ServerView>();
  for (const { config: server, catalogue } of learned) {
    const view: ServerView = {
      name: server.name,
      config: server,
      upstream: upstreamOf(server.name),
      catalogue,
      operations: operations.get(server.name),
    };
    const before = previous?.servers.get(server.name);
    servers.set(server.name, before !== undefined && sameView(before, view) ? before : view);
  }
  const root = config.mode === 'single' ? servers.values().next().value : undefined;
  return { config, servers, root };
}

/** What a client loads at once has to be told apart: the tools of one server, or those of all. */
function operationIdStyle({ mode, settings }: Config): OperationIdStyle {
  return settings.operationIds ?? (mode === 'single' ? 'tool' : 'server_tool');
}

function sameView(a: ServerView, b: ServerView): boolean {
  return (
    a.config === b.config && a.upstream === b.upstream && a.catalogue === b.catalogue && a.operations === b.operations
  );
}
