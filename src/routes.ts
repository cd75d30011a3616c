// Path segments that mean something at the root, next to server and tool names. A server cannot be named like one of
// them; a tool that is gets a renamed path.

/** First segments that belong to the program itself. */
export const reservedServerNames: ReadonlySet<string> = new Set([
  'docs',
  'redoc',
  'openapi.json',
  'openapi.yaml',
  'oauth',
  'healthz',
  'readyz',
  'metrics',
  'jobs',
  'assets',
  'favicon.ico',
  'robots.txt',
]);

/** Last segments under a server that are not tools. */
export const reservedToolNames: ReadonlySet<string> = new Set([...reservedServerNames, 'resources', 'prompts']);
