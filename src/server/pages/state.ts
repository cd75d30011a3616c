// A server's state for people: a word, a colour (by class) and a shape, so that no state is told by colour alone; and
// the few facts beside it that help while something is wrong.
// Pure: what time it is comes with the model.

import type { UpstreamState } from '../../mcp/types.ts';
import { html, type Html } from './html.ts';
import type { ServerModel } from './model.ts';

export const stateWords: Readonly<Record<UpstreamState, string>> = {
  starting: 'Starting',
  ready: 'Ready',
  down: 'Down',
  'crash-looping': 'Crash-looping',
  'authorization-required': 'Authorization required',
  disabled: 'Disabled',
};

export function stateBadge(state: UpstreamState): Html {
  return html`<span class="state ${state}" data-state="${state}"
    ><svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">${shapes[state]}</svg
    >${stateWords[state]}</span
  >`;
}

/** Half a disc, disc, square, triangle, diamond, ring: told apart without colour. */
const shapes: Readonly<Record<UpstreamState, Html>> = {
  starting: html`<path d="M8 2a6 6 0 0 0 0 12z" fill="currentColor" />
    <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" />`,
  ready: html`<circle cx="8" cy="8" r="7" fill="currentColor" />`,
  down: html`<path d="M2 2h12v12H2z" fill="currentColor" />`,
  'crash-looping': html`<path d="M8 1l7.5 14h-15z" fill="currentColor" />`,
  'authorization-required': html`<path d="M8 0l8 8-8 8-8-8z" fill="currentColor" />`,
  disabled: html`<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2" />`,
};

/** How long, how often, what next; each only where it says something. */
export function stateFacts(server: ServerModel, now: number): string[] {
  if (server.state === 'disabled') return [];
  const facts = [`for ${duration(now - server.since)}`];
  if (server.nextRetryAt !== undefined && server.state !== 'ready') {
    const wait = server.nextRetryAt - now;
    facts.push(wait > 0 ? `next try in ${duration(wait)}` : 'trying now');
  }
  if (server.restarts > 0) facts.push(counted(server.restarts, 'restart'));
  if (server.inFlight > 0) facts.push(`${counted(server.inFlight, 'call')} in flight`);
  if (server.queued > 0) facts.push(`${server.queued.toLocaleString('en')} waiting`);
  if (server.sessions > 0) facts.push(counted(server.sessions, 'session'));
  return facts;
}

/** `1 tool`, `2 tools`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** The two largest units at most: `8 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return joined(hours, 'h', minutes % 60, 'min');
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
