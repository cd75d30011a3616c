// What the upstreams of the benchmark answer: an MCP server with the tool `echo`, which gives back its arguments, and
// `large`, which gives back as many characters as it is asked for. As cheap as Node allows, so that the proxies before it
// are what is measured.

const tools = [
  {
    name: 'echo',
    description: 'Gives back its arguments.',
    inputSchema: {
      type: 'object',
      properties: { message: { type: 'string' }, count: { type: 'integer' } },
      required: ['message'],
    },
  },
  {
    name: 'large',
    description: 'Gives back a text of the size that is asked for.',
    inputSchema: { type: 'object', properties: { mib: { type: 'integer' } }, required: ['mib'] },
  },
];

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'bench', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools }),
  'tools/call': ({ name, arguments: given }) =>
    textResult(name === 'large' ? largeText(given.mib) : JSON.stringify(given)),
};

/** The text of the answer; undefined for a notification. */
export function answerTo({ id, method, params }) {
  if (id === undefined) return undefined;
  const result = answers[method]?.(params);
  const error = { code: -32601, message: `Method not found: ${method}` };
  return JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) });
}

function textResult(text) {
  return { content: [{ type: 'text', text }] };
}

const texts = new Map();

/** Prose with quotes and line ends, as files have. */
function largeText(mib) {
  const line = 'A line of "text", as long as lines are in most files that people read.\n';
  if (!texts.has(mib)) texts.set(mib, line.repeat(Math.ceil((mib * 1024 * 1024) / line.length)));
  return texts.get(mib);
}
