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
    leaves: (name = 'db-0', last?: unknown) => {
      recent.leaving('shop', name, last);
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

describe('the containers of a pod that has gone', () => {
  const id = '3f2a1b4c5d6e7f80';
  const last = { status: { containerStatuses: [{ name: 'app', containerID: `containerd://${id}` }] } };
  const known = { namespace: 'shop', pod: 'db-0', container: 'app' };

  test('are known by the whole id and its first twelve characters, on its node and for ten minutes', () => {
    const { recent, runs, leaves, pass } = setUp();
    runs('node-1');
    expect(recent.container('node-1', id)).toBeUndefined();
    leaves('db-0', last);
    expect(recent.container('node-1', id)).toEqual(known);
    expect(recent.container('node-1', id.slice(0, 12))).toEqual(known);
    expect(recent.container('node-1', id.slice(0, 11))).toBeUndefined();
    expect(recent.container('node-2', id)).toBeUndefined();
    pass(10 * minute);
    expect(recent.container('node-1', id)).toBeUndefined();
  });

  test('of a name that went twice are those that went last', () => {
    const { recent, runs, leaves } = setUp();
    runs('node-1');
    leaves('db-0', last);
    runs('node-1');
    leaves();
    expect(recent.container('node-1', id)).toBeUndefined();
  });
});
