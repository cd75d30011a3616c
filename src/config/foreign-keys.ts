// Keys of an entry that this program does not read, though they are no typing mistakes: those that other MCP clients
// write into the same file, and those of features that do not exist yet.
// What only concerns how a client shows or approves tools is ignored and listed; what changes how a server is reached
// or who may use it is refused, because a silent difference would be worse than an error.

import { ConfigError } from './config-error.ts';
import type { Document } from './document.ts';

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

/** Where a comment is meant: `_comment`, `//`, `#note`, `$comment`. */
export const commentKeyPattern = '^(?:_|//|#|\\$comment$)';
const commentKey = new RegExp(commentKeyPattern);

const laterServerKeys: ReadonlySet<string> = new Set([
  'auth',
  'clientHeaderForwarding',
  'client_header_forwarding',
  'oauth',
]);

const laterSettings: ReadonlySet<string> = new Set(['jwt', 'keys']);

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

/** The file without what is ignored; throws for what is not supported yet. */
export function setAside(document: Document): { readonly value: unknown; readonly ignored: readonly IgnoredKey[] } {
  const ignored: IgnoredKey[] = [];
  const ignore = (server: string, key: string): undefined => {
    ignored.push({ server, key });
  };
  const toEntry = (server: string, entry: unknown): unknown =>
    mapMembers(entry, (key, member) => {
      if (laterServerKeys.has(key)) throw notYet(document, ['mcpServers', server, key]);
      return ignoredServerKeys.includes(key) || commentKey.test(key) ? ignore(server, key) : member;
    });
  const toSettings = (settings: unknown): unknown =>
    mapMembers(settings, (key, member) => {
      if (laterSettings.has(key)) throw notYet(document, ['mcpo', key]);
      return member;
    });
  const value = mapMembers(document.value, (key, member) => {
    if (key === 'mcpServers') return mapMembers(member, toEntry);
    if (key === 'mcpo') return toSettings(member);
    return ignoredTopKeys.includes(key) || commentKey.test(key) ? ignore('', key) : member;
  });
  return { value, ignored };
}

function notYet(document: Document, path: readonly string[]): ConfigError {
  return new ConfigError(`${document.keyLabel(path)} is not supported yet; take it out to run without it.`);
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
