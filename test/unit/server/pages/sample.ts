// Models as the routes would fill them, with one place to change what a test is about.

import type { PageModel, ServerModel, ToolModel } from '../../../../src/server/pages/model.ts';

export const page: PageModel = {
  title: 'mcpo',
  version: '1.2.3',
  rootPath: '',
  pathPrefix: '',
  baseUrl: 'http://127.0.0.1:8000',
};

export const now = Date.UTC(2030, 0, 1, 12, 0, 0);

export function tool(name: string, more: Partial<ToolModel> = {}): ToolModel {
  return {
    name,
    summary: `Summary of ${name}`,
    description: `Description of ${name}`,
    path: `/${encodeURIComponent(name)}`,
    requiredArguments: [],
    readOnly: false,
    rank: 3,
    example: { text: '{}', placeholders: false },
    ...more,
  };
}

export function server(name: string, more: Partial<ServerModel> = {}): ServerModel {
  return {
    name,
    path: `/${encodeURIComponent(name)}`,
    state: 'ready',
    detail: `Sentence about ${name}.`,
    since: now - 5000,
    restarts: 0,
    inFlight: 0,
    queued: 0,
    sessions: 0,
    nextRetryAt: undefined,
    tools: [],
    signIn: undefined,
    ...more,
  };
}

/** What a hostile upstream might call itself. */
export const hostile = `</code><script>alert(1)</script><img src=x onerror="alert(2)">' & "`;
