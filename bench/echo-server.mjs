// The upstream of the benchmark: a stdio MCP server with one tool, `echo`, as cheap as Node allows, so that the proxies
// before it are what is measured. Answers to one chunk of requests go out in one write.

const tool = {
  name: 'echo',
  description: 'Gives back its arguments.',
  inputSchema: {
    type: 'object',
    properties: { message: { type: 'string' }, count: { type: 'integer' } },
    required: ['message'],
  },
};

let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  const out = lines.map(answer).join('');
  if (out !== '') process.stdout.write(out);
});
process.stdin.on('end', () => process.exit(0));

function answer(line) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return '';
  const outcome = answers[method]?.(params);
  const error = { code: -32601, message: `Method not found: ${method}` };
  return `${JSON.stringify({ jsonrpc: '2.0', id, ...(outcome === undefined ? { error } : { result: outcome }) })}\n`;
}

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: [tool] }),
  'tools/call': ({ arguments: given }) => ({ content: [{ type: 'text', text: JSON.stringify(given) }] }),
};
