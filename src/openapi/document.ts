// OpenAPI 3.1.0 documents: one for each server and one of all, as JSON text in two parts around the base URL, so that
// one rendering serves every address under which the program is known. Stable in order; made of the snapshot alone, so
// it is there with upstreams down.

import type { JsonObject } from '../json/value.ts';
import type { ServerConfig, Settings } from '../config/types.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import { encodeSegment } from './names.ts';
import { operationParts } from './operation.ts';
import { problemSchema, responseComponents } from './responses.ts';
import { cutText, firstText } from './text.ts';

export interface DocumentView {
  /** undefined: the document of all servers. */
  readonly server: ServerView | undefined;
  readonly snapshot: Snapshot;
}

export interface RenderedDocument {
  /** JSON text before the base URL's JSON string literal. */
  readonly head: string;
  /** JSON text after it. */
  readonly tail: string;
  /** Appended to the base URL: '' for the document of all and in single mode, '/name' for one server of many. */
  readonly basePath: string;
}

/** Literally this: several clients know no other 3.1 string. */
const OPENAPI_VERSION = '3.1.0';
const DEFAULT_VERSION = '1.0.0';
const MAX_TEXT_CHARS = 100_000;

export function renderDocument({ server, snapshot }: DocumentView): RenderedDocument {
  const { config, root } = snapshot;
  const one = root ?? server;
  const views = one === undefined ? [...snapshot.servers.values()].filter((view) => !view.config.disabled) : [one];
  const isOneOfMany = one !== undefined && config.mode === 'many';
  const info = one === undefined ? infoOfAll(config.settings, views) : infoOf(one, snapshot);
  const before = JSON.stringify({ openapi: OPENAPI_VERSION, info });
  const after = JSON.stringify(bodyOf(config.settings, views, one === undefined));
  return {
    head: `${before.slice(0, -1)},"servers":[{"url":`,
    tail: `}],${after.slice(1)}`,
    basePath: isOneOfMany ? `/${encodeSegment(one.name)}` : '',
  };
}

function infoOf(view: ServerView, { config }: Snapshot): JsonObject {
  const { mode } = config;
  const { catalogue, name } = view;
  // Options describe the only server there is; of many, each speaks for itself.
  const given = mode === 'single' ? config.settings : undefined;
  return {
    title: firstText(given?.name, mode === 'many' ? name : undefined, catalogue?.serverName, name) ?? 'mcpo',
    description: cutText(firstText(given?.description, catalogue?.instructions) ?? describe(view), MAX_TEXT_CHARS),
    version: firstText(given?.version, catalogue?.serverVersion) ?? DEFAULT_VERSION,
    ...publisher,
  };
}

function infoOfAll(settings: Settings, views: readonly ServerView[]): JsonObject {
  const opening = firstText(settings.description) ?? 'Tools of MCP servers as plain HTTP operations.';
  const servers = views.map((view) => `- ${view.name}: ${stateOf(view)}`).join('\n');
  return {
    title: firstText(settings.name) ?? 'mcpo',
    description: cutText(servers === '' ? opening : `${opening}\n\n${servers}`, MAX_TEXT_CHARS),
    version: firstText(settings.version) ?? DEFAULT_VERSION,
    ...publisher,
  };
}

const publisher = {
  contact: { name: 'mcpo', url: 'https://www.npmjs.com/package/mcpo' },
  license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
} as const;

function describe(view: ServerView): string {
  return `The MCP server ${view.name} as plain HTTP operations: ${stateOf(view)}.`;
}

function stateOf({ config, operations }: ServerView): string {
  if (config.disabled) return 'disabled';
  if (operations === undefined) return 'no tools yet, the server has not listed any';
  return operations.list.length === 1 ? '1 tool' : `${operations.list.length} tools`;
}

function bodyOf(settings: Settings, views: readonly ServerView[], isOfAll: boolean): JsonObject {
  const paths: Record<string, JsonObject> = Object.create(null);
  const schemas: Record<string, JsonObject> = Object.create(null);
  const tags: JsonObject[] = [];
  const configs: ServerConfig[] = [];
  for (const view of views) {
    const list = view.operations?.list ?? [];
    if (list.length === 0) continue;
    tags.push({ name: view.name, description: tagText(view) });
    configs.push(view.config);
    const base = isOfAll ? `/${encodeSegment(view.name)}/` : '/';
    for (const operation of list) {
      const parts = operationParts(operation, view.config, settings, view.name);
      paths[base + encodeSegment(operation.segment)] = parts.pathItem;
      for (const [key, schema] of parts.schemas) schemas[key] = schema;
    }
  }
  const statuses = configs.map((config) => config.toolErrorStatus);
  const { security, securitySchemes } = securityOf(settings);
  const shared = configs.length > 0 && {
    schemas: { ...schemas, Problem: problemSchema },
    responses: responseComponents(settings, statuses),
  };
  return { security, tags, paths, components: { ...shared, ...(securitySchemes && { securitySchemes }) } };
}

function tagText(view: ServerView): string {
  return cutText(firstText(view.catalogue?.instructions) ?? `Tools of the MCP server ${view.name}.`, MAX_TEXT_CHARS);
}

interface Security {
  /** Alternatives: each of them is enough. */
  readonly security: readonly JsonObject[];
  readonly securitySchemes?: JsonObject;
}

function securityOf({ apiKey }: Settings): Security {
  if (apiKey === undefined) return { security: [] };
  return {
    security: Object.keys(keySchemes).map((scheme) => ({ [scheme]: [] })),
    securitySchemes: keySchemes,
  };
}

const keySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The API key as a bearer token.' },
  basic: { type: 'http', scheme: 'basic', description: 'Any user name, with the API key as password.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The API key in a header of its own.' },
} as const;
