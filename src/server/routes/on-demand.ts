// The routes that are no calls, by the names of their own files. The code of each is loaded by the first request for
// it: most programs never see one of them, and no start has to wait for pages, resources and sign-ins.

import type { Exchange } from '../exchange.ts';

type AnyRoute<Args extends readonly unknown[]> = (exchange: Exchange, ...args: Args) => void | Promise<void>;

export const overview = onDemand(async () => (await import('./status.ts')).overview);
export const serverOverview = onDemand(async () => (await import('./status.ts')).serverOverview);
export const health = onDemand(async () => (await import('./status.ts')).health);
export const readiness = onDemand(async () => (await import('./status.ts')).readiness);
export const sendMetrics = onDemand(async () => (await import('./metrics.ts')).sendMetrics);

export const listResources = onDemand(async () => (await import('./resources.ts')).listResources);
export const readResource = onDemand(async () => (await import('./resources.ts')).readResource);
export const listPrompts = onDemand(async () => (await import('./prompts.ts')).listPrompts);
export const getPrompt = onDemand(async () => (await import('./prompts.ts')).getPrompt);

export const docs = onDemand(async () => (await import('./docs.ts')).docs);
export const redoc = onDemand(async () => (await import('./docs.ts')).redoc);
export const asset = onDemand(async () => (await import('./docs.ts')).asset);

export const authorize = onDemand(async () => (await import('./oauth.ts')).authorize);
export const confirmAuthorize = onDemand(async () => (await import('./oauth.ts')).confirmAuthorize);
export const callback = onDemand(async () => (await import('./oauth.ts')).callback);
export const signInStatus = onDemand(async () => (await import('./oauth-status.ts')).signInStatus);
export const logout = onDemand(async () => (await import('./oauth-status.ts')).logout);

function onDemand<Args extends readonly unknown[]>(
  load: () => Promise<AnyRoute<Args>>,
): (exchange: Exchange, ...args: Args) => Promise<void> {
  return async (exchange, ...args) => {
    const route = await load();
    // Another Snapshot may have been published meanwhile.
    exchange.renew();
    return route(exchange, ...args);
  };
}
