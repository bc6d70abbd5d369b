import { assert, property, shuffledSubarray } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aNode } from '../testing/nodes.ts';
import { aPod } from '../testing/pods.ts';
import type { OwnerFacts, OwnerReference } from '../types.ts';
import { createInventory, type Inventory } from './inventory.ts';

const reference = (kind: string, name: string): OwnerReference => ({ apiVersion: 'apps/v1', kind, name });
const owner = (kind: string, name: string, above?: OwnerReference): OwnerFacts => ({
  kind,
  namespace: 'shop',
  name,
  owner: above,
  labels: {},
});
const pod = (above?: OwnerReference): ReturnType<typeof aPod> => aPod({ owner: above });
const workloadOf = (inventory: Inventory): string | undefined => inventory.pod('shop', 'app-1')?.workload.key;

describe('the workload of a pod is', () => {
  test.each<[string, readonly OwnerFacts[], OwnerReference | undefined, string]>([
    ['the pod itself, where nobody owns it', [], undefined, 'shop/Pod/app-1'],
    ['its owner', [owner('StatefulSet', 'db')], reference('StatefulSet', 'db'), 'shop/StatefulSet/db'],
    [
      'the top of the chain',
      [owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')), owner('Deployment', 'app')],
      reference('ReplicaSet', 'app-5f'),
      'shop/Deployment/app',
    ],
    [
      'the first kind that is not watched',
      [owner('ReplicaSet', 'app-5f', reference('Rollout', 'app'))],
      reference('ReplicaSet', 'app-5f'),
      'shop/Rollout/app',
    ],
    [
      'the object named by the reference, while it is not known',
      [],
      reference('ReplicaSet', 'app-5f'),
      'shop/ReplicaSet/app-5f',
    ],
    [
      'never that of another namespace',
      [{ ...owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')), namespace: 'lab' }],
      reference('ReplicaSet', 'app-5f'),
      'shop/ReplicaSet/app-5f',
    ],
  ])('%s', (_, owners, above, expected) => {
    const inventory = createInventory();
    for (const each of owners) inventory.upsertOwner(each);
    inventory.upsertPod(pod(above));
    expect(workloadOf(inventory)).toBe(expected);
  });

  test('the same in whatever order its chain arrives', () => {
    const arrivals: readonly ((inventory: Inventory) => void)[] = [
      (inventory) => void inventory.upsertOwner(owner('Job', 'nightly-1', reference('CronJob', 'nightly'))),
      (inventory) => void inventory.upsertOwner(owner('CronJob', 'nightly')),
      (inventory) => void inventory.upsertPod(pod(reference('Job', 'nightly-1'))),
      (inventory) => void inventory.upsertNode(aNode()),
    ];
    assert(
      property(shuffledSubarray([...arrivals], { minLength: arrivals.length }), (order) => {
        const inventory = createInventory();
        for (const arrive of order) arrive(inventory);
        expect(workloadOf(inventory)).toBe('shop/CronJob/nightly');
        expect(inventory.nodes.get('node-1')?.pods.size).toBe(1);
      }),
    );
  });
});

describe('when owners change', () => {
  const withPod = (): Inventory => {
    const inventory = createInventory();
    inventory.upsertOwner(owner('ReplicaSet', 'app-5f'));
    inventory.upsertPod(pod(reference('ReplicaSet', 'app-5f')));
    return inventory;
  };

  test('a ReplicaSet that is adopted hands its pods to the adopter, and is no workload of its own any more', () => {
    const inventory = withPod();
    const touched = inventory.upsertOwner(owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')));
    expect(workloadOf(inventory)).toBe('shop/Deployment/app');
    expect(new Set(touched.map(({ key }) => key))).toEqual(new Set(['shop/ReplicaSet/app-5f', 'shop/Deployment/app']));
    const left = inventory.workloads.get('shop/ReplicaSet/app-5f');
    expect(left !== undefined && inventory.prune(left)).toBe(true);
  });

  test('a ReplicaSet that is orphaned is a workload again', () => {
    const inventory = withPod();
    inventory.upsertOwner(owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')));
    inventory.upsertOwner(owner('ReplicaSet', 'app-5f'));
    expect(workloadOf(inventory)).toBe('shop/ReplicaSet/app-5f');
  });

  test('an owner that is deleted before its pods still names them', () => {
    const inventory = withPod();
    inventory.upsertOwner(owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')));
    inventory.removeOwner('ReplicaSet', 'shop', 'app-5f');
    expect(workloadOf(inventory)).toBe('shop/ReplicaSet/app-5f');
  });

  test('owners that own each other end somewhere', () => {
    const inventory = withPod();
    inventory.upsertOwner(owner('ReplicaSet', 'app-5f', reference('Deployment', 'app')));
    inventory.upsertOwner(owner('Deployment', 'app', reference('ReplicaSet', 'app-5f')));
    inventory.upsertOwner(owner('Job', 'self', reference('Job', 'self')));
    expect(workloadOf(inventory)).toMatch(/^shop\/(Deployment|ReplicaSet)\/app/);
  });
});

test('nodes that only pods speak of live as long as the pods do', () => {
  const inventory = createInventory();
  inventory.upsertPod(aPod({ node: 'ghost' }));
  expect(inventory.nodes.get('ghost')?.facts).toBeUndefined();
  inventory.upsertPod(aPod({ node: 'other' }));
  expect([...inventory.nodes.keys()]).toEqual(['other']);
  inventory.removePod('shop', 'app-1');
  expect([inventory.nodes.size, inventory.podCount()]).toEqual([0, 0]);
});
