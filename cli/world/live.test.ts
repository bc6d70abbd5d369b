import { afterEach, beforeEach, expect, it } from 'vitest';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dump } from 'js-yaml';
import { resources } from '../../kube/resource.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { declaredIn } from './declared.ts';
import { readCluster } from './live.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
let kube: FakeKube;
let folder = '';

beforeEach(async () => {
  kube = await startFakeKube();
  folder = await mkdtemp(path.join(os.tmpdir(), 'check-live-'));
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', namespace: 'team' } }],
    clusters: [{ name: 'c', cluster: { server: kube.access.server } }],
  };
  await writeFile(path.join(folder, 'config'), dump(config));
});

afterEach(async () => {
  await kube.close();
  await rm(folder, { recursive: true, force: true });
});

const read = async () => readCluster({ kubeconfig: path.join(folder, 'config'), context: undefined, env: {}, now });

const forbid = (plural: string): void => void kube.settings.forbidden.add(plural);

const nothing = declaredIn([], 'default');

it('reads nodes, agents, policies and what is reported of nodes', async () => {
  kube.put(resources.nodes, { metadata: { name: 'n1' } });
  kube.put(resources.workloadPolicies, {
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'WorkloadPolicy',
    metadata: { name: 'p' },
    spec: { selector: {}, require: {} },
  });
  kube.put(resources.coverageReports, {
    metadata: { name: 'cluster' },
    spec: { refreshInterval: '5m' },
    status: { evaluatedAt: '2026-05-31T23:59:00Z' },
  });
  kube.put(resources.coverageSlices, {
    metadata: { name: 's' },
    spec: { report: 'cluster', assets: 'Nodes' },
    profiles: [{ agents: [{ name: 'falco', state: 'Protected', evidence: 'Running' }], names: ['n1'] }],
  });
  const cluster = await read();
  const world = cluster.world(nothing);
  expect(cluster.namespace).toBe('team');
  expect(world.nodes.map(({ name }) => name)).toEqual(['n1']);
  expect(world.policies.map(({ name }) => name)).toEqual(['p']);
  expect(world.agents.map(({ name }) => name)).toContain('falco');
  expect(world.reports?.get('n1')?.agents).toMatchObject([{ name: 'falco' }]);
  expect(world).toMatchObject({ isStale: false, notes: [] });
});

it('says what may not be read, and judges by the rest', async () => {
  forbid('nodes');
  forbid('coverageslices');
  const world = (await read()).world(nothing);
  expect(world.notes).toEqual([
    expect.stringMatching(/^you may not list nodes:/),
    expect.stringMatching(/^you may not list coverageslices\.workloadprotection\.dev:.*would run/),
  ]);
  expect(world.reports).toBeUndefined();
});

it('does not believe a report that nobody refreshes', async () => {
  const world = (await read()).world(nothing);
  expect(world.isStale).toBe(true);
  expect(world.notes).toContainEqual(expect.stringMatching(/missing or old/));
});

it('fails where the cluster cannot be reached, rather than make up a world', async () => {
  kube.inject({ verb: 'list', plural: 'nodes', fault: { answer: 400, reason: 'BadRequest' }, times: 9 });
  await expect(read()).rejects.toThrow(/nodes/);
});
