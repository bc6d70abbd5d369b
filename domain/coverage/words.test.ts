import { assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { clip, duration, few, percent, schedulerWords } from './words.ts';

test.each([
  ['0/3 nodes are available: 1 Insufficient memory.', 'Insufficient memory'],
  ["0/3 nodes are available: 1 Too many pods, 2 node(s) didn't match Pod's node affinity/selector.", 'Too many pods'],
  [
    "0/300 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 299 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/300 nodes are available: 300 Preemption is not helpful for scheduling.",
    'had untolerated taint {dedicated: gpu}',
  ],
  [
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    "didn't match Pod's node affinity/selector",
  ],
  ['no nodes available to schedule pods', 'no nodes available to schedule pods'],
  ['', ''],
])('of %j, %j is about the node', (message, expected) => {
  expect(schedulerWords(message)).toBe(expected);
});

test('whatever is said, it fits', () => {
  assert(
    property(string({ unit: 'grapheme', maxLength: 3000, size: 'max' }), (text) => {
      expect(clip(text).length).toBeLessThanOrEqual(1024);
      expect(clip(text).isWellFormed()).toBe(text.length <= 1024 ? text.isWellFormed() : true);
    }),
  );
});

test.each([
  [0, '0s'],
  [90_000, '1m30s'],
  [180_000, '3m'],
  [5_400_000, '1h30m'],
])('%d ms are %s', (milliseconds, expected) => {
  expect(duration(milliseconds)).toBe(expected);
});

test.each([
  [0.01, '1%'],
  [0.005, '0.5%'],
  [0.07, '7%'],
  [1, '100%'],
])('%d is %s', (share, expected) => {
  expect(percent(share)).toBe(expected);
});

test('of many names the first few are told, and how many more there are', () => {
  expect(few(['a', 'b'], 2)).toBe('a, b');
  expect(few(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
});
