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

/** More tools, as real ones are: some properties with descriptions, about a kilobyte and a half each. */
export function addTools(count) {
  const property = (name) => [name, { type: 'string', description: `What the tool is to do with ${name}. `.repeat(4) }];
  for (let index = 0; index < count; index += 1) {
    tools.push({
      name: `tool_${index}`,
      description: `Does one of the many things that such a server can do, number ${index}. `.repeat(4),
      inputSchema: {
        type: 'object',
        properties: Object.fromEntries(['path', 'query', 'filter', 'format', 'language', 'owner'].map(property)),
        required: ['path'],
      },
    });
  }
}

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
