// GET /{server}/prompts and POST /{server}/prompts/{prompt}, for servers whose `expose` lists prompts. Which prompts there
// are is known from the catalogue, so arguments are judged before the upstream sees them; the list is asked of it.

import { listAnswer } from '../../openapi/exposed.ts';
import { promptAnswer, promptArguments } from '../../openapi/prompts.ts';
import { readArguments } from '../../openapi/request.ts';
import { readText } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { findPrompt } from '../find.ts';
import { withExposed } from '../exposed.ts';

export function listPrompts(exchange: Exchange, server: string): Promise<void> {
  const method = 'prompts/list';
  return withExposed(exchange, { server, exposure: 'prompts', method }, async ({ asked, ask }) => {
    return listAnswer(await ask({ method }), asked);
  });
}

export function getPrompt(exchange: Exchange, server: string, segment: string): Promise<void> {
  const method = 'prompts/get';
  return withExposed(exchange, { server, exposure: 'prompts', method }, async ({ view, catalogue, asked, ask }) => {
    const prepared = findPrompt(view.name, catalogue, segment);
    const body = await readText(exchange, exchange.snapshot.config.settings.maxBodyBytes);
    const given = readArguments(body, exchange.request.headers['content-type']);
    if (!given.ok) throw given.error;
    const argumentsText = view.config.validate ? promptArguments(prepared, given) : given.argumentsText;
    return promptAnswer(await ask({ method, name: prepared.prompt.name, argumentsText }), asked);
  });
}
