import { expect, test } from 'vitest';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import { createUnattributedBook } from './unattributed.ts';

const anEvent = (overrides: Partial<SecurityEvent>): SecurityEvent => ({
  at: 0,
  agentType: 'Falco',
  tags: [],
  tactics: [],
  techniques: [],
  origin: {},
  ...overrides,
});

test('of what a sender says only the beginning is kept, without its secrets', () => {
  const book = createUnattributedBook(() => {});
  const long = `curl --token=hidden-by-nobody ${'x'.repeat(100_000)}`;
  book.note('node-1', 'PodUnknown', long, anEvent({ rule: long, message: long }), 'falco');
  const [kept] = book.of('node-1')?.events ?? [];
  for (const words of [kept?.rule, kept?.message, kept?.why]) {
    expect(words).toMatch(/^curl --token=/);
    expect(words).not.toContain('hidden-by-nobody');
    expect(words).toHaveLength(512);
  }
});

test('of a node the last twenty are kept, and all are counted', () => {
  const book = createUnattributedBook(() => {});
  for (let at = 1; at <= 30; at++) book.note('node-1', 'PodUnknown', 'no such pod', anEvent({ at }), 'falco');
  const { count, events } = book.of('node-1') ?? {};
  expect(count).toBe(30);
  expect(events?.map(({ at }) => at)).toEqual(Array.from({ length: 20 }, (_, index) => 30 - index));
});
