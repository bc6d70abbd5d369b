// A model whose agents speak: what a reading changes, what only time changes, and what pods see of it.
import { describe, expect, test } from 'vitest';
import { aFalco, scraped } from '../testing/agents.ts';
import { aNode } from '../testing/nodes.ts';
import { aContainer, aDaemonSet, aFalcoPod, aPod, aShape } from '../testing/pods.ts';
import { aPolicy, labelled, minutes, requiring, selecting } from '../testing/policies.ts';
import { aDeclaredPolicy, aLoadedPolicy, aRule, declaring, saying, silent } from '../testing/telemetry.ts';
import type { Exclusion, LoadedPolicy, PodScope } from '../telemetry/types.ts';
import type { AgentDefinition, PodShape, Policy } from '../types.ts';
import { standingOfAgents } from './agent-standing.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';
import { buildReport } from './report.ts';
import { buildSlices } from './slices.ts';

const start = 1000 * minutes;

/** Falco on a node, asked, with a pod beside it. */
const aFleet = (policies: readonly Policy[] = [], agent: Partial<AgentDefinition> = {}): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents([aFalco({ telemetry: scraped, ...agent })]);
  model.setPolicies(policies);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertNode(aNode());
  model.upsertPod(aFalcoPod());
  model.upsertPod(aPod());
  return model;
};

const said = (policies?: readonly LoadedPolicy[], at = start) =>
  saying(
    policies === undefined ? { at, version: '0.44.1' } : { at, version: '0.44.1', policies, policiesAre: 'Complete' },
  );

const nodeOf = (model: CoverageModel, name = 'node-1') => model.inventory.nodes.get(name)?.verdict;
const podOf = (model: CoverageModel, name = 'app-1', namespace = 'shop') =>
  model.inventory.pod(namespace, name)?.verdict;
const reasonsOf = (verdict: ReturnType<typeof nodeOf>) => verdict?.gaps.map(({ reason }) => reason);

describe('a reading', () => {
  test('raises the evidence from what the pod proves to what the agent says', () => {
    const model = aFleet();
    model.evaluate(start);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', evidence: 'Running' });
    model.setTelemetry('node-1', 'falco', said());
    model.evaluate(start);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', evidence: 'Reporting' });
    model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()]));
    model.evaluate(start);
    expect(podOf(model)).toMatchObject({ state: 'Protected', evidence: 'Loaded' });
  });

  test('tells the version, which is believed over the image', () => {
    const model = aFleet([], { minVersion: '0.44.0' });
    model.evaluate(start);
    expect(reasonsOf(nodeOf(model))).toEqual(['AgentOutdated']);
    model.setTelemetry('node-1', 'falco', said());
    model.evaluate(start);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', agents: [{ version: '0.44.1' }] });
    expect(standingOfAgents(model.inventory, model.catalogue()).get('falco')).toMatchObject({
      versions: [{ version: '0.44.1', nodes: 1, outdated: false }],
      telemetry: { working: 1, speaking: 1 },
    });
  });

  test('that says what the last one said costs nothing', () => {
    const model = aFleet();
    expect(model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()]))).toBe(true);
    model.evaluate(start);
    expect(model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()], start + minutes))).toBe(false);
    expect(
      model.setTelemetry('node-1', 'falco', { ...said([aLoadedPolicy()], start + minutes), failure: 'refused' }),
    ).toBe(false);
    expect(model.setTelemetry('node-1', 'falco', said([aLoadedPolicy({ version: '2' })], start + minutes))).toBe(true);
  });

  test('that comes before its node counts once the node is there', () => {
    const model = aFleet();
    expect(model.setTelemetry('node-2', 'falco', said())).toBe(false);
    model.upsertNode(aNode({ name: 'node-2' }));
    model.upsertPod({ ...aFalcoPod(), name: 'falco-2', node: 'node-2' });
    model.evaluate(start);
    expect(nodeOf(model, 'node-2')).toMatchObject({ evidence: 'Reporting' });
  });

  test('that tells of no driver says more than a pod that is ready', () => {
    const model = aFleet();
    const issues = [{ reason: 'ProtectionDisabled', cause: 'falco has no driver', remedy: 'Load one' }] as const;
    model.setTelemetry('node-1', 'falco', saying({ at: start, issues }));
    model.evaluate(start);
    expect(podOf(model)).toMatchObject({ state: 'NoProtection', gaps: [{ cause: 'falco has no driver' }] });
  });

  test('of what is at work proves that protection is on, where no setting that can be read does', () => {
    const protection = [{ kind: 'configMap', nameSuffix: 'falco', key: 'a.yaml', path: 'on', value: 'true' }] as const;
    const model = aFleet([], { protection });
    model.upsertDaemonSet(aDaemonSet({ configMaps: ['falco'] }));
    model.evaluate(start);
    expect(reasonsOf(nodeOf(model))).toEqual(['EvidenceTooWeak']);
    model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()]));
    model.evaluate(start);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', evidence: 'Loaded' });
  });
});

describe('silence', () => {
  test('is excused while a grace period runs, and not after', () => {
    const model = aFleet();
    model.setTelemetry('node-1', 'falco', silent(start, 'connection refused'));
    const { nextAt } = model.evaluate(start);
    expect(nodeOf(model)).toMatchObject({ state: 'Unknown', gaps: [{ reason: 'NotYetReported' }] });
    expect(nextAt).toBe(start + 5 * minutes);
    model.evaluate(nextAt - 1);
    expect(reasonsOf(podOf(model))).toEqual(['NotYetReported']);
    model.evaluate(nextAt);
    expect(reasonsOf(podOf(model))).toEqual(['TelemetryUnavailable']);
  });

  test('makes the last words old at times that are known beforehand', () => {
    const model = aFleet([aPolicy({ require: requiring({ telemetryMaxAge: 5 * minutes }) })]);
    model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()]));
    const seen = [];
    for (let at = start; Number.isFinite(at);) {
      const { nextAt } = model.evaluate(at);
      seen.push([(at - start) / minutes, reasonsOf(podOf(model))?.[0], podOf(model)?.evidence]);
      at = nextAt;
    }
    expect(seen).toEqual([
      [0, undefined, 'Loaded'],
      [3, undefined, 'Loaded'],
      [5, 'TelemetryStale', 'Loaded'],
      [9, 'TelemetryUnavailable', 'Running'],
    ]);
  });

  test('ends with the next word', () => {
    const model = aFleet();
    model.setTelemetry('node-1', 'falco', said());
    model.evaluate(start + 9 * minutes);
    expect(reasonsOf(nodeOf(model))).toEqual(['TelemetryUnavailable']);
    expect(model.setTelemetry('node-1', 'falco', said(undefined, start + 9 * minutes))).toBe(true);
    model.evaluate(start + 9 * minutes);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', evidence: 'Reporting' });
  });

  test('of an agent that nobody asks says nothing', () => {
    const model = aFleet([], { telemetry: { ...scraped, mode: 'None' } });
    model.setTelemetry('node-1', 'falco', said());
    expect(model.evaluate(start + 100 * minutes).nextAt).toBe(Number.POSITIVE_INFINITY);
    expect(nodeOf(model)).toMatchObject({ state: 'Protected', evidence: 'Running' });
  });
});

describe('a policy that selects pods', () => {
  const wants = { policies: [{ name: 'rules.yaml', minVersion: undefined, source: undefined, rules: [] }] };
  const scoped = (pods: PodScope, shape?: PodShape): CoverageModel => {
    const model = aFleet([aPolicy({ require: requiring(wants) })]);
    model.upsertNamespace({ name: 'shop', labels: { env: 'production' }, terminating: false });
    if (shape !== undefined) model.upsertPod(aPod({ shape }));
    model.setDeclarations('falco', declaring({ policies: [aDeclaredPolicy({ pods })] }));
    model.setTelemetry('node-1', 'falco', said([aLoadedPolicy()]));
    model.evaluate(start);
    return model;
  };
  const sidecar = aShape({ containers: [aContainer({ name: 'app' }), aContainer({ name: 'proxy', role: 'sidecar' })] });

  test.each<[string, PodScope, PodShape | undefined, string]>([
    ['its namespace', { namespace: 'shop' }, undefined, 'Protected'],
    ['another namespace', { namespace: 'lab' }, undefined, 'Incomplete'],
    ["its namespace's labels", { namespaceSelector: labelled({ env: 'production' }) }, undefined, 'Protected'],
    ["other namespaces' labels", { namespaceSelector: labelled({ env: 'test' }) }, undefined, 'Incomplete'],
    ['other labels', { podSelector: labelled({ app: 'other' }) }, undefined, 'Incomplete'],
    ['its main container', { containers: ['app'] }, sidecar, 'Protected'],
    ['another container', { containers: ['proxy'] }, sidecar, 'Incomplete'],
  ])('of a pod by %s', (_, pods, shape, state) => {
    expect(podOf(scoped(pods, shape))?.state).toBe(state);
  });

  test('says so to those that it leaves out, and is there for the node', () => {
    const model = scoped({ namespace: 'lab' });
    expect(podOf(model)?.gaps).toMatchObject([
      {
        cause:
          'WorkloadPolicy everything requires the policy rules.yaml, and ConfigMap security/falco-rules does not select the pod',
        remedy:
          "Widen the selector of ConfigMap security/falco-rules, or label the workload's pods so that it selects them",
      },
    ]);
    expect(nodeOf(model)?.state).toBe('Protected');
  });

  test('follows the labels of namespaces', () => {
    const model = scoped({ namespaceSelector: labelled({ env: 'test' }) });
    model.upsertNamespace({ name: 'shop', labels: { env: 'test' }, terminating: false });
    model.evaluate(start);
    expect(podOf(model)?.state).toBe('Protected');
  });
});

describe('an agent leaves a pod out', () => {
  const excluding = (exclusion: Partial<Exclusion>, shape = aShape()): CoverageModel => {
    const model = aFleet();
    model.upsertPod(aPod({ shape }));
    const exclusions = [{ agent: 'falco', cause: 'falco leaves it out', remedy: 'Let it in', ...exclusion }];
    model.setDeclarations('falco', declaring({ exclusions }));
    model.evaluate(start);
    return model;
  };
  const annotation = { key: 'kubearmor-policy', value: 'disabled' };

  test.each<[string, Partial<Exclusion>, PodShape | undefined, string]>([
    [
      'by an annotation',
      { annotation },
      { ...aShape(), annotations: { [annotation.key]: 'disabled' } },
      'NoProtection',
    ],
    [
      'by an annotation, not by another value',
      { annotation },
      { ...aShape(), annotations: { [annotation.key]: 'enabled' } },
      'Protected',
    ],
    ['by a label', { annotation }, aShape({ labels: { [annotation.key]: 'disabled' } }), 'NoProtection'],
    ['by its namespace', { pods: { namespace: 'shop' } }, undefined, 'NoProtection'],
    ['by its image', { image: 'shop/app' }, undefined, 'NoProtection'],
    [
      'by an image that only one container has',
      { image: 'shop/app' },
      aShape({ containers: [aContainer(), aContainer({ name: 'b', image: 'x' })] }),
      'Protected',
    ],
  ])('%s', (_, exclusion, shape, state) => {
    expect(podOf(excluding(exclusion, shape))?.state).toBe(state);
  });

  test('and says why, and how to let it in', () => {
    const model = excluding({});
    expect(podOf(model)?.gaps).toMatchObject([
      { reason: 'ProtectionDisabled', cause: 'falco leaves it out', remedy: 'Let it in', agent: 'falco' },
    ]);
    model.setDeclarations('falco', declaring());
    model.evaluate(start);
    expect(podOf(model)?.state).toBe('Protected');
  });
});

describe('a report', () => {
  const others = [
    aLoadedPolicy({ rules: [aRule({ name: 'a' }), aRule({ name: 'b', status: 'Disabled', message: 'noisy' })] }),
  ];
  const aPair = (): CoverageModel => {
    const model = aFleet();
    model.upsertNode(aNode({ name: 'node-2' }));
    model.upsertPod({ ...aFalcoPod(), name: 'falco-2', node: 'node-2' });
    model.setDeclarations(
      'falco',
      declaring({
        policies: [
          aDeclaredPolicy({ name: 'custom.yaml', source: 'OCI', rules: [aRule({ name: 'c', techniques: ['T1611'] })] }),
        ],
      }),
    );
    model.setTelemetry('node-1', 'falco', said(others));
    model.setTelemetry('node-2', 'falco', said([...others, aLoadedPolicy({ name: 'custom.yaml' })]));
    model.evaluate(start);
    return model;
  };

  test('lists policies by how they stand, the least well first, and rules that are not loaded everywhere', () => {
    const { loaded } = buildReport(aPair().tally, [], 0);
    expect(
      loaded.policies.map(({ name, status, nodes, source, rules }) => [name, status, nodes, source, rules]),
    ).toEqual([
      ['custom.yaml', 'Missing', 1, 'OCI', { loaded: 0, filtered: 0, disabled: 0, failed: 0, missing: 1 }],
      ['rules.yaml', 'Loaded', 2, undefined, { loaded: 1, filtered: 0, disabled: 1, failed: 0, missing: 0 }],
      ['custom.yaml', 'Loaded', 1, 'OCI', { loaded: 1, filtered: 0, disabled: 0, failed: 0, missing: 0 }],
    ]);
    expect(loaded.rules).toEqual([
      { name: 'c', policy: 'custom.yaml', agent: 'falco', status: 'Missing', message: undefined, nodes: 1 },
      { name: 'b', policy: 'rules.yaml', agent: 'falco', status: 'Disabled', message: 'noisy', nodes: 2 },
    ]);
  });

  test('lays techniques out over the assets that have them', () => {
    const { attack } = buildReport(aPair().tally, [], 0);
    const techniques = attack.tactics.flatMap((tactic) => tactic.techniques);
    expect(attack.nodes).toBe(2);
    expect(techniques.find(({ id }) => id === 'T1611')).toMatchObject({ rules: 1, nodes: 1, required: false });
    expect(techniques.find(({ id }) => id === 'T1059')).toMatchObject({ rules: 1, nodes: 2, disabledRules: 1 });
  });

  test('lays them out anew where what is loaded changed, and only then', () => {
    const model = aPair();
    const attackOf = () => buildReport(model.tally, [], 0).attack;
    const first = attackOf();
    expect(attackOf()).toBe(first);
    model.setTelemetry('node-2', 'falco', said(others));
    model.evaluate(start);
    const second = attackOf();
    expect(second).not.toBe(first);
    expect(second.tactics.flatMap(({ techniques }) => techniques).find(({ id }) => id === 'T1611')).toMatchObject({
      nodes: 0,
      fillers: [{ rule: 'c', why: 'NotLoaded' }],
    });
  });

  test('has slices that say each ruleset once', () => {
    const [slice] = buildSlices(aPair().tally, 'Nodes', 1, new Set([0]));
    expect(slice?.rulesets).toHaveLength(2);
    expect(slice?.profiles.map(({ ruleset }) => ruleset).toSorted()).toEqual(slice?.rulesets.map(({ id }) => id));
  });

  test('has slices that say of a workload what all its pods have', () => {
    const model = aPair();
    const [slice] = buildSlices(model.tally, 'Workloads', 1, new Set([0]));
    const profile = slice?.profiles.find(({ names }) => names.includes('security/DaemonSet/falco'));
    const rulesets = slice?.rulesets.find(({ id }) => id === profile?.ruleset)?.rulesets;
    expect(rulesets?.[0]?.policies.map(({ name, status }) => [name, status])).toEqual([
      ['custom.yaml', 'Missing'],
      ['rules.yaml', 'Loaded'],
    ]);
  });
});

test('only the nodes whose content is another than declared have drifted', () => {
  const model = aFleet();
  for (let index = 2; index <= 20; index++) {
    model.upsertNode(aNode({ name: `node-${index}` }));
    model.upsertPod({ ...aFalcoPod(), name: `falco-${index}`, node: `node-${index}` });
  }
  model.setDeclarations('falco', declaring({ policies: [aDeclaredPolicy({ digest: 'sha256:b' })] }));
  for (let index = 1; index <= 20; index++) {
    const digest = index <= 7 ? 'sha256:a' : 'sha256:b';
    model.setTelemetry(`node-${index}`, 'falco', said([aLoadedPolicy({ digest })]));
  }
  model.evaluate(start);
  const { gaps } = buildReport(model.tally, model.agents(), 0);
  expect(gaps).toMatchObject([{ reason: 'PolicyDrift', nodes: 7 }]);
});

test('a slice holds 64 rulesets, those of most nodes, and profiles of the others name none', () => {
  const model = aFleet([aPolicy({ selector: selecting() })]);
  for (let index = 2; index <= 70; index++) {
    model.upsertNode(aNode({ name: `node-${index}` }));
    model.upsertPod({ ...aFalcoPod(), name: `falco-${index}`, node: `node-${index}` });
  }
  for (let index = 1; index <= 70; index++) {
    model.setTelemetry(`node-${index}`, 'falco', said([aLoadedPolicy({ version: String(Math.max(index, 3)) })]));
  }
  model.evaluate(start);
  const [slice] = buildSlices(model.tally, 'Nodes', 1, new Set([0]));
  expect(slice?.rulesets).toHaveLength(64);
  expect(slice?.profiles.find(({ names }) => names.includes('node-1'))?.ruleset).toBeDefined();
  expect(slice?.profiles.filter(({ ruleset }) => ruleset === undefined)).toHaveLength(4);
});
