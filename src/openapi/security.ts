// What a document says of who may call: the credentials that the program asks for, as security schemes. A browser's
// session at a server that users sign in to is none of them: its cookie has a name of its own at each server, and a program
// that reads a document could not get one.

import type { Settings } from '../config/types.ts';
import type { JsonObject } from '../json/value.ts';

export interface Security {
  /** Alternatives: each of them is enough. */
  readonly security: readonly JsonObject[];
  readonly securitySchemes?: JsonObject;
}

/** Where keys are set, a user's token does not replace them. */
export function securityOf({ apiKey, keys, jwt }: Settings): Security {
  if (apiKey !== undefined || keys.length > 0) return alternatives(keySchemes);
  return jwt === undefined ? { security: [] } : alternatives(tokenSchemes);
}

/** Whether a call can come without what is needed. */
export function asksForCredentials(settings: Settings): boolean {
  return securityOf(settings).security.length > 0;
}

function alternatives(securitySchemes: JsonObject): Security {
  return { security: Object.keys(securitySchemes).map((scheme) => ({ [scheme]: [] })), securitySchemes };
}

const keySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The API key as a bearer token.' },
  basic: { type: 'http', scheme: 'basic', description: 'Any user name, with the API key as password.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The API key in a header of its own.' },
} as const;

const tokenSchemes = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: "A user's token as a bearer token." },
} as const;
