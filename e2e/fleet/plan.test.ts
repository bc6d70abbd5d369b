import { describe, expect, it } from 'vitest';
import { gapsOf, expectedNodes, expectedWorkloads, standing } from './gaps.ts';
import type { Manifest } from './manifest.ts';
import { planFleet, type FleetPlan, type Scenario } from './plan.ts';
import { sizesOf } from './pools.ts';

const scenarios: readonly Scenario[] = ['plain', 'eight-gaps', 'all-agents'];

describe('a planned fleet', () => {
  it.each(scenarios)('is the same for the same seed: %s', (scenario) => {
    const options = { nodes: 60, seed: 7, scenario };
    expect(JSON.stringify(planFleet(options))).toBe(JSON.stringify(planFleet(options)));
  });

  it('is another for another seed', () => {
    expect(JSON.stringify(planFleet({ nodes: 60, seed: 7 }))).not.toBe(
      JSON.stringify(planFleet({ nodes: 60, seed: 8 })),
    );
  });

  it.each([20, 60, 300, 5000])('has exactly the nodes that were asked for, of every pool: %i', (nodes) => {
    const sizes = sizesOf(nodes);
    expect([...sizes.values()].reduce((sum, size) => sum + size, 0)).toBe(nodes);
    expect(Math.min(...sizes.values())).toBeGreaterThan(0);
    expect(planFleet({ nodes, seed: 1, pods: 10 }).nodes).toHaveLength(nodes);
  });

  it('says how many nodes it needs where there are too few', () => {
    expect(() => planFleet({ nodes: 5, seed: 1 })).toThrow(/at least \d+ nodes/);
  });

  it.each(scenarios)('names no object and no address twice: %s', (scenario) => {
    const plan = planFleet({ nodes: 300, seed: 3, pods: 4000, scenario });
    const names = everything(plan).map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(names.length - new Set(names).size).toBe(0);
    const addresses = plan.nodes.flatMap(({ ip, podCidr }) => [ip, podCidr]);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it('gives every namespace that its objects live in', () => {
    const plan = planFleet({ nodes: 300, seed: 3, scenario: 'all-agents' });
    const made = new Set([...plan.namespaces.map(({ metadata }) => metadata.name), 'kube-system']);
    const used = everything(plan).flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(used.filter((namespace) => !made.has(namespace))).toEqual([]);
  });

  it('comes in 150,000 pods on 5,000 nodes, in workloads of fifteen pods on average', () => {
    const plan = planFleet({ nodes: 5000, seed: 1, pods: 150_000 });
    expect(podsOf(plan)).toBe(150_000);
    expect(plan.workloads.length).toBeGreaterThan(5000);
    expect(plan.workloads.length).toBeLessThan(15_000);
  });

  it('keeps two fleets on one machine apart by their first address', () => {
    const first = planFleet({ nodes: 30, seed: 1 });
    const second = planFleet({ nodes: 30, seed: 1, firstAddress: 30 });
    const taken = new Set(first.nodes.map(({ ip }) => ip));
    expect(second.nodes.filter(({ ip }) => taken.has(ip))).toEqual([]);
    expect(() => planFleet({ nodes: 30, seed: 1, firstAddress: 112 * 256 - 10 })).toThrow(
      'no loopback address is left',
    );
  });

  it('has each kind of workload, risk and exposure', () => {
    const plan = planFleet({ nodes: 300, seed: 1, pods: 6000 });
    expect(new Set(plan.workloads.map(({ kind }) => kind))).toEqual(
      new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Pod', 'Rollout']),
    );
    const text = JSON.stringify(plan.workloads);
    for (const mark of [
      '"privileged":true',
      '"hostPID":true',
      '"hostNetwork":true',
      '"hostPath"',
      '"runtimeClassName":"kata"',
    ]) {
      expect(text).toContain(mark);
    }
    expect(new Set(plan.exposure.map(({ kind }) => kind))).toEqual(new Set(['Service', 'Ingress']));
  });
});

describe('the script of what is broken', () => {
  const plan = planFleet({ nodes: 300, seed: 1, scenario: 'eight-gaps' });
  const gaps = gapsOf(plan);

  it('has eight kinds of gap and some more', () => {
    expect(gaps.filter(({ extra }) => !extra)).toHaveLength(8);
    expect(new Set(gaps.map(({ id }) => id)).size).toBe(gaps.length);
  });

  it('befalls each node and each workload by one gap at most', () => {
    const all = [...standing(plan), ...gaps.flatMap(({ expected }) => expected)];
    const nodes = all.flatMap((asset) => asset.nodes);
    const workloads = all.flatMap((asset) =>
      asset.workloads.map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`),
    );
    expect(new Set(nodes).size).toBe(nodes.length);
    expect(new Set(workloads).size).toBe(workloads.length);
  });

  it.each(gaps.map((gap) => [gap.id, gap] as const))('%s befalls something', (_, gap) => {
    const befallen = gap.expected.flatMap(({ nodes, workloads }) => [...nodes, ...workloads]);
    expect(befallen.length).toBeGreaterThan(0);
  });

  it('expects every other node and workload to be Protected', () => {
    const nodes = expectedNodes(plan, gaps);
    expect(nodes.size).toBe(300);
    const general = plan.nodes.filter(({ pool }) => pool === 'general' || pool === 'control-plane');
    expect(general.filter(({ name }) => nodes.get(name)?.state !== 'Protected')).toEqual([]);
    const workloads = [...expectedWorkloads(plan, []).values()];
    expect(workloads.every(({ state }) => state === 'Protected')).toBe(true);
  });

  it('pins each workload to one pool, so that its verdict does not depend on the scheduler', () => {
    expect(plan.workloads.filter(({ pool }) => pool === undefined)).toEqual([]);
  });
});

const everything = (plan: FleetPlan): readonly Manifest[] => [
  ...plan.nodes.map(({ manifest }) => manifest),
  ...plan.namespaces,
  ...plan.shared,
  ...plan.agents,
  ...plan.workloads.flatMap(({ manifests }) => manifests),
  ...plan.exposure,
];

const podsOf = (plan: FleetPlan): number => plan.workloads.reduce((sum, { pods }) => sum + pods, 0);
