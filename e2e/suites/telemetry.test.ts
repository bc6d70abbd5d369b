// What agents say of themselves: evidence, one that hangs, what is declared against what is loaded, and an operator that is restarted.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedAgent } from '../agents/simulated-agent.ts';
import { agentsFromPods, type AgentPodLike } from '../agents/from-pods.ts';
import { defaultDigest } from '../agents/falco.ts';
import { simulate, type Simulation } from '../agents/simulate.ts';
import { falco, tetragon } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { addressed, createAll, deployment, namespacesOf, node } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

/** Short, so that a minute of the usual interval is five seconds here. */
const telemetry = { mode: 'Scrape', interval: '5s', staleAfter: '10s' };
const customRules = {
  'custom-rules.yaml':
    '- rule: Shell in pod\n  desc: A shell.\n  condition: spawned_process\n  output: x\n  priority: NOTICE\n',
};
const nodes = ['falco-1', 'falco-2', 'tetragon-1'] as const;
const on = (name: string) => ({ [`agents.example.com/${name}`]: 'true' });

const agents = [
  ...falco({ tolerations: everywhere, nodeSelector: on('falco'), metrics: true, customRules }),
  ...tetragon({ nodeSelector: on('tetragon') }),
];

/** Behind the fleets that others on this machine may have. */
const firstAddress = 20_000 + (process.pid % 8000);

const nodeAt = (name: (typeof nodes)[number], index: number): Manifest =>
  addressed(node(name, on(name.startsWith('falco') ? 'falco' : 'tetragon')), firstAddress + index);

/** As much of Tetragon's definition as is needed to make a policy. */
const tracingPolicyDefinition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'tracingpolicies.cilium.io' },
  spec: {
    group: 'cilium.io',
    scope: 'Cluster',
    names: {
      plural: 'tracingpolicies',
      singular: 'tracingpolicy',
      kind: 'TracingPolicy',
      listKind: 'TracingPolicyList',
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};
const tracingPolicy: Manifest = {
  apiVersion: 'cilium.io/v1alpha1',
  kind: 'TracingPolicy',
  metadata: { name: 'tcp-connect' },
  spec: { kprobes: [{ call: 'tcp_connect', syscall: false }] },
};

let world: World;
let operator: ProcessHandle;
let simulation: Simulation;

beforeAll(async () => {
  world = await startWorld('telemetry');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    ...nodes.map(nodeAt),
    ...agents,
    deployment('default', 'shop', { on: 'falco-1' }),
  ]);
  await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', tracingPolicyDefinition);
  await eventually(() => make('/apis/cilium.io/v1alpha1/tracingpolicies', tracingPolicy));
  await world.install({
    agentNamespaces: ['falco'],
    telemetrySecrets: ['falco-token'],
    starterPolicy: { spec: { gracePeriod: '5s' } },
    agents: { falco: { spec: { telemetry } }, tetragon: { spec: { telemetry } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  for (const name of ['falco-token', 'not-listed'])
    await make('/api/v1/namespaces/workload-protection/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name },
      stringData: { token: 's3cret' },
    });
  const pods = await eventually(async () => {
    const running = agentsFromPods(await world.cluster.list<AgentPodLike>('v1', 'Pod'));
    expect(running.map((agent) => agent.node ?? '').toSorted()).toEqual([...nodes]);
    return running;
  });
  simulation = await simulate(
    pods.map((agent) => (agent.agent === 'falco' ? { ...agent, rulesFiles: rulesFilesOf(agent) } : agent)),
    { listen: 'each' },
  );
  operator = await world.startOperator();
});

/** Whatever a test told them, and however it ended. */
beforeEach(async () => {
  simulation.tell({}, { answers: 'normal', changedRulesFile: undefined });
  await untilAllWell();
});

afterAll(async () => {
  await simulation?.close();
  await world?.stop();
});

/** For kinds that the fleet does not know. */
const make = async (path: string, object: Manifest): Promise<void> => {
  const { status, body } = await world.plane.api.call('POST', path, object);
  if (status !== 201) throw new Error(`POST ${path} was answered by ${status}: ${JSON.stringify(body)}`);
};

/** What falcoctl installs, and what the chart's customRules hold. */
const rulesFilesOf = ({ version }: SimulatedAgent): Readonly<Record<string, string>> => ({
  'falco_rules.yaml': defaultDigest('falco_rules.yaml', version),
  'custom-rules.yaml': digestOf(customRules['custom-rules.yaml']),
});

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Of each node: its state, evidence and reasons. */
const standings = async (): Promise<Record<string, readonly unknown[]>> => {
  const { nodes: verdicts } = await world.verdicts();
  return Object.fromEntries(
    nodes.map((name) => {
      const verdict = verdicts.get(name);
      return [name, [verdict?.state, verdict?.evidence, ...(verdict?.reasons ?? []).map(({ reason }) => reason)]];
    }),
  );
};
const well = ['Protected', 'Loaded'];

const untilAllWell = (): Promise<void> =>
  eventually(async () => expect(await standings()).toEqual({ 'falco-1': well, 'falco-2': well, 'tetragon-1': well }));

describe('evidence', () => {
  test('is what agents prove to have loaded, in the version that they say', async () => {
    const { nodes: verdicts } = await world.verdicts();
    expect(verdicts.get('falco-1')?.agents).toMatchObject([{ name: 'falco', version: '0.44.1', evidence: 'Loaded' }]);
    await eventually(async () =>
      expect((await world.agent('falco')).status?.scrape).toMatchObject({ attempted: 2, failures: 0 }),
    );
  });
});

describe('an agent that hangs', () => {
  test('is stale, then unavailable, and well again once it answers, while the others stay as they are', async () => {
    simulation.tell({ nodes: ['falco-2'] }, { answers: 'hanging' });
    await eventually(async () => {
      const { 'falco-2': hung, ...others } = await standings();
      expect(hung?.[0]).toBe('Warning');
      expect(hung).toContain('TelemetryStale');
      expect(others).toEqual({ 'falco-1': well, 'tetragon-1': well });
    });
    await eventually(async () => {
      const { 'falco-2': hung, ...others } = await standings();
      expect(hung?.[0]).toBe('Unknown');
      expect(hung).toContain('TelemetryUnavailable');
      expect(others).toEqual({ 'falco-1': well, 'tetragon-1': well });
    });
    await eventually(async () => {
      const { status } = await world.agent('falco');
      expect(status?.scrape).toMatchObject({ attempted: 2, failures: 1 });
      expect(status?.scrape?.examples?.join()).toMatch(/falco-2.*no complete answer within 5 s/);
    });
    const { sum } = await fetchMetrics(`${operator.metricsUrl}/metrics`);
    expect(sum('workload_protection_telemetry_scrapes_total', { agent: 'falco', outcome: 'timeout' })).toBeGreaterThan(
      0,
    );
    expect(sum('workload_protection_telemetry_agents_asked', { agent: 'falco' })).toBe(2);
    simulation.tell({ nodes: ['falco-2'] }, { answers: 'normal' });
    await untilAllWell();
  });

  test.each(['garbage', 'endless'] as const)('or is %s costs the others nothing', async (answers) => {
    simulation.tell({ nodes: ['falco-2'] }, { answers });
    await eventually(async () => {
      const { 'falco-2': ill, ...others } = await standings();
      expect(ill).not.toEqual(well);
      expect(others).toEqual({ 'falco-1': well, 'tetragon-1': well });
    });
  });
});

describe('a restart of the operator', () => {
  test('changes nothing that is written, neither of agents that answer nor of one that hangs', async () => {
    simulation.tell({ nodes: ['falco-2'] }, { answers: 'hanging' });
    await eventually(async () => {
      const { nodes: verdicts, workloads } = await world.verdicts();
      for (const verdict of [verdicts.get('falco-2'), workloads.get('DaemonSet/falco/falco')])
        expect(verdict?.reasons).toMatchObject([{ reason: 'TelemetryUnavailable' }]);
    });
    /** Every write changes it. */
    const versions = async (): Promise<readonly unknown[]> =>
      (await world.slices()).map(({ metadata }) => (metadata as { readonly resourceVersion?: string }).resourceVersion);
    const before = await versions();
    operator.kill('SIGKILL');
    await operator.exited;
    operator = await world.startOperator();
    await eventually(async () => {
      const { sum } = await fetchMetrics(`${operator.metricsUrl}/metrics`);
      expect(sum('workload_protection_leader')).toBe(1);
      // Asked three times each: what it learned is written by now, if it is anything new.
      expect(sum('workload_protection_telemetry_scrapes_total', { outcome: 'ok' })).toBeGreaterThan(4);
    });
    expect((await standings())['falco-2']).toContain('TelemetryUnavailable');
    expect(await versions()).toEqual(before);
  });
});

describe('credentials', () => {
  const path = '/apis/workloadprotection.dev/v1alpha1/protectionagents/falco';
  const withToken = (name: string | undefined) => ({
    spec: {
      pods: { namespaces: ['falco'] },
      telemetry: { authorization: name === undefined ? null : { secretRef: { name, key: 'token' } } },
    },
  });

  test('are read where they are listed in the chart, and nowhere else', async () => {
    await world.cluster.patch(path, withToken('not-listed'));
    await eventually(async () => {
      const { status } = await world.agent('falco');
      expect(status?.scrape).toMatchObject({ attempted: 2, failures: 2 });
      expect(status?.scrape?.examples?.join()).toMatch(
        /workload-protection\/not-listed may not be read.*telemetrySecrets/,
      );
    });
    await world.cluster.patch(path, withToken('falco-token'));
    await eventually(async () => expect((await world.agent('falco')).status?.scrape).toMatchObject({ failures: 0 }));
    await world.cluster.patch(path, withToken(undefined));
  });
});

describe('what is declared', () => {
  test('is named beside what is loaded, whether a ConfigMap or an object of the agent’s own kind declares it', async () => {
    const policies = (await world.slices()).flatMap(({ rulesets }) => rulesets.flatMap((ruleset) => ruleset.policies));
    expect(policies.find(({ name }) => name === 'tcp-connect')).toMatchObject({
      agent: 'tetragon',
      status: 'Loaded',
      declaredBy: { kind: 'TracingPolicy', name: 'tcp-connect' },
    });
    expect(policies.find(({ name }) => name === 'custom-rules.yaml')).toMatchObject({
      agent: 'falco',
      status: 'Loaded',
      declaredBy: { kind: 'ConfigMap', namespace: 'falco', name: 'falco-rules' },
    });
  });

  test('differs from what is loaded where a rules file was changed and not reloaded', async () => {
    simulation.tell({ nodes: ['falco-2'] }, { changedRulesFile: 'custom-rules.yaml' });
    await eventually(async () => {
      const { 'falco-2': drifted, ...others } = await standings();
      expect(drifted).toContain('PolicyDrift');
      expect(others).toEqual({ 'falco-1': well, 'tetragon-1': well });
    });
  });
});
