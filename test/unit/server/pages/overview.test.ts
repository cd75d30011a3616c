import { describe, expect, it } from 'vitest';

import { overviewPage, type OverviewModel } from '../../../../src/server/pages/overview.ts';
import { stateWords } from '../../../../src/server/pages/state.ts';
import { hostile, now, page, server, tool } from './sample.ts';

function render(more: Partial<OverviewModel> = {}): string {
  return overviewPage({ ...page, access: 'open', servers: [], now, ...more });
}

function headline(markup: string): string | undefined {
  return /<h1>(.*?)<\/h1>/.exec(markup)?.[1];
}

describe('overviewPage', () => {
  it('shows every server with state, sentence, tools and links', () => {
    const markup = render({
      servers: [
        server('memory', { tools: [tool('read_graph'), tool('search_nodes')] }),
        server('time zone', { state: 'down', detail: 'command not found: uvx.', tools: undefined }),
      ],
    });
    expect(markup).toContain('<a href="/memory/">memory</a>');
    expect(markup).toContain('data-state="ready"');
    expect(markup).toContain('Sentence about memory.');
    expect(markup).toContain('2 tools');
    expect(markup).toContain('Description of search_nodes');
    expect(markup).toContain('data-state="down"');
    expect(markup).toContain('command not found: uvx.');
    expect(markup).toContain('href="/time%20zone/openapi.yaml"');
    expect(markup).toContain('http://127.0.0.1:8000/time%20zone<');
  });

  it.each(Object.entries(stateWords))('tells the state %s by word and shape', (state, word) => {
    const markup = render({ servers: [server('one', { state: state as keyof typeof stateWords })] });
    const badge = /<span class="state[\s\S]*?<\/span/.exec(markup)?.[0] ?? '';
    expect(badge).toContain(word);
    expect(badge).toMatch(/<(?:path|circle)/);
  });

  it('says in the headline how things stand', () => {
    const off = server('off', { state: 'disabled' });
    const down = server('down', { state: 'down' });
    expect(headline(render())).toBe('Nothing to serve yet');
    expect(headline(render({ servers: [off] }))).toBe('Every server is disabled');
    expect(headline(render({ servers: [server('a'), off] }))).toBe('a is ready');
    expect(headline(render({ servers: [server('a'), server('b')] }))).toBe('All 2 servers are ready');
    expect(headline(render({ servers: [server('a'), server('b'), down] }))).toBe('2 of 3 servers are ready');
    expect(headline(render({ servers: [server('a'), down] }))).toBe('1 of 2 servers is ready');
    expect(headline(render({ servers: [down, server('x', { state: 'starting' })] }))).toBe(
      'None of 2 servers is ready',
    );
  });

  it('tells when the next try is, how often it restarted and what is running', () => {
    const markup = render({
      servers: [
        server('a', {
          state: 'crash-looping',
          since: now - 3_900_000,
          nextRetryAt: now + 8000,
          restarts: 5,
          inFlight: 1,
          queued: 2,
          sessions: 3,
        }),
      ],
    });
    expect(markup).toContain(
      'for 1 h 5 min · next try in 8 s · 5 restarts · 1 call in flight · 2 waiting · 3 sessions',
    );
  });

  it('shows a refused reload before anything else', () => {
    const refusedReload = { at: now - 60_000, detail: `c.json:3:1: ${hostile}` };
    const markup = render({ servers: [server('a')], refusedReload });
    expect(markup.indexOf('The last reload was refused')).toBeGreaterThan(markup.indexOf('<h1>'));
    expect(markup.indexOf('The last reload was refused')).toBeLessThan(markup.indexOf('id="servers"'));
    expect(markup).toContain('11:59:00 UTC');
    expect(markup).toContain('c.json:3:1: &lt;/code&gt;');
    expect(render({ servers: [server('a')] })).not.toContain('refused');
  });

  it('puts root path and path prefix before its links, and only the root path before its files', () => {
    const markup = render({
      rootPath: '/proxy',
      pathPrefix: '/api',
      baseUrl: 'https://tools.example.com/proxy/api',
      servers: [server('memory')],
    });
    expect(markup).toContain('href="/proxy/assets/frame.css?v=1.2.3"');
    expect(markup).toContain('href="/proxy/api/memory/docs"');
    expect(markup).toContain('>https://tools.example.com/proxy/api/memory<');
    expect([...markup.matchAll(/(?:href|src)="([^"]*)"/g)].every(([, link]) => link?.startsWith('/proxy/'))).toBe(true);
  });

  it('gives the server at the root no page of its own', () => {
    const markup = render({ servers: [server('solo', { path: '', tools: [tool('echo')] })] });
    expect(markup).toContain('<h3>solo</h3>');
    expect(markup).toContain('curl -sS &#39;http://127.0.0.1:8000/echo&#39;');
  });

  it('keeps whatever upstreams say as text', () => {
    const markup = render({
      title: hostile,
      servers: [
        server(hostile, { detail: hostile, tools: [tool(hostile, { description: hostile, summary: hostile })] }),
      ],
    });
    expect(markup).not.toContain('<script>');
    expect(markup).not.toContain('<img');
    expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('has no inline script, style or event handler', () => {
    const markup = render({ servers: [server('memory', { tools: [tool('read_graph')] })] });
    expect(markup).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(markup).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:/i);
  });

  it('shortens long descriptions at a space', () => {
    const description = 'word '.repeat(100);
    const markup = render({ servers: [server('a', { tools: [tool('t', { description })] })] });
    expect(markup).toContain(`>${'word '.repeat(31).trimEnd()}…<`);
  });

  it('shortens long descriptions without breaking a character', () => {
    const markup = render({
      servers: [server('a', { tools: [tool('t', { description: '\u{1F600}'.repeat(500) + '\nsecond line' })] })],
    });
    expect(markup).toContain(`${'\u{1F600}'.repeat(159)}…`);
    expect(markup).not.toContain('\u{1F600}'.repeat(160));
    expect(markup).not.toContain('second line');
  });
});
