// Resources of an MCP server as HTTP operations: the lists, and one read by its URI, as the upstream's own JSON text, or
// as bytes or text where Accept asks for that. The document's part stands beside the answers'.

import type { ServerConfig } from '../config/types.ts';
import { AppError } from '../errors.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import type { Catalogue, Outcome } from '../mcp/types.ts';
import { JSON_TYPE, negotiate, OCTET_STREAM, shownAccept, TEXT_TYPE } from './negotiate.ts';
import { askFailure, commonCodes, liveHeaders, noResult, type Asked } from './exposed.ts';
import type { ExposedOperation } from './prepared.ts';
import type { Plan } from './problem.ts';
import { contentSummary, firstForm } from './representations.ts';
import { cutText } from './text.ts';

/** None unless the configuration exposes resources and the server has some. */
export function resourceOperations(
  config: ServerConfig,
  catalogue: Catalogue | undefined,
): readonly ExposedOperation[] {
  if (!config.expose.includes('resources') || catalogue?.offers.resources !== true) return [];
  return operations;
}

const uriParameter = {
  name: 'uri',
  in: 'query',
  required: true,
  description: 'The URI of the resource: one from the list, or made from a template.',
  schema: { type: 'string', format: 'uri' },
} as const;

/** What every item of the lists may have besides its URI (MCP, `Resource` and `ResourceTemplate`). */
const itemProperties = {
  name: { type: 'string', description: 'Its name, for programs.' },
  title: { type: 'string', description: 'Its name, for people.' },
  description: { type: 'string', description: 'What it is.' },
  mimeType: { type: 'string', description: 'Its media type.' },
} as const;

const operations: readonly ExposedOperation[] = [
  {
    path: '/resources',
    method: 'get',
    idBase: 'list_resources',
    summary: 'List Resources',
    description: 'Lists the resources that the server has.',
    responseSchema: listSchema('resources', 'The resources.', {
      uri: { type: 'string', description: 'To read it by.' },
      ...itemProperties,
      size: { type: 'integer', description: 'Its size in bytes.' },
    }),
    codes: commonCodes,
  },
  {
    path: '/resources/templates',
    method: 'get',
    idBase: 'list_resource_templates',
    summary: 'List Resource Templates',
    description: 'Lists the templates that URIs of further resources can be made from.',
    responseSchema: listSchema('resourceTemplates', 'The templates.', {
      uriTemplate: { type: 'string', description: 'A URI template (RFC 6570).' },
      ...itemProperties,
    }),
    codes: commonCodes,
  },
  {
    path: '/resources/read',
    method: 'get',
    idBase: 'read_resource',
    summary: 'Read Resource',
    description: 'Reads one resource.',
    parameters: [uriParameter],
    responseSchema: listSchema('contents', 'What is in the resource.', {
      uri: { type: 'string', description: 'Where it stands.' },
      mimeType: { type: 'string', description: 'Its media type.' },
      text: { type: 'string', description: 'What it says, where it is a text.' },
      blob: { type: 'string', description: 'Its bytes as Base64, where it is none.' },
    }),
    codes: [...commonCodes, 'not_found', 'not_acceptable'],
  },
];

/** The first property is what no item is without. */
function listSchema(member: string, description: string, properties: JsonObject): JsonObject {
  const required = Object.keys(properties).slice(0, 1);
  const items = { type: 'object', properties, required };
  return { type: 'object', properties: { [member]: { type: 'array', description, items } }, required: [member] };
}

/** `?uri=` of a request. */
export function readUri(query: Readonly<Record<string, unknown>>): string {
  const { uri } = query;
  if (typeof uri === 'string' && uri !== '') return uri;
  const wrong = Array.isArray(uri) ? 'The query has several' : 'The query has no';
  throw new AppError('malformed_request', `${wrong} "uri": name one resource with ?uri=URI, percent-encoded.`);
}

/** Throws `not_acceptable` where no resource can be what Accept asks for. */
export function checkAccept(accept: string | undefined): void {
  if (negotiate(accept, false) !== undefined) return;
  throw unacceptable(
    accept,
    `no resource can be that. Accept ${JSON_TYPE}, ${TEXT_TYPE}, image/*, audio/* or ${OCTET_STREAM}.`,
  );
}

const MAX_URI_CHARS = 200;

/** -32002 until revision 2025-11-25, -32602 since. */
const readMeanings = new Map([
  [-32_002, 'not_found'],
  [-32_602, 'not_found'],
] as const);

/** The answer to `resources/read`. Throws what the request came to, if that is no resource. */
export function readAnswer(outcome: Outcome, uri: string, accept: string | undefined, asked: Asked): Plan {
  if (outcome.kind !== 'result') {
    const missing = `The server ${JSON.stringify(asked.server)} has no resource ${JSON.stringify(cutText(uri, MAX_URI_CHARS))}`;
    throw askFailure(outcome, { ...asked, meanings: readMeanings, missing });
  }
  const text = outcome.text();
  const contents = isObject(outcome.value) ? outcome.value['contents'] : undefined;
  if (!Array.isArray(contents)) throw noResult(text, 'contents', asked);
  // As the content of a tool's result, which is what the other forms are made of.
  const items = contents.map((resource: unknown) => ({ type: 'resource', resource }));
  const whole = () => text;
  const sendable = firstForm(negotiate(accept, false) ?? [], items, { plain: whole, full: whole });
  if (sendable === undefined) {
    throw unacceptable(
      accept,
      `this resource holds ${contentSummary(items)}. Accept ${JSON_TYPE} too, which every resource has.`,
    );
  }
  const headers = { ...liveHeaders, Vary: 'Accept', ...sendable.headers };
  return { status: 200, headers, body: sendable.body, code: 'ok' };
}

function unacceptable(accept: string | undefined, why: string): AppError {
  return new AppError('not_acceptable', `The Accept header asks for ${shownAccept(accept)}, but ${why}`);
}
