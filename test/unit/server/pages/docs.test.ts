import { describe, expect, it } from 'vitest';

import { docsPage, type DocsPageModel } from '../../../../src/server/pages/docs.ts';
import { hostile, page } from './sample.ts';

function render(more: Partial<DocsPageModel> = {}): string {
  return docsPage({ ...page, serverName: undefined, path: '', tools: 3, ...more });
}

describe('docsPage', () => {
  it('names the document of its server, with root path and path prefix', () => {
    expect(render({ rootPath: '/proxy', pathPrefix: '/api', serverName: 'memory', path: '/memory' })).toContain(
      'data-document="/proxy/api/memory/openapi.json"',
    );
    expect(render()).toContain('data-document="/openapi.json"');
  });

  it('lists operations where they are few, and closes the tags where they are many', () => {
    expect(render({ tools: 50 })).toContain('data-expansion="list"');
    expect(render({ tools: 51 })).toContain('data-expansion="none"');
  });

  it('has a language, a title and a text for readers without script', () => {
    const markup = render({ serverName: 'memory', path: '/memory' });
    expect(markup).toContain('<html lang="en">');
    expect(markup).toContain('<title>memory · API documentation</title>');
    expect(markup).toMatch(/<noscript>[\s\S]*href="\/memory\/openapi\.json"[\s\S]*<\/noscript>/);
  });

  it('has no inline script or style, and keeps names as text', () => {
    const markup = render({ serverName: hostile, path: '/x' });
    expect(markup).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|<img/);
  });
});
