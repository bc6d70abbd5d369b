import { beforeEach, describe, expect, it } from 'vitest';
import { datadogPush } from '../../agents/datadog/push.ts';
import type { PushAdapter } from '../../agents/push.ts';
import { falcoPush } from '../../agents/falco/push.ts';
import { createCoverageModel, type CoverageModel } from '../../domain/coverage/model.ts';
import { aDatadog, aFalco, scraped } from '../../domain/testing/agents.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aContainer, aPod, aShape } from '../../domain/testing/pods.ts';
import { minutes } from '../../domain/testing/policies.ts';
import type { InstanceTelemetry } from '../../domain/telemetry/types.ts';
import type { Entry } from './entry.ts';
import type { Item } from './items.ts';
import type { Source } from './source.ts';
import { createPushedTelemetry, type PushedTelemetry } from './pushed.ts';

const now = Date.UTC(2026, 3, 1);
const shape = aShape({
  labels: { app: 'datadog' },
  containers: [aContainer({ name: 'agent', image: 'gcr.io/datadoghq/datadog/agent:7.81.1' })],
});
const agentPod = (name: string, node: string) =>
  aPod({
    namespace: 'datadog',
    name,
    node,
    shape,
    owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'datadog' },
  });
const pushing = aDatadog({ telemetry: { mode: 'Push', interval: 10 * minutes, staleAfter: 15 * minutes } });

let model: CoverageModel;
let told: Map<string, InstanceTelemetry | undefined>;
let outcomes: string[];
let monotonic: number;
let telemetry: PushedTelemetry;

const create = (): PushedTelemetry =>
  createPushedTelemetry({
    adapters: new Map<Source, PushAdapter>([
      ['datadog', datadogPush],
      ['falco', falcoPush],
    ]),
    model: {
      ...model,
      setTelemetry: (node, agent, instance) => {
        told.set(`${node}/${agent}`, instance);
        return model.setTelemetry(node, agent, instance);
      },
    },
    touch: () => {},
    clusterName: 'blue',
    count: (agent, outcome) => void outcomes.push(`${agent} ${outcome}`),
    monotonic: () => monotonic,
  });

beforeEach(() => {
  model = createCoverageModel();
  told = new Map();
  outcomes = [];
  monotonic = 0;
  model.setAgents([pushing]);
  for (const node of ['n1', 'n2']) {
    model.upsertNode(aNode({ name: node }));
    model.upsertPod(agentPod(`datadog-${node}`, node));
  }
  model.evaluate(now);
  telemetry = create();
  telemetry.look();
});

const loaded = (version: string, more: Readonly<Record<string, unknown>> = {}): Item => ({
  agent: { rule_id: 'ruleset_loaded', version: '7.81.1' },
  date: new Date(now).toISOString(),
  policies: [{ name: 'default.policy', version, status: 'loaded', rules: [{ id: 'r', status: 'loaded' }] }],
  ...more,
});
const anEntry = (items: readonly Item[], more: Partial<Entry> = {}): Entry => ({
  source: 'datadog',
  sender: 'token vector',
  node: undefined,
  at: now,
  items,
  ...more,
});
const versionOn = (node: string): string | undefined => told.get(`${node}/datadog`)?.reading?.policies?.[0]?.version;

describe('an agent that pushes', () => {
  it('counts as one that has posted nothing until it does', () => {
    expect(told.get('n1/datadog')).toEqual({
      reading: undefined,
      askedSince: 0,
      failure: 'it has posted nothing so far',
    });
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    expect(told.get('n1/datadog')).toMatchObject({ reading: { at: now, version: '7.81.1' }, failure: undefined });
    expect(told.get('n2/datadog')?.reading).toBeUndefined();
    expect(outcomes).toEqual(['Datadog absorbed']);
  });

  it('has nothing to complain of any more once its pod was made anew', () => {
    const trouble: Item = { agent: { rule_id: 'abnormal_path' }, date: new Date(now).toISOString() };
    telemetry.take(anEntry([loaded('1'), trouble], { node: 'n1' }));
    expect(told.get('n1/datadog')?.reading?.issues).toHaveLength(1);
    model.upsertPod({ ...agentPod('datadog-n1', 'n1'), createdAt: now + 1000 });
    model.evaluate(now + 1000);
    telemetry.look();
    expect(told.get('n1/datadog')?.reading).toMatchObject({ policies: [{ version: '1' }], issues: [] });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
    ['the pod that it names', { ddtags: 'pod_name:datadog-n2,kube_namespace:datadog' }, 'n2'],
    ['the node that it names', { ddtags: 'kube_node:n2' }, 'n2'],
    ['its hostname', { hostname: 'n2' }, 'n2'],
    ["its hostname, behind which the cluster's name stands", { hostname: 'n2-blue' }, 'n2'],
    ['a hostname of the cloud', { hostname: 'i-0abc' }, undefined],
    ['a node that is not here', { ddtags: 'kube_node:elsewhere' }, undefined],
    ['nothing', {}, undefined],
  ])('is found by %s', (_, tags, node) => {
    telemetry.take(anEntry([loaded('1', tags)]));
    expect(['n1', 'n2'].find((name) => versionOn(name) !== undefined)).toBe(node);
    expect(outcomes).toEqual([node === undefined ? 'Datadog unattributed' : 'Datadog absorbed']);
  });

  it('is the one on the node of the sender, whatever the event says', () => {
    telemetry.take(anEntry([loaded('1', { hostname: 'n2', ddtags: 'kube_node:n2' })], { node: 'n1' }));
    expect([versionOn('n1'), versionOn('n2')]).toEqual(['1', undefined]);
  });

  it('is not made of one that is set to be scraped or left alone', () => {
    model.setAgents([aDatadog()]);
    model.evaluate(now);
    telemetry.look();
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    expect(outcomes).toEqual(['Datadog unexpected']);
    expect(versionOn('n1')).toBeUndefined();
  });

  it('may speak before anybody has looked at its pod', () => {
    model.upsertNode(aNode({ name: 'n3' }));
    model.upsertPod(agentPod('datadog-n3', 'n3'));
    model.evaluate(now);
    telemetry.take(anEntry([loaded('1')], { node: 'n3' }));
    expect(versionOn('n3')).toBeUndefined();
    monotonic += 1000;
    telemetry.take(anEntry([loaded('1')], { node: 'n3' }));
    expect(versionOn('n3')).toBe('1');
  });

  it('is forgotten with its pod', () => {
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    model.removePod('datadog', 'datadog-n1');
    model.evaluate(now);
    telemetry.look();
    expect(told.get('n1/datadog')).toBeUndefined();
    expect(told.has('n1/datadog')).toBe(true);
  });
});

describe('an agent that is asked and posts, too', () => {
  const failure = {
    rule: 'Falco internal: hot restart failure',
    source: 'internal',
    time: new Date(now).toISOString(),
    hostname: 'n1',
  };
  const drop = {
    rule: 'Falco internal: syscall event drop',
    source: 'internal',
    hostname: 'n1',
    output_fields: { n_drops: '1' },
  };
  const notes: unknown[] = [];
  let isAsked: boolean;
  const note = (...given: readonly unknown[]): boolean => {
    if (isAsked) notes.push(given);
    return isAsked;
  };

  beforeEach(() => {
    notes.length = 0;
    isAsked = true;
    model.setAgents([pushing, aFalco({ telemetry: scraped })]);
    model.evaluate(now);
    telemetry.attach(note);
  });

  it('is told to remember what no answer tells', () => {
    telemetry.take(anEntry([failure], { source: 'falco' }));
    expect(notes).toEqual([['n1', 'falco', { reloadFailedAt: now }]]);
    expect(outcomes).toEqual(['Falco absorbed']);
  });

  it('is not told what its answers tell anyway', () => {
    telemetry.take(anEntry([drop], { source: 'falco' }));
    expect(notes).toEqual([]);
    expect(outcomes).toEqual(['Falco unneeded']);
  });

  it('is told once it is asked, and again by every leader and after every restart', () => {
    isAsked = false;
    telemetry.take(anEntry([failure], { source: 'falco' }));
    expect(notes).toEqual([]);
    isAsked = true;
    telemetry.look();
    telemetry.look();
    expect(notes).toHaveLength(1);
    telemetry.attach(note);
    telemetry.look();
    expect(notes).toHaveLength(2);
    const restarted = create();
    restarted.attach(note);
    restarted.restore(JSON.parse(JSON.stringify(telemetry.save())));
    restarted.look();
    expect(notes).toHaveLength(3);
  });
});

describe('what is known', () => {
  it('is known again after a restart, and goes on from there', () => {
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    telemetry.take(anEntry([loaded('1')], { node: 'n2' }));
    const saved = JSON.parse(JSON.stringify(telemetry.save())) as { readonly rulesets: unknown[] };
    // Both have the same rules.
    expect(saved.rulesets).toHaveLength(1);
    const before = new Map(told);
    told.clear();
    const restarted = create();
    restarted.restore(saved);
    expect(told).toEqual(before);
    const beat = {
      agent: { rule_id: 'heartbeat' },
      policy: { name: 'default.policy', version: '1', status: 'loaded' },
    };
    restarted.take(
      anEntry([{ ...beat, date: new Date(now + minutes).toISOString() }], { node: 'n1', at: now + minutes }),
    );
    expect(told.get('n1/datadog')?.reading).toMatchObject({
      at: now + minutes,
      policiesAre: 'Complete',
      policies: [{ rules: [{ name: 'r' }] }],
    });
  });

  it.each([undefined, null, 7, 'x', [], {}, { instances: [7, {}, { node: 'n1' }] }])(
    'is nothing after a restart with %j',
    (saved) => {
      const restarted = create();
      expect(() => {
        restarted.restore(saved);
        restarted.look();
        restarted.take(anEntry([loaded('1')], { node: 'n1' }));
      }).not.toThrow();
      expect(versionOn('n1')).toBe('1');
    },
  );

  it('is what the leader before wrote where this replica knows less, and heartbeats go on from there', () => {
    const policy = { name: 'default.policy', version: '2', status: 'Loaded' as const };
    const reading = {
      at: now - minutes,
      version: '7.81.1',
      policies: [policy],
      policiesAre: 'Complete' as const,
      issues: [],
    };
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    const saved = telemetry.save();
    const next = create();
    next.follow(({ node }) => (node === 'n1' ? { reading, askedSince: 0, failure: undefined } : undefined));
    next.restore(saved);
    next.look();
    expect(told.get('n1/datadog')).toEqual({ reading, askedSince: 0, failure: undefined });
    expect(told.get('n2/datadog')?.reading).toBeUndefined();
    const beat = {
      agent: { rule_id: 'heartbeat' },
      policy: { name: 'default.policy', version: '2', status: 'loaded' },
    };
    next.take(anEntry([{ ...beat, date: new Date(now).toISOString() }], { node: 'n1' }));
    expect(told.get('n1/datadog')?.reading).toMatchObject({ at: now, policiesAre: 'Complete', policies: [policy] });
  });

  it('stays as it is where the leader before wrote of the same policies: it wrote down less', () => {
    telemetry.take(anEntry([loaded('1')], { node: 'n1' }));
    const saved = telemetry.save();
    const before = told.get('n1/datadog')?.reading;
    const next = create();
    next.follow(() => ({
      reading: {
        at: now + minutes,
        policies: [{ name: 'default.policy', version: '1', status: 'Loaded' }],
        issues: [],
      },
      askedSince: 0,
      failure: undefined,
    }));
    next.restore(saved);
    expect(told.get('n1/datadog')?.reading).toEqual({ ...before, at: now + minutes });
  });

  it('is made of no event in which no agent speaks of itself', () => {
    telemetry.take(anEntry([{ rule: 'Terminal shell in container' }], { source: 'falco', node: 'n1' }));
    telemetry.take(anEntry([{ agent: { rule_id: 'compiler_in_container_v2' } }], { node: 'n1' }));
    expect(outcomes).toEqual([]);
  });
});
