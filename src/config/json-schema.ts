// config.schema.json, which gives completion and checks in editors, made from the schema that the program itself uses.
// Keys of other clients are let pass without being offered; keys of features to come are not in it.

import * as z from 'zod';
import { commentKeyPattern, ignoredServerKeys, ignoredTopKeys } from './foreign-keys.ts';
import { configFile } from './schema.ts';

type Schema = Record<string, unknown>;

export function configJsonSchema(): Schema {
  const generated: Schema = z.toJSONSchema(configFile, { io: 'input' });
  const { $schema, ...file } = allowForeign(generated, ignoredTopKeys);
  const properties = file['properties'] as Record<string, Schema>;
  const servers = properties['mcpServers'] as Schema;
  const entry = allowForeign(servers['additionalProperties'] as Schema, ignoredServerKeys);
  return {
    $schema,
    $id: 'https://unpkg.com/mcpo/config.schema.json',
    title: 'Configuration of mcpo',
    description: 'MCP servers to serve over HTTP, in the format of Claude Desktop, and options of mcpo.',
    allowTrailingCommas: true,
    ...file,
    properties: { ...properties, mcpServers: { ...servers, additionalProperties: entry } },
  };
}

/** A pattern instead of properties, because editors offer properties. */
function allowForeign(schema: Schema, keys: readonly string[]): Schema {
  return { ...schema, patternProperties: { [commentKeyPattern]: {}, [`^(?:${keys.join('|')})$`]: {} } };
}
