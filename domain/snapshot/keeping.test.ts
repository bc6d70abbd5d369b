import { expect, test } from 'vitest';
import { expired } from './retention.ts';
import { snapshotName } from './snapshot-name.ts';

const kept = (name: string, scheduledAt: number, isBaseline = false) => ({ name, scheduledAt, isBaseline });

test.each([
  ['none is too many', [kept('a', 1), kept('b', 2)], 2, []],
  ['the oldest go', [kept('c', 3), kept('a', 1), kept('b', 2)], 1, ['b', 'a']],
  ['what somebody compares with stays', [kept('a', 1, true), kept('b', 2), kept('c', 3)], 1, ['b']],
  ['there are none', [], 1, []],
])('%s', (_, snapshots, keep, names) => {
  expect(expired(snapshots, keep)).toEqual(names);
});

test('a name tells report and time, and is in order of time', () => {
  expect(snapshotName('cluster', Date.parse('2026-11-22T06:00:00.5Z'))).toBe('cluster-20261122t060000z');
});

test('a long name leaves room for the names of slices, and two of them stay two', () => {
  const [a, b] = [`${'r'.repeat(240)}a`, `${'r'.repeat(240)}b`].map((name) => snapshotName(name, 0));
  expect(a).not.toBe(b);
  expect(a).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  expect(`${a}-workloads-1023`.length).toBeLessThanOrEqual(253);
});
