import { describe, expect, test } from 'vitest';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aContainer, aDaemonSet, aFalcoPod, aPod, aShape, aTrouble } from '../testing/pods.ts';
import { admitting, anExemption, aPolicy, labelled, minutes, selecting } from '../testing/policies.ts';
import type { PodFacts } from '../types.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';

const late = 1_000 * minutes;

/** One node that Falco protects, with one pod on it. */
const aFleet = (): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents([aFalco(), aDatadog()]);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertNode(aNode());
  model.upsertPod(aFalcoPod());
  model.upsertPod(aPod());
  return model;
};

const stateOfPod = (model: CoverageModel): string | undefined => model.inventory.pod('shop', 'app-1')?.verdict?.state;
const stateOfNode = (model: CoverageModel, name = 'node-1'): string | undefined =>
  model.inventory.nodes.get(name)?.verdict?.state;

describe('a pod is an asset', () => {
  test.each<[string, Partial<PodFacts>, string | undefined]>([
    ['while it runs', {}, 'Protected'],
    ['while its init containers run on its node', { phase: 'Pending', ready: false }, 'Protected'],
    ['not before it has a node', { node: undefined, phase: 'Pending' }, undefined],
    ['not on a node that it is only meant for', { node: undefined, pinnedNode: 'node-1', phase: 'Pending' }, undefined],
    ['not once it has succeeded', { phase: 'Succeeded' }, undefined],
    ['not once it has failed', { phase: 'Failed' }, undefined],
    ['not on a node that is not known', { node: 'ghost' }, undefined],
  ])('%s', (_, overrides, expected) => {
    const model = aFleet();
    model.upsertPod(aPod(overrides));
    model.evaluate(late);
    expect(stateOfPod(model)).toBe(expected);
    expect(model.tally.notRunning.size).toBe(expected === undefined ? 1 : 0);
  });
});

describe('a pod that breaks the glass', () => {
  const until = late + minutes;
  const breakGlass = { reason: 'the shop is down', until, uid: 'u' };
  const broken = (policy: Parameters<typeof aPolicy>[0]): CoverageModel => {
    const model = aFleet();
    model.removePod('security', 'falco-on-node-1');
    model.setPolicies([aPolicy({ gracePeriod: 0, ...policy })]);
    model.upsertPod(aPod({ breakGlass }));
    return model;
  };

  test('is exempt until its end, says why, and is named once', () => {
    const model = broken({});
    const first = model.evaluate(late);
    expect([stateOfPod(model), first.nextAt]).toEqual(['Exempt', until]);
    expect(first.breakGlass).toMatchObject([{ name: 'app-1' }]);
    expect(model.inventory.pod('shop', 'app-1')?.verdict?.exemptions).toEqual([
      { policy: 'everything', name: '', source: 'BreakGlass', reason: 'the shop is down', expiresAt: until },
    ]);
    expect(model.evaluate(until - 1).breakGlass).toEqual([]);
    expect(stateOfPod(model)).toBe('Exempt');
    expect(model.evaluate(until).breakGlass).toEqual([]);
    expect(stateOfPod(model)).toBe('NoAgent');
  });

  test('is judged like any other where the policy forbids it', () => {
    const model = broken({ admission: admitting({ breakGlass: 'Forbidden' }) });
    expect(model.evaluate(late).breakGlass).toEqual([]);
    expect(stateOfPod(model)).toBe('NoAgent');
  });
});

describe('what changes is judged again, and nothing else', () => {
  test('an agent that goes takes its node and the pods there with it, once grace is over', () => {
    const model = aFleet();
    model.evaluate(late);
    model.removePod('security', 'falco-on-node-1');
    const gone = model.evaluate(late + 1);
    expect([stateOfNode(model), stateOfPod(model)]).toEqual(['Unknown', 'Unknown']);
    expect(gone).toMatchObject({ nodes: ['node-1'], pods: 1, nextAt: late + 1 + 5 * minutes });
    model.evaluate(gone.nextAt - 1);
    expect(stateOfNode(model)).toBe('Unknown');
    model.evaluate(gone.nextAt);
    expect([stateOfNode(model), stateOfPod(model)]).toEqual(['NoAgent', 'NoAgent']);
  });

  test('facts that are the same again change nothing', () => {
    const model = aFleet();
    model.evaluate(late);
    model.upsertNode(aNode());
    model.upsertPod(aPod());
    model.upsertDaemonSet(aDaemonSet());
    expect(model.evaluate(late)).toMatchObject({ nodes: [], workloads: [], pods: 0 });
  });

  test('a clock that is set back gives back the grace that it takes back', () => {
    const model = aFleet();
    model.upsertNode(aNode({ name: 'node-2', createdAt: late }));
    model.evaluate(late + 6 * minutes);
    expect(stateOfNode(model, 'node-2')).toBe('NoAgent');
    model.evaluate(late + minutes);
    expect(stateOfNode(model, 'node-2')).toBe('Unknown');
  });

  test('an exemption ends by the clock alone', () => {
    const model = aFleet();
    model.setPolicies([aPolicy({ exemptions: [anExemption({ expiresAt: late + 9 })] })]);
    expect(model.evaluate(late).nextAt).toBe(late + 9);
    expect(stateOfNode(model)).toBe('Exempt');
    model.evaluate(late + 9);
    expect(stateOfNode(model)).toBe('Protected');
  });

  test('labels of a namespace bring its pods under other policies', () => {
    const model = aFleet();
    const selector = selecting({ namespace: labelled({ env: 'production' }) });
    model.setPolicies([
      aPolicy({ selector, require: { ...aPolicy().require, agents: [{ name: 'datadog', minVersion: undefined }] } }),
    ]);
    model.evaluate(late);
    expect(stateOfPod(model)).toBe('Protected');
    model.upsertNamespace({ name: 'shop', labels: { env: 'production' }, terminating: false });
    model.evaluate(late);
    expect([stateOfPod(model), stateOfNode(model)]).toEqual(['NoAgent', 'Protected']);
  });

  test('a ConfigMap that no agent mounts touches nothing', () => {
    const model = aFleet();
    model.upsertDaemonSet(aDaemonSet({ configMaps: ['falco-config'] }));
    model.setAgents([
      aFalco({
        protection: [{ kind: 'configMap', nameSuffix: '-config', key: 'falco.yaml', path: 'on', value: 'true' }],
      }),
    ]);
    model.evaluate(late);
    expect(stateOfNode(model)).toBe('Incomplete');
    model.upsertConfigMap({ namespace: 'security', name: 'other', data: {} });
    expect(model.evaluate(late).nodes).toEqual([]);
    model.upsertConfigMap({ namespace: 'security', name: 'falco-config', data: { 'falco.yaml': 'on: true\n' } });
    model.evaluate(late);
    expect(stateOfNode(model)).toBe('Protected');
    model.removeConfigMap('security', 'falco-config');
    model.evaluate(late);
    expect(stateOfNode(model)).toBe('Incomplete');
  });
});

test("an agent's own pod stands as its node does, though its container looks like a sidecar of that agent", () => {
  const model = createCoverageModel();
  const container = aContainer({ name: 'agent', image: 'gcr.io/datadog/agent:7.81.1' });
  const labels = { app: 'datadog' };
  const sidecar = { selector: undefined, containerNames: [], images: ['datadog/agent'], minimumEvidence: 1 };
  model.setAgents([aDatadog({ sidecar, protection: [{ kind: 'containerPresent', container: 'system-probe' }] })]);
  model.upsertDaemonSet(aDaemonSet({ name: 'datadog', podLabels: labels, containers: [{ ...container, env: {} }] }));
  model.upsertNode(aNode());
  model.upsertPod(
    aFalcoPod({
      name: 'dd',
      shape: aShape({ labels, containers: [container] }),
      owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'datadog' },
    }),
  );
  model.evaluate(late);
  const [own, node] = [model.inventory.pod('security', 'dd')?.verdict, model.inventory.nodes.get('node-1')?.verdict];
  expect(own?.state).toBe('NoProtection');
  expect(own?.gaps).toEqual(node?.gaps);
});

describe('a virtual node', () => {
  const sidecar = aContainer({ name: 'datadog-agent', image: 'gcr.io/datadog/agent:7.60.0', role: 'sidecar' });
  const serverless = (...pods: readonly PodFacts[]): CoverageModel => {
    const model = aFleet();
    model.upsertNode(aNode({ name: 'fargate', virtual: 'EKS Fargate' }));
    for (const pod of pods) model.upsertPod({ ...pod, node: 'fargate' });
    model.evaluate(late);
    return model;
  };

  test('says nothing of itself without pods', () => {
    expect(stateOfNode(serverless(), 'fargate')).toBeUndefined();
  });

  test('stands as its pods do, and makes their workloads serverless', () => {
    const model = serverless(aPod({ name: 'a' }), aPod({ name: 'b', shape: aShape({ containers: [sidecar] }) }));
    expect(stateOfNode(model, 'fargate')).toBe('NoAgent');
    expect(model.inventory.pod('shop', 'b')?.verdict?.state).toBe('Protected');
    expect(model.inventory.workloads.get('shop/Pod/a')?.isServerless).toBe(true);
    model.removePod('shop', 'a');
    model.evaluate(late);
    expect(stateOfNode(model, 'fargate')).toBe('Protected');
  });

  test('is protected by no node agent, whatever its pods say', () => {
    expect(stateOfNode(serverless(aFalcoPod({ name: 'falco-x' }), aPod({ name: 'a' })), 'fargate')).toBe('NoAgent');
  });

  test('follows its pods when policies come upon them by their namespace', () => {
    const model = serverless(aPod({ name: 'b', shape: aShape({ containers: [sidecar] }) }));
    const selector = selecting({ namespace: labelled({ env: 'production' }) });
    model.setPolicies([aPolicy({ selector, require: { ...aPolicy().require, evidence: 'Loaded' } })]);
    model.evaluate(late);
    expect(stateOfNode(model, 'fargate')).toBe('Protected');
    model.upsertNamespace({ name: 'shop', labels: { env: 'production' }, terminating: false });
    expect(model.evaluate(late).nodes).toEqual(['fargate']);
    expect(stateOfNode(model, 'fargate')).toBe('Incomplete');
  });

  test('keeps in mind when the grace of its pods ends, though it is looked at itself in between', () => {
    const starting = aPod({ name: 'b', ready: false, createdAt: late, shape: aShape({ containers: [sidecar] }) });
    const model = serverless(starting);
    expect(stateOfNode(model, 'fargate')).toBe('Unknown');
    model.upsertNode(aNode({ name: 'fargate', virtual: 'EKS Fargate', ready: false }));
    expect(model.evaluate(late + 1).nextAt).toBe(late + 5 * minutes);
    model.evaluate(late + 5 * minutes);
    expect(stateOfNode(model, 'fargate')).toBe('Failed');
  });

  test('that comes back as a real one leaves no workload serverless', () => {
    const model = serverless(aPod({ name: 'a' }));
    model.setAgents([]);
    model.evaluate(late);
    model.removeNode('fargate');
    model.upsertNode(aNode({ name: 'fargate' }));
    model.evaluate(late);
    expect(model.inventory.workloads.get('shop/Pod/a')?.isServerless).toBe(false);
    expect([...model.tally.buckets()].reduce((sum, { serverless }) => sum + serverless, 0)).toBe(0);
  });
});

test('another machine under the same name owes nothing to the first', () => {
  const model = aFleet();
  model.evaluate(late);
  model.removePod('security', 'falco-on-node-1');
  model.upsertNode(aNode({ uid: 'another', createdAt: 0, taints: [aTaint('a:NoSchedule')] }));
  model.evaluate(late);
  expect(model.inventory.nodes.get('node-1')?.goneAt).toBeUndefined();
  expect(stateOfNode(model)).toBe('NoAgent');
});

test('a node that was removed and comes back owes nothing to itself', () => {
  const model = aFleet();
  model.evaluate(late);
  model.removePod('security', 'falco-on-node-1');
  model.evaluate(late);
  expect(stateOfNode(model)).toBe('Unknown');
  model.removeNode('node-1');
  model.evaluate(late);
  model.upsertNode(aNode());
  model.evaluate(late);
  expect(stateOfNode(model)).toBe('NoAgent');
});

test('a sandboxed pod is judged by the handler of its RuntimeClass', () => {
  const model = aFleet();
  model.upsertPod(aPod({ shape: aShape({ runtimeClass: 'isolated' }) }));
  model.evaluate(late);
  expect(stateOfPod(model)).toBe('Protected');
  model.upsertRuntimeClass({ name: 'isolated', handler: 'kata-qemu', nodeSelector: {}, tolerations: [] });
  model.evaluate(late);
  expect(stateOfPod(model)).toBe('NoAgent');
});

test('no sentence is longer than the API takes, whatever others write', () => {
  const model = aFleet();
  const scheduling = `0/9 nodes are available: 1 ${'word '.repeat(2_000)}`;
  model.upsertPod(
    aFalcoPod({
      node: undefined,
      pinnedNode: 'node-1',
      phase: 'Pending',
      ready: false,
      trouble: aTrouble({ scheduling }),
    }),
  );
  model.upsertNode(aNode({ name: 'node-2', taints: [aTaint(`${'k'.repeat(1_500)}:NoSchedule`)] }));
  for (const now of [0, late]) {
    model.evaluate(now);
    const gaps = [...model.tally.buckets()].flatMap(({ verdict }) => verdict.gaps);
    expect(gaps.length).toBeGreaterThan(1);
    for (const { cause, remedy } of gaps) expect(Math.max(cause.length, remedy.length)).toBeLessThanOrEqual(1024);
  }
});
