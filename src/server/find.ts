// From path segments to what they mean in the Snapshot, and the errors for what they do not mean: unknown names with the
// closest known ones, servers that cannot be called yet, methods that a path does not have.
// Looks only; who may see what it finds is decided before.

import type { Exposure } from '../config/types.ts';
import { AppError } from '../errors.ts';
import type { Catalogue, UpstreamStatus } from '../mcp/types.ts';
import { didYouMean } from '../nearest.ts';
import type { Operation, ServerOperations } from '../openapi/prepared.ts';
import { preparedPrompts, type PreparedPrompt } from '../openapi/prompts.ts';
import { reservedServerNames, reservedToolNames } from '../routes.ts';
import { asSentence } from '../openapi/text.ts';
import { upstreamFailure } from '../openapi/upstream-failure.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import { assets } from './pages/assets.ts';

/** A configured server, disabled or not. `beside` it stand names that may have been meant as well. */
export function findServer(snapshot: Snapshot, name: string, beside: Iterable<string> = []): ServerView {
  const view = snapshot.servers.get(name);
  if (view !== undefined) return view;
  if (reservedServerNames.has(name)) throw notFound(snapshot);
  const enabled = [...snapshot.servers.values()].filter(({ config }) => !config.disabled).map((known) => known.name);
  const hint = didYouMean(name, [...enabled, ...beside]) || ' GET / lists the servers.';
  throw new AppError('unknown_server', `There is no server ${quoted(name)}.${hint}`);
}

/** A server whose documents and tools may be asked for. */
export function findEnabledServer(snapshot: Snapshot, name: string): ServerView {
  const view = findServer(snapshot, name);
  if (!view.config.disabled) return view;
  throw new AppError('unknown_server', `The server ${quoted(name)} is disabled in the configuration.`, {
    server: view.name,
  });
}

/** The operation that a path segment names. Throws `starting` or `upstream_unavailable` while nothing is known of it. */
export function findOperation(view: ServerView, segment: string, beside: Iterable<string> = []): Operation {
  const operations = view.operations;
  if (operations === undefined) throw nothingLearned(view, segment);
  return operations.bySegment.get(segment) ?? unknownTool(operations, view, segment, beside);
}

/** What is known of a server. Throws as findOperation does. */
export function findCatalogue(view: ServerView): Catalogue {
  if (view.catalogue === undefined) throw nothingLearned(view);
  return view.catalogue;
}

/** The prompt that a path segment names. */
export function findPrompt(server: string, { prompts }: Catalogue, segment: string): PreparedPrompt {
  const known = preparedPrompts(prompts);
  // Only tools share their place with fixed routes: what is renamed for such a name is found by it too.
  const found = known.find((each) => each.segment === segment) ?? known.find(({ prompt }) => prompt.name === segment);
  if (found !== undefined) return found;
  const hint =
    didYouMean(
      segment,
      known.map((each) => each.segment),
    ) || ' GET the path without it lists them.';
  throw new AppError('not_found', `The server ${quoted(server)} has no prompt ${quoted(segment)}.${hint}`, { server });
}

/** Throws what a request gets that no route takes: 405 where another method would be right, else 404. */
export function noRoute(snapshot: Snapshot, path: string, hasMetrics = false): never {
  const allow = allowedMethods(snapshot, segmentsOf(path), hasMetrics);
  if (allow !== undefined) throw methodNotAllowed(allow);
  throw notFound(snapshot);
}

function notFound({ config }: Snapshot): AppError {
  const { pathPrefix } = config.settings;
  const hint = pathPrefix === '' ? 'GET / lists what there is.' : `Servers are under ${pathPrefix}; GET / lists them.`;
  return new AppError('not_found', `There is nothing at this path. ${hint}`);
}

function methodNotAllowed(allow: readonly string[]): AppError {
  return new AppError('method_not_allowed', `This path takes ${allow.join(' or ')} only.`, { allow });
}

const reading: readonly string[] = ['GET', 'HEAD'];
const calling: readonly string[] = ['POST'];

/** Documents and pages, which exist at the root and under each server. */
const documentNames: ReadonlySet<string> = new Set(['openapi.json', 'openapi.yaml', 'docs', 'redoc']);
const probeNames: ReadonlySet<string> = new Set(['healthz', 'readyz']);

/** What else can be read at the root. */
export const rootNames: readonly string[] = [...documentNames, ...probeNames, 'metrics'];

/** undefined where no method is right; throws where a name in the path is unknown. */
function allowedMethods(
  snapshot: Snapshot,
  segments: readonly string[],
  hasMetrics: boolean,
): readonly string[] | undefined {
  const [first, second, ...rest] = segments;
  if (first === undefined || first === '') return reading;
  if (first === 'assets') return assets.has(segments.slice(1).join('/')) ? reading : undefined;
  if (second === undefined) {
    if (documentNames.has(first) || probeNames.has(first)) return reading;
    if (first === 'metrics' && hasMetrics) return reading;
    if (reservedServerNames.has(first)) return undefined;
    return snapshot.root === undefined
      ? findServer(snapshot, first, rootNames) && reading
      : toolMethods(snapshot.root, first, rootNames);
  }
  if (snapshot.root !== undefined || reservedServerNames.has(first)) return undefined;
  if (second === 'resources' || second === 'prompts') {
    return offeredMethods(findEnabledServer(snapshot, first), second, rest);
  }
  if (rest.length > 0) return undefined;
  const view = findEnabledServer(snapshot, first);
  return documentNames.has(second) ? reading : toolMethods(view, second, documentNames);
}

function offeredMethods(
  { name, catalogue }: ServerView,
  exposure: Exposure,
  [third, ...rest]: readonly string[],
): readonly string[] | undefined {
  if (third === undefined) return reading;
  if (rest.length > 0) return undefined;
  if (exposure === 'resources') return third === 'read' || third === 'templates' ? reading : undefined;
  if (catalogue !== undefined) findPrompt(name, catalogue, third);
  return calling;
}

function toolMethods(view: ServerView, segment: string, beside: Iterable<string>): readonly string[] | undefined {
  if (reservedToolNames.has(segment)) return undefined;
  if (view.operations !== undefined) findOperation(view, segment, beside);
  return calling;
}

function segmentsOf(path: string): string[] {
  return path.split('?', 1).join().split('/').slice(1).map(decoded);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not what anything here is called.
    return segment;
  }
}

function unknownTool(operations: ServerOperations, view: ServerView, segment: string, beside: Iterable<string>): never {
  const hint =
    didYouMean(segment, [...operations.bySegment.keys(), ...beside]) || ' The OpenAPI document lists its tools.';
  throw new AppError('unknown_tool', `The server ${quoted(view.name)} has no tool ${quoted(segment)}.${hint}`, {
    server: view.name,
    tool: segment,
  });
}

const startingRetrySeconds = 1;

function nothingLearned({ name, upstream }: ServerView, tool?: string): AppError {
  const about = { server: name, ...(tool !== undefined && { tool }) };
  const status = upstream?.status();
  if (status === undefined || !status.attempted) {
    return new AppError('starting', `The server ${quoted(name)} is still starting: try again in a moment.`, {
      ...about,
      retryAfter: startingRetrySeconds,
    });
  }
  if (status.state === 'authorization-required') {
    const { detail, authorizationUrl } = status;
    const asked = { server: name, subject: '', ownTimeoutMs: undefined };
    const failure = upstreamFailure({ kind: 'unauthorized', detail, authorizationUrl }, asked);
    return new AppError(failure.code, failure.message, { ...failure.fields, ...about });
  }
  return new AppError(
    'upstream_unavailable',
    `The server ${quoted(name)} is not available: ${asSentence(status.detail)}`,
    { ...about, retryAfter: secondsUntilRetry(status) },
  );
}

function secondsUntilRetry({ nextRetryAt }: UpstreamStatus): number {
  return nextRetryAt === undefined ? startingRetrySeconds : Math.max(1, Math.ceil((nextRetryAt - Date.now()) / 1000));
}

/** Names come from the caller: short, and harmless in a sentence. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
