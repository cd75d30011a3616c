// OpenAPI documents, 3.1.0 or 3.0.3: one for each server and one of all, printed tool by tool in two parts around the
// base URL, so that one rendering serves every address under which the program is known. Stable in order; made of the
// snapshot alone, so it is there with upstreams down.

import type { Settings } from '../config/types.ts';
import type { JsonObject } from '../json/value.ts';
import type { ServerView, Snapshot } from '../snapshot.ts';
import type { DocumentForm } from './form.ts';
import { jsonLayout, yamlLayout, type Layout } from './layout.ts';
import { encodeSegment } from './names.ts';
import { exposedParts } from './exposed-operation.ts';
import { failuresOf, operationParts } from './operation.ts';
import { MAX_TEXT_CHARS, type Operation } from './prepared.ts';
import { MAX_DESCRIPTION_CHARS } from './profile.ts';
import { failuresAt, problemSchema, responseComponents, type Failures } from './responses.ts';
import type { Degradation } from './schema/graph.ts';
import { securityOf } from './security.ts';
import { cutText, firstText } from './text.ts';
import { createToolSchemas, finish } from './tool-schema.ts';

export interface DocumentView {
  /** undefined: the document of all servers. */
  readonly server: ServerView | undefined;
  readonly snapshot: Snapshot;
}

export type DocumentFormat = 'json' | 'yaml';

export interface DocumentRequest extends DocumentView {
  readonly form: DocumentForm;
  readonly format: DocumentFormat;
  /** Told of what the document cannot say of a tool, while it is printed. */
  readonly onDegraded: (server: ServerView, operation: Operation, degradation: Degradation) => void;
}

export interface RenderedDocument {
  /** Text before the base URL's JSON string literal. */
  readonly head: string;
  /** The text after it. Each step costs one tool; whoever takes them can rest in between. */
  readonly tail: Iterable<string>;
  /** Appended to the base URL: '' for the document of all and in single mode, '/name' for one server of many. */
  readonly basePath: string;
}

/** Literally these: several clients know no other 3.1 string. */
const openapiVersions = { '3.1': '3.1.0', '3.0': '3.0.3' } as const;
const DEFAULT_VERSION = '1.0.0';

export function renderDocument(request: DocumentRequest): RenderedDocument {
  const { server, snapshot, form, format } = request;
  const { config, root } = snapshot;
  const one = root ?? server;
  const views = one === undefined ? [...snapshot.servers.values()].filter((view) => !view.config.disabled) : [one];
  const isOneOfMany = one !== undefined && config.mode === 'many';
  const layout = format === 'json' ? jsonLayout() : yamlLayout();
  const maxChars = form.profile === undefined ? MAX_TEXT_CHARS : MAX_DESCRIPTION_CHARS;
  const { description, ...info } = one === undefined ? infoOfAll(config.settings, views) : infoOf(one, snapshot);
  const head = [
    layout.start,
    layout.member('openapi', openapiVersions[form.version]),
    layout.member('info', { ...info, description: cutText(description, maxChars) }),
    layout.servers.before,
  ];
  return {
    head: head.join(''),
    tail: printBody(request, views, layout, maxChars),
    basePath: isOneOfMany ? `/${encodeSegment(one.name)}` : '',
  };
}

interface Info extends JsonObject {
  readonly description: string;
}

function infoOf(view: ServerView, { config }: Snapshot): Info {
  const { mode } = config;
  const { catalogue, name } = view;
  // Options describe the only server there is; of many, each speaks for itself.
  const given = mode === 'single' ? config.settings : undefined;
  const signIn = howToSignIn(view, config.settings);
  const opening = firstText(given?.description, catalogue?.instructions) ?? describe(view, config.settings);
  return {
    title: firstText(given?.name, mode === 'many' ? name : undefined, catalogue?.serverName, name) ?? 'mcpo',
    description: signIn ?? opening,
    version: firstText(given?.version, catalogue?.serverVersion) ?? DEFAULT_VERSION,
    ...publisher,
  };
}

function infoOfAll(settings: Settings, views: readonly ServerView[]): Info {
  const opening = firstText(settings.description) ?? 'Tools of MCP servers as plain HTTP operations.';
  const servers = views.map((view) => `- ${view.name}: ${stateOf(view, settings)}`).join('\n');
  return {
    title: firstText(settings.name) ?? 'mcpo',
    description: servers === '' ? opening : `${opening}\n\n${servers}`,
    version: firstText(settings.version) ?? DEFAULT_VERSION,
    ...publisher,
  };
}

const publisher = {
  contact: { name: 'mcpo', url: 'https://www.npmjs.com/package/mcpo' },
  license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
} as const;

function describe(view: ServerView, settings: Settings): string {
  return `The MCP server ${view.name} as plain HTTP operations: ${stateOf(view, settings)}.`;
}

function stateOf(view: ServerView, settings: Settings): string {
  const { config, operations } = view;
  if (config.disabled) return 'disabled';
  const signIn = signInPath(view, settings);
  if (signIn !== undefined) return `each user signs in, open ${signIn} on this host in a browser to see your tools`;
  if (operations === undefined) return 'no tools yet, the server has not listed any';
  return operations.list.length === 1 ? '1 tool' : `${operations.list.length} tools`;
}

/** For somebody who has not: what is offered is for those who did. The cookie's name is no affair of programs. */
function howToSignIn(view: ServerView, settings: Settings): string | undefined {
  const path = signInPath(view, settings);
  if (path === undefined) return undefined;
  const { webuiSecretKey, webuiUserJwtSecret } = view.config.oauth ?? {};
  const takesTokens = (settings.jwt ?? webuiSecretKey ?? webuiUserJwtSecret) !== undefined;
  return [
    `Each user signs in to the MCP server ${view.name}: open ${path} on this host in a browser.`,
    'After that this document lists your tools.',
    'A program whose call is answered with 401 shows its user the address in "authorizationUrl".',
    `Who calls is told by a cookie of that browser${takesTokens ? ", or by the user's token (JWT)" : ''}.`,
  ].join(' ');
}

/** Where this server's users sign in; undefined where they need not, or where somebody did. */
function signInPath({ name, config, operations }: ServerView, { rootPath }: Settings): string | undefined {
  const { oauth } = config;
  if (operations !== undefined || oauth?.grant !== 'authorization_code' || !oauth.multiUser) return undefined;
  return `${rootPath}/oauth/${encodeSegment(name)}/authorize`;
}

function* printBody(
  request: DocumentRequest,
  views: readonly ServerView[],
  layout: Layout,
  maxTextChars: number,
): Generator<string> {
  const { snapshot, form } = request;
  const { settings } = snapshot.config;
  const described = views.filter(
    ({ operations }) => (operations?.list.length ?? 0) + (operations?.exposed.length ?? 0) > 0,
  );
  const { security, securitySchemes } = securityOf(settings);
  yield layout.servers.after;
  yield layout.member('security', security);
  yield layout.member(
    'tags',
    described.map((view) => ({ name: view.name, description: cutText(tagText(view), maxTextChars) })),
  );
  if (described.length === 0) {
    yield layout.member('paths', {});
    yield layout.member('components', { securitySchemes });
    yield layout.end;
    return;
  }
  yield layout.open('paths');
  const schemas = yield* printPaths(request, described, layout, maxTextChars);
  yield layout.close();
  yield layout.open('components');
  yield layout.open('schemas');
  for (const [key, schema] of schemas) yield layout.member(key, schema);
  yield layout.member('Problem', finish(problemSchema, form));
  yield layout.close();
  yield layout.member('responses', responseComponents(settings, described.flatMap(failuresIn)));
  if (securitySchemes !== undefined) yield layout.member('securitySchemes', securitySchemes);
  yield layout.close();
  yield layout.end;
}

/** Returns what goes into `components.schemas`. */
function* printPaths(
  { server, snapshot, form, onDegraded }: DocumentRequest,
  views: readonly ServerView[],
  layout: Layout,
  maxTextChars: number,
): Generator<string, ReadonlyMap<string, JsonObject>> {
  const isOfAll = snapshot.root === undefined && server === undefined;
  const context = { schemas: createToolSchemas(form), form, settings: snapshot.config.settings, maxTextChars };
  const components = new Map<string, JsonObject>();
  for (const view of views) {
    const base = isOfAll ? `/${encodeSegment(view.name)}/` : '/';
    for (const operation of view.operations?.list ?? []) {
      const { pathItem, schemas, degradations } = yield* operationParts(operation, view.config, view.name, context);
      for (const [key, schema] of schemas) components.set(key, schema);
      for (const degradation of degradations) onDegraded(view, operation, degradation);
      yield layout.member(base + encodeSegment(operation.segment), pathItem);
    }
    for (const exposed of view.operations?.exposed ?? []) {
      const { pathItem, schemas } = exposedParts(exposed, view.config, view.name, context);
      for (const [key, schema] of schemas) components.set(key, schema);
      yield layout.member(base + exposed.path.slice(1), pathItem);
    }
  }
  return components;
}

function failuresIn({ config, operations }: ServerView): Failures[] {
  const { list = [], exposed = [] } = operations ?? {};
  const ofExposed = exposed.map((operation) => failuresAt(config, operation));
  return list.length > 0 ? [failuresOf(config), ...ofExposed] : ofExposed;
}

function tagText(view: ServerView): string {
  return firstText(view.catalogue?.instructions) ?? `Tools of the MCP server ${view.name}.`;
}
