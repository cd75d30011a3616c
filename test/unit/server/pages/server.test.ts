import { describe, expect, it } from 'vitest';

import type { ServerModel } from '../../../../src/server/pages/model.ts';
import { serverPage } from '../../../../src/server/pages/server.ts';
import { hostile, now, page, server, tool } from './sample.ts';

function render(model: ServerModel): string {
  return serverPage({ ...page, rootPath: '/proxy', access: 'open', server: model, now });
}

describe('serverPage', () => {
  it('shows every tool with its texts, route and required arguments', () => {
    const markup = render(
      server('memory', {
        tools: [tool('open nodes', { requiredArguments: ['names', 'depth'], readOnly: true }), tool('read_graph')],
      }),
    );
    expect(markup).toContain('<h1>memory</h1>');
    expect(markup).toContain('2 tools');
    expect(markup).toContain('<code>open nodes</code>');
    expect(markup).toContain('Summary of open nodes');
    expect(markup).toContain('Description of open nodes');
    expect(markup).toContain('POST /proxy/memory/open%20nodes');
    expect(markup).toContain('Needs <code>names</code>, <code>depth</code>. Says that it changes nothing.');
    expect(markup).toContain('Needs no arguments.');
  });

  it('says so where there are no tools, or none are known yet', () => {
    expect(render(server('a', { tools: [] }))).toContain('It offers no tools.');
    expect(render(server('a', { state: 'starting', tools: undefined }))).toContain('once it has been reached');
  });

  it('keeps whatever the upstream says as text', () => {
    const nasty = tool(hostile, { summary: hostile, description: hostile, requiredArguments: [hostile] });
    const markup = render(server(hostile, { detail: hostile, tools: [nasty] }));
    expect(markup).not.toMatch(/<script>|<img|\sstyle=/);
  });
});
