import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import type { Access, ServerModel } from '../../../../src/server/pages/model.ts';
import { pasteSection } from '../../../../src/server/pages/paste.ts';
import { page, server, tool } from './sample.ts';

function render(servers: readonly ServerModel[], access: Access = 'open', baseUrl = page.baseUrl): string {
  return pasteSection({ page: { ...page, baseUrl }, access, servers, server: undefined }).toString();
}

/** The words that a shell makes of the curl line, `curl` itself left out. */
function curlWords(markup: string, key = ''): string[] {
  const line = /<code data-copy>(curl [\s\S]*?)<\/code>/.exec(markup)?.[1] ?? '';
  const decoded = line
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
  const script = `curl() { printf '%s\\0' "$@"; }\n${decoded}`;
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { MCPO_API_KEY: key } });
  return printed.split('\0').slice(0, -1);
}

describe('pasteSection', () => {
  it('gives Open WebUI the address of all servers, and of each', () => {
    const markup = render([server('memory'), server('time'), server('off', { state: 'disabled' })]);
    expect(markup).toContain('>http://127.0.0.1:8000<');
    expect(markup).toContain('>http://127.0.0.1:8000/memory<');
    expect(markup).toContain('>http://127.0.0.1:8000/time<');
    expect(markup).not.toContain('/off<');
  });

  it('tells the kind of authentication, never a key', () => {
    expect(render([server('memory')], 'open')).toContain('>None<');
    expect(render([server('memory')], 'key')).toContain('Bearer');
  });

  it('mentions containers where the address is a loopback one', () => {
    expect(render([], 'open', 'http://localhost:8000')).toContain('host.docker.internal');
    expect(render([], 'open', 'http://[::1]:8000/api')).toContain('host.docker.internal');
    expect(render([], 'open', 'https://localhost.example.com')).not.toContain('host.docker.internal');
  });

  it('makes a curl line that a shell reads as it is meant, whatever the tool is called', () => {
    const nasty = tool(`it's $(touch x) "q" \`b\``, { example: { text: `{"a":"it's\\n$HOME"}`, placeholders: true } });
    const path = `/it's%20$(touch%20x)`;
    const words = curlWords(render([server('memory', { tools: [{ ...nasty, path }] })], 'key'), 'top secret');
    expect(words).toEqual([
      '-sS',
      `http://127.0.0.1:8000/memory${path}`,
      '-H',
      'Authorization: Bearer top secret',
      '-H',
      'Content-Type: application/json',
      '-d',
      `{"a":"it's\\n$HOME"}`,
    ]);
  });

  it('tries the fittest tool of a server that is ready, rather one that needs no guessing', () => {
    const markup = render([
      server('down', { state: 'down', tools: [tool('list_it', { rank: 0 })] }),
      server('up', {
        tools: [
          tool('delete_all', { rank: undefined }),
          tool('get_guess', { rank: 0, requiredArguments: ['a'] }),
          tool('status', { rank: 0 }),
          tool('get_time', { rank: 1 }),
        ],
      }),
    ]);
    expect(curlWords(markup)[1]).toBe('http://127.0.0.1:8000/up/status');
  });

  it('waits for a server with a harmless tool', () => {
    const waiting = 'once a server with a harmless tool is ready';
    expect(render([server('a', { state: 'starting', tools: undefined })])).toContain(waiting);
    expect(render([server('a', { tools: [tool('delete_all', { rank: undefined })] })])).toContain(waiting);
  });

  it('gives generators the form of the document that is made for them', () => {
    expect(render([], 'open')).toContain('/openapi.json?refs=components');
  });

  it('fetches the document with the key where documents are guarded', () => {
    const guarded = render([], 'key-everywhere');
    expect(guarded).toContain('-o openapi.json');
    expect(guarded).toContain('$MCPO_API_KEY');
    expect(render([], 'key')).not.toContain('-o openapi.json');
  });
});
