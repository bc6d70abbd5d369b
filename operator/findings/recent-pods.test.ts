import { describe, expect, test } from 'vitest';
import { createCoverageModel } from '../../domain/coverage/model.ts';
import { aPod } from '../../domain/testing/pods.ts';
import { createRecentPods } from './recent-pods.ts';

const minute = 60_000;

const setUp = () => {
  const model = createCoverageModel();
  let now = 0;
  const recent = createRecentPods(model, () => now);
  return {
    recent,
    runs: (node: string) => model.upsertPod(aPod({ name: 'db-0', node })),
    leaves: (name = 'db-0') => {
      recent.leaving('shop', name);
      model.removePod('shop', name);
    },
    pass: (ms: number) => (now += ms),
  };
};

describe('a pod that events speak of', () => {
  test('is the one that runs', () => {
    const { recent, runs } = setUp();
    runs('node-1');
    expect(recent.find('shop', 'db-0')?.node).toBe('node-1');
    expect(recent.find('shop', 'db-0', 'node-1')?.node).toBe('node-1');
    expect(recent.find('shop', 'db-0', 'node-2')?.node).toBe('node-1');
    expect(recent.find('shop', 'db-1')).toBeUndefined();
  });

  test('is known for ten minutes after it has gone', () => {
    const { recent, runs, leaves, pass } = setUp();
    runs('node-1');
    leaves();
    pass(10 * minute - 1);
    expect(recent.find('shop', 'db-0', 'node-1')?.node).toBe('node-1');
    pass(1);
    expect(recent.find('shop', 'db-0', 'node-1')).toBeUndefined();
  });

  test('of a name that was given again is the one that ran where the event says', () => {
    const { recent, runs, leaves } = setUp();
    runs('node-1');
    leaves();
    runs('node-2');
    expect(recent.find('shop', 'db-0', 'node-1')?.node).toBe('node-1');
    expect(recent.find('shop', 'db-0', 'node-2')?.node).toBe('node-2');
    expect(recent.find('shop', 'db-0')?.node).toBe('node-2');
    // It never ran there, which whoever asks finds out by its node.
    expect(recent.find('shop', 'db-0', 'node-3')?.node).toBe('node-2');
  });
});
