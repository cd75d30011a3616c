// Limits of consumers that refuse what exceeds them, by the name of the profile that a document can be asked for in.
// Cuts texts of schemas; nothing that decides about values is touched.

import { copyOf, mapChildren } from './schema/children.ts';
import type { Node } from './schema/graph.ts';
import { cutText } from './text.ts';

/** Of operations, tags and the document, in GPT Actions ("Production notes on GPT Actions"). */
export const MAX_DESCRIPTION_CHARS = 300;
/** Of parameters, in the same place. */
export const MAX_PARAMETER_CHARS = 700;

/** The schema with every `title` and `description` cut. */
export function cutSchemaTexts(schema: Node, maxChars: number): Node {
  let cut = mapChildren(schema, (child) => cutSchemaTexts(child, maxChars));
  for (const keyword of ['title', 'description']) {
    const text = cut[keyword];
    if (typeof text !== 'string' || text.length <= maxChars) continue;
    if (cut === schema) cut = copyOf(schema);
    cut[keyword] = cutText(text, maxChars);
  }
  return cut;
}
