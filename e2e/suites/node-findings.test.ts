// Findings of nodes: what a node's object says of it, and what its kubelet says at its own port, under the rights that the chart gives.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { apiClient } from '../control-plane/api.ts';
import { filesIn } from '../control-plane/files.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import {
  firstKernel,
  isAllowed,
  nodeOf,
  ownCertificate,
  startKubelet,
  type KubeletPlan,
  type PretendedKubelet,
} from './support/kubelets.ts';
import { startWorld, type World } from './support/world.ts';

const account = 'workload-protection-kubelet-metrics';
const username = `system:serviceaccount:workload-protection:${account}`;

let world: World;
let operator: ProcessHandle;
const kubelets = new Map<string, PretendedKubelet>();
/** Of the cluster's own authority, for 127.0.0.1. */
let signed: KubeletPlan['certificate'];

beforeAll(async () => {
  world = await startWorld('node-findings', { controllers: false });
  const { certificates } = filesIn(world.plane.directory);
  const file = (name: string): Promise<string> => readFile(path.join(certificates, name), 'utf8');
  signed = { cert: await file('apiserver.crt'), key: await file('apiserver.key') };
  await register('took-it', 1, 'v1.34.2');
  await register('was-told', 1, 'v1.35.1');
  await register('modern', 2, 'v1.36.3');
  await register('hanging', 'hangs', 'v1.34.2');
  await register('garbled', 'nonsense', 'v1.34.2');
  await register('self-signed', 1, 'v1.34.2', { certificate: await ownCertificate() });
  await register('windows', 1, 'v1.34.2', { labels: { 'kubernetes.io/os': 'windows' } });
  await register('virtual', 1, 'v1.34.2', { labels: { type: 'virtual-kubelet' } });
  await world.install({
    starterPolicy: { enabled: false },
    operator: { replicas: 0, kubeletMetrics: { enabled: true } },
    webhook: { replicas: 0 },
  });
  await world.kubectl(['apply', '-f', '-'], {
    apiVersion,
    kind: 'WorkloadPolicy',
    metadata: { name: 'nodes' },
    spec: {
      posture: [
        { behaviour: 'OutdatedCgroups', quietPeriod: '5s' },
        { behaviour: 'OutdatedKernel', minimumVersion: '6.6', severity: 'Low', quietPeriod: '5s' },
      ],
    },
  });
  operator = await world.startOperator();
});

afterAll(async () => {
  await world?.stop();
  for (const kubelet of kubelets.values()) await kubelet.close();
});

const register = async (
  name: string,
  says: PretendedKubelet['says'],
  version: string,
  {
    certificate = signed,
    labels = {},
  }: { certificate?: KubeletPlan['certificate']; labels?: Record<string, string> } = {},
): Promise<void> => {
  const kubelet = await startKubelet(world.plane, { name, says, certificate });
  kubelets.set(name, kubelet);
  await world.cluster.create(nodeOf(kubelet, version, labels));
};

const kubelet = (name: string): PretendedKubelet => {
  const found = kubelets.get(name);
  if (found === undefined) throw new Error(`there is no kubelet ${name}`);
  return found;
};

const findings = async (behaviour: string): Promise<ReadonlyMap<string, Finding>> => {
  const { items } = await world.get<{ readonly items: readonly Finding[] }>(
    `/apis/${apiVersion}/namespaces/workload-protection/findings`,
  );
  return new Map(
    items
      .filter(({ status }) => status?.behaviour === behaviour)
      .map((finding) => [finding.status?.subject.name ?? '', finding]),
  );
};

/** Fails where there is none that has been written. */
const finding = async (name: string, behaviour = 'OutdatedCgroups'): Promise<Finding & { status: object }> => {
  const found = (await findings(behaviour)).get(name);
  if (found?.status === undefined) throw new Error(`${name} has no finding ${behaviour}`);
  return { ...found, status: found.status };
};

const asks = async (outcome: string): Promise<number> =>
  (await fetchMetrics(`${operator.metricsUrl}/metrics`)).sum('workload_protection_kubelet_asks_total', { outcome }) ??
  0;

test('a node with cgroup v1 is a finding, a worse one where its kubelet had to be told to accept that', async () => {
  await eventually(async () => {
    expect((await finding('took-it')).status).toMatchObject({
      severity: 'Medium',
      phase: 'Open',
      count: 1,
      subject: { reference: 'Node/took-it' },
      evidence: [{ message: 'its kubelet says that it runs with cgroup v1' }],
      quiet: { suspendedReason: 'StillPresent', evidence: 'Reporting' },
    });
    expect((await finding('was-told')).status).toMatchObject({ severity: 'High', phase: 'Open', count: 1 });
  });
});

test('who hangs, answers nonsense or cannot be verified makes none, and is counted by why', async () => {
  await eventually(async () => {
    expect(await asks('ok')).toBeGreaterThanOrEqual(3);
    expect(await asks('timeout')).toBeGreaterThanOrEqual(1);
    expect(await asks('absent')).toBeGreaterThanOrEqual(1);
    expect(await asks('untrusted')).toBeGreaterThanOrEqual(1);
  });
  expect([...(await findings('OutdatedCgroups')).keys()].toSorted()).toEqual(['took-it', 'was-told']);
  const metrics = await fetchMetrics(`${operator.metricsUrl}/metrics`);
  expect(metrics.sum('workload_protection_node_cgroups', { version: 'v1' })).toBe(2);
  expect(metrics.sum('workload_protection_node_cgroups', { version: 'unknown' })).toBe(3);
  expect(operator.logs()).toContain('serverTLSBootstrap');
});

test('kubelets are shown the token of an account that may read their metrics and nothing else', async () => {
  expect(new Set(kubelet('took-it').askedBy)).toEqual(new Set([username]));
  // Whose certificate nobody vouches for is shown none; who has no cgroups of its own is not asked.
  for (const name of ['self-signed', 'windows', 'virtual']) expect(kubelet(name).askedBy).toEqual([]);
  const may = (verb: string, resource: string, subresource = '', group = ''): Promise<boolean> =>
    isAllowed(world.plane, { username }, { verb, group, resource, subresource });
  expect(await may('get', 'nodes', 'metrics')).toBe(true);
  expect(await may('get', 'nodes', 'proxy')).toBe(false);
  expect(await may('create', 'nodes', 'proxy')).toBe(false);
  expect(await may('get', 'nodes')).toBe(false);
  expect(await may('list', 'pods')).toBe(false);
  expect(await may('list', 'findings', '', 'workloadprotection.dev')).toBe(false);
  // The very token that was shown.
  const client = apiClient(world.plane.url, world.plane.ca, kubelet('took-it').token ?? '');
  expect((await client.call('GET', '/api/v1/nodes')).status).toBe(403);
  await client.close();
});

test('a node that comes back with cgroup v2, and one with a younger kernel, are verified', async () => {
  const { name } = kubelet('took-it');
  const isNow = (node: string, nodeInfo: object): Promise<unknown> =>
    world.cluster.patch(`/api/v1/nodes/${node}/status`, { status: { nodeInfo } });
  // As they are at first, unless this is tried again.
  if (kubelet(name).says === 2) {
    kubelet(name).says = 1;
    await isNow(name, { bootID: freshName('boot') });
  }
  await isNow('modern', { kernelVersion: firstKernel });
  const { count } = await eventually(async () => {
    const { status } = await finding(name);
    expect(status).toMatchObject({ phase: 'Open' });
    expect((await finding('modern', 'OutdatedKernel')).status).toMatchObject({ severity: 'Low', phase: 'Open' });
    return status;
  });
  kubelet(name).says = 2;
  await isNow(name, { bootID: freshName('boot') });
  await isNow('modern', { kernelVersion: '6.8.0-45-generic' });
  await eventually(async () =>
    expect((await finding(name)).status).toMatchObject({ phase: 'Resolved', resolution: 'Verified', count }),
  );
  await eventually(async () =>
    expect((await finding('modern', 'OutdatedKernel')).status).toMatchObject({
      phase: 'Resolved',
      resolution: 'Verified',
    }),
  );
});

test('another leader opens nothing anew, clears nothing and writes nothing', async () => {
  const [before, resolved] = [await finding('was-told'), await finding('took-it')];
  operator.kill('SIGKILL');
  await operator.exited;
  const asked = kubelet('was-told').askedBy.length;
  operator = await world.startOperator();
  await eventually(async () => {
    expect(kubelet('was-told').askedBy.length).toBeGreaterThan(asked);
    expect(await asks('timeout')).toBeGreaterThanOrEqual(1);
  });
  const after = await finding('was-told');
  expect(after.status).toMatchObject({ phase: 'Open', count: 1, reopened: 0 });
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  expect((await finding('took-it')).metadata.resourceVersion).toBe(resolved.metadata.resourceVersion);
});

test('a node that goes takes its finding along, which proves nothing', async () => {
  await world.cluster.remove('/api/v1/nodes/was-told');
  await eventually(async () =>
    expect((await finding('was-told')).status).toMatchObject({ phase: 'Resolved', resolution: 'Gone' }),
  );
});

test('without the right no kubelet says anything, and nothing is made of that', async () => {
  await world.kubectl(['delete', 'clusterrolebinding', account, '--ignore-not-found']);
  const newcomer = freshName('newcomer');
  await register(newcomer, 1, 'v1.36.0');
  await eventually(async () => expect(await asks('forbidden')).toBeGreaterThanOrEqual(1));
  expect((await findings('OutdatedCgroups')).has(newcomer)).toBe(false);
});
