// A list of resources, a resource or a prompt as an OpenAPI Operation Object. Their schemas are ours, or made by us, and
// need no translation.

import type { ServerConfig } from '../config/types.ts';
import type { JsonObject } from '../json/value.ts';
import { exampleOf } from './example.ts';
import type { OperationContext, OperationParts } from './operation.ts';
import type { ExposedOperation } from './prepared.ts';
import { errorResponses, failuresAt } from './responses.ts';
import { componentRef } from './schema/hoist.ts';
import { cutText } from './text.ts';
import { finish } from './tool-schema.ts';

export function exposedParts(
  exposed: ExposedOperation & { readonly operationId: string },
  config: ServerConfig,
  tag: string,
  { form, settings, maxTextChars }: OperationContext,
): Omit<OperationParts, 'degradations'> {
  const { operationId, method, parameters, requestSchema, responseSchema } = exposed;
  const key = `${operationId}_form_model`;
  const operation = {
    operationId,
    summary: cutText(exposed.summary, maxTextChars),
    description: cutText(exposed.description, maxTextChars),
    tags: [tag],
    parameters,
    ...(requestSchema !== undefined && { requestBody: requestBody(requestSchema, key) }),
    responses: {
      '200': {
        description: 'What the server answered.',
        content: { 'application/json': { schema: finish(responseSchema, form) } },
      },
      ...errorResponses(settings, failuresAt(config, exposed)),
    },
    'x-openai-isConsequential': false,
  };
  const schemas = requestSchema === undefined ? [] : [[key, finish(requestSchema, form)] as const];
  return { pathItem: { [method]: operation }, schemas: new Map(schemas) };
}

function requestBody(schema: JsonObject, key: string): JsonObject {
  return {
    required: schema['required'] !== undefined,
    content: { 'application/json': { schema: { $ref: componentRef(key) }, example: exampleOf(schema) } },
  };
}
