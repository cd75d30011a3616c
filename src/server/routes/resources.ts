// GET /{server}/resources, /resources/templates and /resources/read?uri=, for servers whose `expose` lists resources.
// Nothing is kept: every request is asked of the upstream, which knows what its resources are at this moment.

import type { Exchange } from '../exchange.ts';
import { listAnswer } from '../../openapi/exposed.ts';
import { checkAccept, readAnswer, readUri } from '../../openapi/resources.ts';
import { withExposed } from '../exposed.ts';

export function listResources(
  exchange: Exchange,
  server: string,
  method: 'resources/list' | 'resources/templates/list',
): Promise<void> {
  return withExposed(exchange, { server, exposure: 'resources', method }, async ({ asked, ask }) => {
    return listAnswer(await ask({ method }), asked);
  });
}

export function readResource(exchange: Exchange, server: string): Promise<void> {
  const method = 'resources/read';
  return withExposed(exchange, { server, exposure: 'resources', method }, async ({ asked, ask }) => {
    const { accept } = exchange.request.headers;
    const uri = readUri(exchange.query);
    checkAccept(accept);
    return readAnswer(await ask({ method, uri }), uri, accept, asked);
  });
}
