import { describe, expect, it } from 'vitest';

import { html } from '../../../../src/server/pages/html.ts';

describe('html', () => {
  it('escapes text, in content and in attributes', () => {
    const text = `<b title="x">&'`;
    expect(html`<p title="${text}">${text}</p>`.toString()).toBe(
      '<p title="&lt;b title=&quot;x&quot;&gt;&amp;&#39;">&lt;b title=&quot;x&quot;&gt;&amp;&#39;</p>',
    );
  });

  it('takes markup of its own as it is, and lists of it', () => {
    const items = ['a', '<'].map((item) => html`<b>${item}</b>`);
    expect(html`${items}!`.toString()).toBe('<b>a</b><b>&lt;</b>!');
  });

  it('leaves nothing for undefined and false, and prints zero', () => {
    expect(html`a${undefined}b${false}c${0}`.toString()).toBe('abc0');
  });

  it('escapes what only looks like markup of its own', () => {
    const forged = { toString: () => '<script>' } as unknown as string;
    expect(html`${forged}`.toString()).toBe('&lt;script&gt;');
  });
});
