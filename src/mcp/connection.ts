// One live MCP session with an upstream, used through requests of our own. Speaks both eras of the protocol; does not
// connect (connect.ts does), does not reconnect (supervisor.ts does) and does not judge what it lists (catalogue.ts does).

import type { Target } from '../config/types.ts';
import type { AddressGuard } from '../net/address-guard.ts';
import type { Authorizer } from './oauth/authorizer.ts';
import { callAsTask, mustRunAsTask, type TaskChannel } from './task.ts';
import { withMetaMember } from './forwarding.ts';
import { callHeaders, questionHeaders } from './transports/mcp-headers.ts';
import type { McpTransport, Reply, RequestOptions } from './transports/transport.ts';
import type { Question, Tool } from './types.ts';

export interface ConnectionOptions {
  readonly target: Target;
  /** Of the whole attempt, milliseconds since the epoch. */
  readonly deadlineAt: number;
  /** What `deadlineAt` was made from. */
  readonly connectTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly clientVersion: string;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  /** Of a server that users sign in to. */
  readonly authorizer?: Authorizer | undefined;
  /** Judges the addresses that its name leads to. */
  readonly guard?: AddressGuard | undefined;
  /** What earlier attempts found out about this server; written by connect.ts. */
  readonly memory: ConnectMemory;
  readonly onNoise: (excerpt: string) => void;
  readonly onStderr: (line: string) => void;
  readonly onToolsChanged: () => void;
  /** undefined where nobody wants to know. */
  readonly onPromptsChanged: (() => void) | undefined;
  /** Something broke that may mean that the session is gone, such as a stream that ended: it is worth a look. */
  readonly onDoubt: () => void;
}

/** Saves the attempts that are known to lead nowhere; forgotten where it turns out wrong. */
export interface ConnectMemory {
  /** Of a URL without a type. */
  transport?: 'streamable-http' | 'sse' | undefined;
  /** The server speaks the stateless revisions, or the ones with sessions. */
  era?: 'modern' | 'legacy' | undefined;
}

/** What a handshake came to, whoever made it. */
export interface Session {
  readonly transport: McpTransport;
  readonly protocolVersion: string | undefined;
  readonly serverName: string | undefined;
  readonly serverVersion: string | undefined;
  readonly instructions: string | undefined;
  /** Whether the server says that it has tools. */
  readonly offersTools: boolean;
  readonly offersPrompts: boolean;
  readonly offersResources: boolean;
  /** The `_meta` that revision 2026-07-28 asks for in every request, as text; undefined in earlier ones. */
  readonly requestMeta: string | undefined;
  /** A request that every server of this era answers, and that changes nothing. */
  readonly pingMethod: 'ping' | 'server/discover';
  /** Whether the server runs tools as tasks (revision 2025-11-25, `tasks.requests.tools.call`). */
  readonly runsTasks: boolean;
  /** Resolves with the reason when the session is of no use any more. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** `metaMember`: more members of `_meta`, as JSON text with their names. */
export interface SendOptions extends RequestOptions {
  readonly metaMember?: string | undefined;
}

export class Connection {
  readonly session: Session;
  #inFlight = 0;
  /** Work that no caller waits for, such as telling the server that one went away. */
  #outlasting = 0;
  #served = false;
  #abandoned = false;
  #closing: Promise<void> | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  /** Calls and questions that are not answered yet; a task is one, whatever it asks for. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a call came to a result on it: whatever ends it, the server works. */
  get served(): boolean {
    return this.#served;
  }

  /** tools/call with the arguments' own text. */
  call(tool: Tool, argumentsText: string, options: SendOptions): Promise<Reply> {
    const { requestMeta, runsTasks, transport } = this.session;
    if (runsTasks && mustRunAsTask(tool)) {
      const members = `${argumentsText}${metaOf(undefined, options.metaMember)}`;
      return this.#watch(callAsTask(this.#channel(options.headers), tool, members, options), true);
    }
    const meta = metaOf(requestMeta, options.metaMember);
    const params = `{"name":${JSON.stringify(tool.name)},"arguments":${argumentsText}${meta}}`;
    const request =
      requestMeta === undefined
        ? options
        : { ...options, headers: { ...options.headers, ...callHeaders(tool, argumentsText) } };
    return this.#watch(transport.request('tools/call', params, request), true);
  }

  /** Anything but a call. Of a list, the one page that `cursor` names. */
  ask(question: Question, { metaMember, ...options }: SendOptions, cursor?: string): Promise<Reply> {
    const { requestMeta, transport } = this.session;
    const members = paramsOf(question);
    if (cursor !== undefined) members.push(`"cursor":${JSON.stringify(cursor)}`);
    const meta = withMetaMember(requestMeta, metaMember);
    if (meta !== undefined) members.push(`"_meta":${meta}`);
    const headers = requestMeta === undefined ? options.headers : { ...options.headers, ...questionHeaders(question) };
    return this.#watch(transport.request(question.method, `{${members.join(',')}}`, { ...options, headers }), false);
  }

  /** Asks for a sign of life; not counted as in flight. Milliseconds since the epoch. */
  ping(deadlineAt: number): Promise<Reply> {
    const { pingMethod, requestMeta, transport } = this.session;
    if (requestMeta === undefined) return transport.request(pingMethod, '{}', { deadlineAt });
    const headers = { 'mcp-method': pingMethod };
    return transport.request(pingMethod, `{"_meta":${requestMeta}}`, { deadlineAt, headers });
  }

  /** Closes as soon as no call is in flight on it: a session that one call found gone may still answer others. */
  abandon(): void {
    this.#abandoned = true;
    this.#closeUnused();
  }

  /** Idempotent: resolves when everything of it has ended. */
  close(): Promise<void> {
    this.#closing ??= this.session.close();
    return this.#closing;
  }

  #channel(headers: RequestOptions['headers']): TaskChannel {
    return {
      request: (method, params, options) => this.session.transport.request(method, params, { ...options, headers }),
      outlast: (work) => {
        this.#outlasting++;
        void work.finally(() => {
          this.#outlasting--;
          this.#closeUnused();
        });
      },
    };
  }

  /** `work` never rejects. */
  #watch(work: Promise<Reply>, isCall: boolean): Promise<Reply> {
    this.#inFlight++;
    return work.then((reply) => {
      this.#inFlight--;
      if (isCall && reply.kind === 'result') this.#served = true;
      this.#closeUnused();
      return reply;
    });
  }

  #closeUnused(): void {
    if (this.#abandoned && this.#inFlight === 0 && this.#outlasting === 0) void this.close();
  }
}

/** A member of params after another one, or nothing. */
function metaOf(requestMeta: string | undefined, member: string | undefined): string {
  const meta = withMetaMember(requestMeta, member);
  return meta === undefined ? '' : `,"_meta":${meta}`;
}

function paramsOf(question: Question): string[] {
  switch (question.method) {
    case 'resources/read':
      return [`"uri":${JSON.stringify(question.uri)}`];
    case 'prompts/get':
      return [`"name":${JSON.stringify(question.name)}`, `"arguments":${question.argumentsText}`];
    default:
      return [];
  }
}
