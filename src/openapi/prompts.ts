// Prompts of an MCP server as HTTP operations: the list, and one POST for each, whose body holds the prompt's arguments.
// They are strings by name (MCP, `PromptArgument`); the schema that the document shows is the one that judges them, in
// the same way as a tool's arguments are judged.

import type { ServerConfig } from '../config/types.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import type { Catalogue, Outcome, Prompt, PromptArgument, Tool } from '../mcp/types.ts';
import { checkArguments } from './arguments.ts';
import { encodeSegment, pathSegments } from './names.ts';
import { askFailure, commonCodes, noResult, textPlan, type Asked } from './exposed.ts';
import type { ExposedOperation } from './prepared.ts';
import type { Plan } from './problem.ts';
import type { GivenArguments } from './request.ts';
import { titleCase } from './text.ts';

/** None unless the configuration exposes prompts and the server has some. */
export function promptOperations(config: ServerConfig, catalogue: Catalogue | undefined): readonly ExposedOperation[] {
  if (!config.expose.includes('prompts') || catalogue?.offers.prompts !== true) return [];
  return [listOperation, ...preparedPrompts(catalogue.prompts).map(toOperation)];
}

/** A prompt with what it is called on the outside. */
export interface PreparedPrompt {
  readonly prompt: Prompt;
  /** The decoded last segment of its path. */
  readonly segment: string;
  /** What judges the arguments of tools judges these too. */
  readonly asTool: Tool;
}

/** In the upstream's order; the same objects for the same list. */
export function preparedPrompts(prompts: readonly Prompt[]): readonly PreparedPrompt[] {
  let known = prepared.get(prompts);
  if (known === undefined) {
    const segments = pathSegments(prompts.map(({ name }) => name));
    known = prompts.map((prompt, index) => {
      return { prompt, segment: segments[index] ?? prompt.name, asTool: asTool(prompt) };
    });
    prepared.set(prompts, known);
  }
  return known;
}

const prepared = new WeakMap<readonly Prompt[], readonly PreparedPrompt[]>();

/** The text to forward: as it came, but for an optional argument that is null. Throws `invalid_arguments`. */
export function promptArguments({ prompt, asTool: tool }: PreparedPrompt, given: GivenArguments): string {
  const checked = checkArguments(tool, prompt.name, given);
  if (checked.kind === 'misfit') throw checked.error;
  return checked.argumentsText;
}

/** The answer to `prompts/get`. Throws what the request came to, if that is no prompt. */
export function promptAnswer(outcome: Outcome, asked: Asked): Plan {
  if (outcome.kind !== 'result') throw askFailure(outcome, { ...asked, meanings: getMeanings });
  const text = outcome.text();
  if (!isObject(outcome.value) || !Array.isArray(outcome.value['messages'])) throw noResult(text, 'messages', asked);
  return textPlan(text);
}

const getMeanings = new Map([[-32_602, 'invalid_arguments']] as const);

const listOperation: ExposedOperation = {
  path: '/prompts',
  method: 'get',
  idBase: 'list_prompts',
  summary: 'List Prompts',
  description: 'Lists the prompts that the server has, with the arguments that each takes.',
  responseSchema: {
    type: 'object',
    properties: {
      prompts: {
        type: 'array',
        description: 'The prompts.',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', description: 'Its name, for programs.' },
            title: { type: 'string', description: 'Its name, for people.' },
            description: { type: 'string', description: 'What it is for.' },
            arguments: { type: 'array', description: 'What it takes.', items: { type: 'object' } },
          },
          required: ['name'],
        },
      },
    },
    required: ['prompts'],
  },
  codes: commonCodes,
};

/** MCP, `GetPromptResult`. */
const responseSchema: JsonObject = {
  type: 'object',
  properties: {
    description: { type: 'string', description: 'What the prompt is for.' },
    messages: {
      type: 'array',
      description: 'What to put before a model.',
      items: {
        type: 'object',
        properties: {
          role: { type: 'string', description: 'Who is to say it: user or assistant.' },
          content: { type: 'object', description: 'A text, an image, a sound or a resource, as MCP has it.' },
        },
        required: ['role', 'content'],
      },
    },
  },
  required: ['messages'],
};

function toOperation({ prompt, segment, asTool: { inputSchema } }: PreparedPrompt): ExposedOperation {
  const summary = prompt.title ?? titleCase(prompt.name);
  return {
    path: `/prompts/${encodeSegment(segment)}`,
    method: 'post',
    idBase: `prompt_${prompt.name}`,
    summary,
    description: prompt.description ?? summary,
    ...(prompt.arguments.length > 0 && { requestSchema: inputSchema }),
    responseSchema,
    codes: [...commonCodes, 'not_found', 'payload_too_large', 'unsupported_media_type', 'invalid_arguments'],
  };
}

function asTool({ name, title, description, arguments: taken }: Prompt): Tool {
  const required = taken.filter((argument) => argument.required).map((argument) => argument.name);
  const inputSchema = {
    type: 'object',
    properties: Object.fromEntries(taken.map((argument) => [argument.name, argumentSchema(argument)])),
    ...(required.length > 0 && { required }),
    // What is misspelt would be ignored by the server, and missed by nobody.
    additionalProperties: false,
  };
  const definition = { name, inputSchema };
  return { name, title, description, inputSchema, outputSchema: undefined, annotations: undefined, definition };
}

function argumentSchema({ title, description }: PromptArgument): JsonObject {
  return {
    type: 'string',
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
  };
}
