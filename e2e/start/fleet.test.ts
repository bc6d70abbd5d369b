import { expect, test } from 'vitest';
import { maxAddressedNodes } from '../fleet/addresses.ts';
import { gapsOf } from '../fleet/gaps.ts';
import { driftingNode, planDemonstration, shop } from './fleet.ts';

test.each([
  [20, 1],
  [60, 4711],
  [1000, 4_194_303],
])(
  'a fleet of %i nodes in run %i has addresses, a shop, and a node on which nothing but its rules is amiss',
  (nodes, run) => {
    const plan = planDemonstration(nodes, run);
    expect(plan.nodes).toHaveLength(nodes);
    expect(plan.workloads).toContainEqual(expect.objectContaining({ kind: 'Deployment', ...shop }));
    const befallen = gapsOf(plan)
      .filter(({ id }) => id !== 'outdated')
      .flatMap(({ expected }) => expected.flatMap((assets) => assets.nodes));
    expect(befallen).not.toContain(driftingNode(plan));
  },
);

test('runs beside each other have other addresses, the last that there are among them', () => {
  const addressesIn = (run: number): readonly unknown[] =>
    planDemonstration(20, run).nodes.map(({ manifest }) => (manifest['spec'] as { readonly podCIDR: string }).podCIDR);
  const last = Math.floor((maxAddressedNodes - 20) / 20) - 1;
  const all = [1, 2, last].flatMap(addressesIn);
  expect(new Set(all).size).toBe(60);
});
