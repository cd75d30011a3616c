// Keys of an entry that this program does not read, though they are no typing mistakes: those that other MCP clients
// write into the same file.
// What only concerns how a client shows or approves tools is ignored and listed; what changes how a server is reached
// or who may use it is refused, because a silent difference would be worse than an error.

import { ConfigError } from './config-error.ts';
import type { Document } from './document.ts';
import { toSnakeCase } from './spellings.ts';

export interface IgnoredKey {
  /** '' for the top of the file. */
  readonly server: string;
  readonly key: string;
}

/** How others show, approve, install or log. From Claude, Cline, Roo, Cursor, VS Code, Windsurf, Gemini, LibreChat, Goose, Kiro, Amazon Q and Cherry Studio. */
export const ignoredServerKeys: readonly string[] = [
  'alwaysAllow',
  'alwaysAllowTools',
  'alwaysLoad',
  'author',
  'autoApprove',
  'autoApproveAll',
  'bundled',
  'category',
  'chatMenu',
  'comment',
  'description',
  'dev',
  'disabledAutoApproveTools',
  'displayName',
  'display_name',
  'dxtPath',
  'dxtVersion',
  'extensionName',
  'gallery',
  'homepage',
  'icon',
  'iconPath',
  'iconUrl',
  'icons',
  'id',
  'initTimeout',
  'installSource',
  'isTrusted',
  'logoUrl',
  'longRunning',
  'metadata',
  'name',
  'note',
  'notes',
  'provider',
  'providerUrl',
  'reference',
  'registryUrl',
  'repository',
  'searchKey',
  'serverInstructions',
  'source',
  'sseReadTimeout',
  'startup',
  'stderr',
  'tags',
  'title',
  'transportType',
  'trust',
  'trustedAt',
  'version',
  'watchPaths',
];

/** Beside "mcpServers", in the files of Claude Desktop and VS Code. */
export const ignoredTopKeys: readonly string[] = [
  'comment',
  'description',
  'globalShortcut',
  'inputs',
  'isUsingBuiltInNodeForMcp',
  'locale',
  'name',
  'preferences',
  'scale',
  'userThemeMode',
  'version',
];

/**
 * Within an entry, in snake_case. Endpoints come from the authorization server's own metadata, whatever stands in the file;
 * the Python program's README warns of them, and the last is its switch for log lines.
 */
export const ignoredMembers: readonly string[] = [
  'oauth.client_metadata.authorization_endpoint',
  'oauth.client_metadata.token_endpoint',
  'oauth.client_metadata.registration_endpoint',
  'client_header_forwarding.debug_headers',
];

/** Where a comment is meant: `_comment`, `//`, `#note`, `$comment`. */
export const commentKeyPattern = '^(?:_|//|#|\\$comment$)';
const commentKey = new RegExp(commentKeyPattern);

/** It says whom to be towards the server, and to run without it would be somebody else. */
const refusedServerKeys: ReadonlySet<string> = new Set(['auth']);

/** What others call a thing that we have. */
const meanings: Readonly<Record<string, string>> = {
  allowedTools: 'enabledTools',
  baseUrl: 'url',
  cmd: 'command',
  disallowedTools: 'disabledTools',
  enabled: 'disabled',
  endpoint: 'url',
  envFile: 'env',
  envs: 'env',
  environment: 'env',
  excludeTools: 'disabledTools',
  httpUrl: 'url',
  includeTools: 'enabledTools',
  isActive: 'disabled',
  requestTimeout: 'timeout',
  serverUrl: 'url',
  uri: 'url',
  workingDirectory: 'cwd',
};

export function meantByForeignKey(key: string): string | undefined {
  return Object.hasOwn(meanings, key) ? meanings[key] : undefined;
}

/** The file without what is ignored; throws for what must not be. */
export function setAside(document: Document): { readonly value: unknown; readonly ignored: readonly IgnoredKey[] } {
  const ignored: IgnoredKey[] = [];
  const ignore = (server: string, key: string): undefined => {
    ignored.push({ server, key });
  };
  const toEntry = (server: string, entry: unknown): unknown =>
    mapMembers(entry, (key, member) => {
      if (refusedServerKeys.has(key)) throw refused(document, ['mcpServers', server, key]);
      if (ignoredServerKeys.includes(key) || commentKey.test(key)) return ignore(server, key);
      return hasIgnoredMembers(key) ? toMember(server, [key], member) : member;
    });
  const toMember = (server: string, path: readonly string[], value: unknown): unknown =>
    mapMembers(value, (key, member) => {
      const within = [...path, key];
      return ignoredMembers.includes(inSnakeCase(within))
        ? ignore(server, within.join('.'))
        : toMember(server, within, member);
    });
  const value = mapMembers(document.value, (key, member) => {
    if (key === 'mcpServers') return mapMembers(member, toEntry);
    return ignoredTopKeys.includes(key) || commentKey.test(key) ? ignore('', key) : member;
  });
  return { value, ignored };
}

function hasIgnoredMembers(key: string): boolean {
  return ignoredMembers.some((member) => member.startsWith(`${toSnakeCase(key)}.`));
}

function inSnakeCase(path: readonly string[]): string {
  return path.map(toSnakeCase).join('.');
}

function refused(document: Document, path: readonly string[]): ConfigError {
  return new ConfigError(
    `${document.keyLabel(path)} is not read here; say how one signs in by "oauth", or give a token in "headers".`,
  );
}

/** A copy without the members that become undefined; anything but an object stays what it is. */
function mapMembers(value: unknown, change: (key: string, member: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value)) {
    const changed = change(key, member);
    if (changed !== undefined) copy[key] = changed;
  }
  return copy;
}
