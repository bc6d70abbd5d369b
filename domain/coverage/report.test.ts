import { assert, nat, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aContainer, aDaemonSet, aFalcoPod, aPod, aShape } from '../testing/pods.ts';
import { anExemption, aPolicy, labelled, minutes, requiring, selecting } from '../testing/policies.ts';
import type { Policy } from '../types.ts';
import { createCoverageModel, type CoverageModel } from './model.ts';
import { buildReport, type Report } from './report.ts';
import { tallyScope } from './scope.ts';
import { buildSlices, sliceCount, sliceIndexOf } from './slices.ts';
import { standingOf } from './standing.ts';

const late = 1_000 * minutes;

/** Two nodes with a pod each; Falco is on the first, and the second refuses it by a taint. */
const aFleet = (policies: readonly Policy[] = []): CoverageModel => {
  const model = createCoverageModel();
  model.setAgents([aFalco(), aDatadog()]);
  model.setPolicies(policies);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertNode(aNode({ labels: { pool: 'a' } }));
  model.upsertNode(aNode({ name: 'node-2', labels: { pool: 'b' }, taints: [aTaint('dedicated=gpu:NoSchedule')] }));
  model.upsertPod(aFalcoPod());
  model.upsertPod(aPod());
  model.upsertPod(aPod({ name: 'app-2', node: 'node-2' }));
  model.evaluate(late);
  return model;
};

const reportOf = (model: CoverageModel): Report => buildReport(model.tally, model.agents(), 0);

describe('a report is complete', () => {
  const exempting = aPolicy({ exemptions: [anExemption({ expiresAt: late * 2 })] });
  test.each<[string, () => CoverageModel, string, string, string]>([
    [
      'not while an asset is unprotected',
      () => aFleet(),
      'False',
      'CoverageIncomplete',
      'Incomplete infrastructure coverage: 1 of 2 nodes and 2 of 3 workloads are protected. Most pressing: DaemonSet security/falco does not tolerate the taint dedicated=gpu:NoSchedule (1 node, 1 workload). Remedy: Add the toleration',
    ],
    [
      'once all are protected',
      () => {
        const model = aFleet();
        model.removeNode('node-2');
        model.evaluate(late);
        return model;
      },
      'True',
      'AllProtected',
      '1 of 1 nodes and 2 of 2 workloads are protected.',
    ],
    ['where all are exempt', () => aFleet([exempting]), 'True', 'AllProtected', 'Every node and workload is exempt.'],
    ['nobody knows, where there is nothing', createCoverageModel, 'Unknown', 'NothingToProtect', 'No node'],
    [
      'nobody knows, while the others may still come',
      () => {
        const model = aFleet();
        model.removeNode('node-2');
        model.upsertNode(aNode({ name: 'node-2', createdAt: late }));
        model.evaluate(late);
        return model;
      },
      'Unknown',
      'CoverageUnknown',
      'Coverage not yet known: 1 of 2 nodes',
    ],
  ])('%s', (_, fleet, status, reason, message) => {
    const { complete } = reportOf(fleet());
    expect(complete).toMatchObject({ status, reason });
    expect(complete.message).toContain(message);
  });
});

describe('the order of gaps', () => {
  const two = (more: (model: CoverageModel) => void, policies: readonly Policy[] = []): readonly string[] => {
    const model = aFleet(policies);
    model.upsertNode(aNode({ name: 'node-3', labels: { pool: 'c' }, taints: [aTaint('edge:NoSchedule')] }));
    model.upsertPod(aPod({ name: 'app-3', node: 'node-3' }));
    more(model);
    model.evaluate(late);
    return reportOf(model).gaps.map(({ cause }) => /taint (\S+)/.exec(cause)?.[1] ?? cause);
  };
  const [gpu, edge] = ['dedicated=gpu:NoSchedule', 'edge:NoSchedule'];

  test.each<[string, (model: CoverageModel) => void, readonly Policy[], readonly string[]]>([
    ['is by name among equals', () => {}, [], [gpu, edge]],
    [
      'puts the more numerous first',
      (model) => model.upsertPod(aPod({ name: 'app-4', node: 'node-3' })),
      [],
      [edge, gpu],
    ],
    [
      'puts a privileged workload before many',
      (model) => {
        model.upsertPod(aPod({ name: 'app-4', node: 'node-3' }));
        model.upsertPod(aPod({ name: 'app-2', node: 'node-2', shape: aShape({ privileged: true }) }));
      },
      [],
      [gpu, edge],
    ],
    [
      'puts hostPID before hostNetwork and hostPath',
      (model) => {
        model.upsertPod(aPod({ name: 'app-2', node: 'node-2', shape: aShape({ hostNetwork: true, hostPath: true }) }));
        model.upsertPod(aPod({ name: 'app-3', node: 'node-3', shape: aShape({ hostPID: true }) }));
      },
      [],
      [edge, gpu],
    ],
    [
      'puts what is exposed before what is not',
      (model) => {
        model.upsertPod(aPod({ name: 'app-3', node: 'node-3', shape: aShape({ labels: { app: 'edge' } }) }));
        model.upsertExposure({
          kind: 'Service',
          namespace: 'shop',
          name: 'x',
          loadBalancer: true,
          selector: { app: 'edge' },
          services: [],
        });
      },
      [],
      [edge, gpu],
    ],
    [
      'puts what is critical before what is privileged',
      (model) => {
        model.upsertPod(aPod({ name: 'app-2', node: 'node-2', shape: aShape({ privileged: true }) }));
      },
      [aPolicy({ criticality: 'Critical', selector: selecting({ node: labelled({ pool: 'c' }) }) })],
      [edge, gpu],
    ],
    [
      'leaves aside how critical a policy is that asks for nothing that is missing',
      (model) => {
        model.upsertPod(aPod({ name: 'app-4', node: 'node-3' }));
      },
      [
        aPolicy({ name: 'low', criticality: 'Low' }),
        aPolicy({
          name: 'exempt',
          criticality: 'Critical',
          selector: selecting({ node: labelled({ pool: 'b' }) }),
          exemptions: [anExemption({ expiresAt: late * 2 })],
        }),
      ],
      [edge, gpu],
    ],
  ])('%s', (_, more, policies, expected) => {
    expect(two(more, policies)).toEqual(expected);
  });
});

test('a gap names the first few of what it concerns, nodes and workloads both', () => {
  const model = aFleet();
  for (let index = 9; index > 2; index--) {
    model.upsertNode(aNode({ name: `node-${index}`, taints: [aTaint('dedicated=gpu:NoSchedule')] }));
    model.upsertPod(aPod({ name: `app-${index}`, node: `node-${index}` }));
  }
  model.evaluate(late);
  expect(reportOf(model).gaps).toMatchObject([
    {
      nodes: 8,
      workloads: 8,
      pods: 8,
      examples: ['node/node-2', 'node/node-3', 'node/node-4', 'workload/shop/Pod/app-2', 'workload/shop/Pod/app-3'],
    },
  ]);
});

test('the examples of a gap follow the nodes that come and go', () => {
  const model = aFleet();
  const examples = (): readonly string[] => reportOf(model).gaps.flatMap((gap) => gap.examples);
  expect(examples()).toEqual(['node/node-2', 'workload/shop/Pod/app-2']);
  model.upsertNode(aNode({ name: 'node-0', taints: [aTaint('dedicated=gpu:NoSchedule')] }));
  model.evaluate(late);
  expect(examples()).toEqual(['node/node-0', 'node/node-2', 'workload/shop/Pod/app-2']);
  model.removeNode('node-0');
  model.evaluate(late);
  expect(examples()).toEqual(['node/node-2', 'workload/shop/Pod/app-2']);
});

test('a virtual node with one agent in two versions is one node of that agent', () => {
  const model = createCoverageModel();
  model.setAgents([aDatadog()]);
  model.upsertNode(aNode({ virtual: 'EKS Fargate' }));
  for (const version of ['7.60.0', '7.61.0']) {
    const sidecar = aContainer({ name: 'datadog-agent', image: `gcr.io/datadog/agent:${version}`, role: 'sidecar' });
    model.upsertPod(aPod({ name: version, shape: aShape({ containers: [sidecar] }) }));
  }
  model.evaluate(late);
  expect(reportOf(model).agents).toMatchObject([
    {
      name: 'datadog',
      nodes: 1,
      versions: [
        { version: '7.60.0', nodes: 1 },
        { version: '7.61.0', nodes: 1 },
      ],
    },
  ]);
});

test('namespaces stand as the worst of their workloads, the worst first', () => {
  expect(reportOf(aFleet()).namespaces).toMatchObject([
    { name: 'shop', state: 'NoAgent', workloads: { total: 2, protected: 1, noAgent: 1 } },
    { name: 'security', state: 'Protected', workloads: { total: 1 } },
  ]);
});

describe('a policy', () => {
  const named = (overrides: Partial<Policy>): Policy => aPolicy({ name: 'p', ...overrides });
  test.each<[string, readonly Policy[], string, string]>([
    ['is not satisfied while an asset falls short', [named({})], 'False', 'RequirementsNotMet'],
    [
      'is satisfied where all that it selects meets it',
      [named({ selector: selecting({ node: labelled({ pool: 'a' }) }) })],
      'True',
      'RequirementsMet',
    ],
    [
      'is not blamed for what another asks',
      [
        named({ selector: selecting({ node: labelled({ pool: 'a' }) }) }),
        aPolicy({ name: 'strict', require: requiring({ evidence: 'Loaded' }) }),
      ],
      'True',
      'RequirementsMet',
    ],
    [
      'is satisfied where it exempts all',
      [named({ exemptions: [anExemption({ expiresAt: late * 2 })] })],
      'True',
      'RequirementsMet',
    ],
    [
      'is satisfied where it selects nothing',
      [named({ selector: selecting({ node: labelled({ pool: 'z' }) }) })],
      'True',
      'NothingSelected',
    ],
    ['may not be known yet', [named({ gracePeriod: late * 2 })], 'Unknown', 'NotYetKnown'],
  ])('%s', (_, policies, status, reason) => {
    expect(standingOf(aFleet(policies).tally, 'p').satisfied).toMatchObject({ status, reason });
  });
});

describe('a scope', () => {
  test.each([
    ['is everything without selectors', undefined, undefined, [2, 3, 3]],
    ['of nodes takes their pods and workloads', undefined, labelled({ pool: 'b' }), [1, 1, 1]],
    ['of namespaces takes the nodes that run them', labelled({ env: 'security' }), undefined, [1, 1, 1]],
    ['of both takes what is in both', labelled({ env: 'security' }), labelled({ pool: 'b' }), [0, 0, 0]],
  ])('%s', (_, namespaceSelector, nodeSelector, expected) => {
    const model = aFleet();
    model.upsertNamespace({ name: 'security', labels: { env: 'security' }, terminating: false });
    model.evaluate(late);
    const { counts } = buildReport(
      tallyScope(model.inventory, model.namespaceLabels, { namespaceSelector, nodeSelector }),
      [],
      0,
    );
    expect([counts.nodes.total, counts.pods.total, counts.workloads.total]).toEqual(expected);
  });

  test('of everything says what the whole says', () => {
    const model = aFleet([aPolicy()]);
    const scope = { namespaceSelector: undefined, nodeSelector: undefined };
    expect(buildReport(tallyScope(model.inventory, model.namespaceLabels, scope), model.agents(), 0)).toEqual(
      reportOf(model),
    );
  });
});

describe('slices', () => {
  test.each([
    [0, 1, 1],
    [256, 1, 1],
    [257, 1, 2],
    [10_000, 1, 64],
    [8_000, 64, 64],
    [4_097, 64, 64],
    [4_096, 64, 16],
  ])('of %i assets, where there were %i of them, are %i', (assets, current, expected) => {
    expect(sliceCount(assets, current)).toBe(expected);
  });

  test('are a power of two, hold few enough, and keep their number while assets come and go a little', () => {
    assert(
      property(nat(100_000), nat(200), (assets, more) => {
        const count = sliceCount(assets, 1);
        expect(Math.log2(count) % 1).toBe(0);
        expect(assets / count).toBeLessThanOrEqual(256);
        const grown = sliceCount(assets + more, count);
        expect(sliceCount(assets, grown)).toBe(grown);
      }),
    );
  });

  test('place an asset by its name alone', () => {
    assert(
      property(string(), nat(12), (name, power) => {
        const index = sliceIndexOf(name, 2 ** power);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThan(2 ** power);
        // Twice as many slices part each in two.
        expect(sliceIndexOf(name, 2 ** (power + 1)) % 2 ** power).toBe(index);
      }),
    );
  });

  test('say each verdict once, the worst first, with the names under it', () => {
    const [slice] = buildSlices(aFleet().tally, 'Workloads', 1, new Set([0]));
    expect(slice?.profiles).toMatchObject([
      { state: 'NoAgent', names: ['shop/Pod/app-2'] },
      { state: 'Protected', names: ['security/DaemonSet/falco', 'shop/Pod/app-1'] },
    ]);
  });
});
