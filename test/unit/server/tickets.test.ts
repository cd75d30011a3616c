import { expect, test } from 'vitest';
import type { Principal } from '../../../src/principal.ts';
import { createTickets } from '../../../src/server/tickets.ts';

const minutes = 60_000;

function user(name: string): Principal {
  return { user: `webui:${name}`, sessionId: undefined };
}

test('a ticket is used once, for its server alone', () => {
  const tickets = createTickets();
  const ticket = tickets.issue('linear', user('alice'));
  expect(ticket).toMatch(/^[\w-]{43}$/);
  expect(tickets.find(ticket, 'github')).toBeUndefined();
  expect(tickets.take(ticket, 'github')).toBeUndefined();
  expect(tickets.find(ticket, 'linear')).toMatchObject({ principal: user('alice') });
  expect(tickets.take(ticket, 'linear')).toMatchObject({ principal: user('alice') });
  expect(tickets.find(ticket, 'linear')).toBeUndefined();
  expect(tickets.take(ticket, 'linear')).toBeUndefined();
});

test('a user who is refused again and again has one ticket, others have theirs', () => {
  let now = 0;
  const tickets = createTickets(() => now);
  const first = tickets.issue('linear', user('alice'));
  now = 4 * minutes;
  expect(tickets.issue('linear', user('alice'))).toBe(first);
  expect(tickets.issue('github', user('alice'))).not.toBe(first);
  expect(tickets.issue('linear', user('bob'))).not.toBe(first);
  expect(tickets.issue('linear', { user: 'jwt:alice', sessionId: undefined })).not.toBe(first);
  // Whoever is shown one has time to use it; the older one stays good meanwhile.
  now = 6 * minutes;
  const second = tickets.issue('linear', user('alice'));
  expect(second).not.toBe(first);
  expect(tickets.find(first, 'linear')).toBeDefined();
});

test('a ticket ends after ten minutes, and what was used is not shown again', () => {
  let now = 0;
  const tickets = createTickets(() => now);
  const first = tickets.issue('linear', user('alice'));
  tickets.take(first, 'linear');
  const second = tickets.issue('linear', user('alice'));
  expect(second).not.toBe(first);
  now = 10 * minutes - 1;
  expect(tickets.find(second, 'linear')).toBeDefined();
  now = 10 * minutes;
  expect(tickets.find(second, 'linear')).toBeUndefined();
  expect(tickets.take(second, 'linear')).toBeUndefined();
});

test('there is a largest number of them', () => {
  const tickets = createTickets();
  const first = tickets.issue('linear', user('0'));
  for (let index = 1; index < 20_000; index++) tickets.issue('linear', user(String(index)));
  expect(tickets.find(first, 'linear')).toBeDefined();
  const last = tickets.issue('linear', user('one too many'));
  expect(tickets.find(first, 'linear')).toBeUndefined();
  expect(tickets.find(last, 'linear')).toBeDefined();
});
