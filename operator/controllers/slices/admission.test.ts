// What the operator writes into slices is what admission judges by: both must come to the same answer about what is loaded.
import { expect, test } from 'vitest';
import { createAgentCatalogue } from '../../../domain/coverage/agents.ts';
import { judge } from '../../../domain/coverage/judge.ts';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { buildSlices } from '../../../domain/coverage/slices.ts';
import { reportedPresences } from '../../../domain/placement/reported-presence.ts';
import { aFalco, scraped } from '../../../domain/testing/agents.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aDaemonSet, aPod, aShape, falcoContainer, falcoLabels } from '../../../domain/testing/pods.ts';
import { aPolicy, minutes, requiring } from '../../../domain/testing/policies.ts';
import { aDeclaredPolicy, aLoadedPolicy, aRule, declaring, saying } from '../../../domain/testing/telemetry.ts';
import type { LoadedPolicy } from '../../../domain/telemetry/types.ts';
import type { Requirement } from '../../../domain/types.ts';
import { coverageSliceSchema } from '../../../crds/schema/coverage-slice.ts';
import { createNodeSliceProjection } from '../../../facts/node-slice.ts';
import { planSlice } from './plan.ts';

const now = 10 * minutes;
const node = aNode({ name: 'node-1' });
const agents = [aFalco({ telemetry: scraped })];

/** A fleet of one node whose Falco says this. */
const modelWith = (policies: readonly LoadedPolicy[], require: Partial<Requirement>) => {
  const model = createCoverageModel();
  model.setAgents(agents);
  model.setPolicies([aPolicy({ require: requiring(require) })]);
  model.upsertNode(node);
  model.upsertDaemonSet(aDaemonSet());
  model.upsertPod(
    aPod({
      namespace: 'security',
      name: 'falco-1',
      node: 'node-1',
      owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
      shape: aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')] }),
    }),
  );
  model.setDeclarations('falco', declaring({ policies: [aDeclaredPolicy({ name: 'declared.yaml' })] }));
  model.setTelemetry('node-1', 'falco', saying({ at: now, policies, policiesAre: 'Complete' }));
  model.evaluate(now);
  return model;
};

const nobody = { of: () => undefined };

const reasonsAtAdmission = (model: ReturnType<typeof modelWith>, require: Partial<Requirement>): readonly string[] => {
  const [slice] = buildSlices(model.tally, 'Nodes', 1, new Set([0]));
  if (slice === undefined) throw new Error('there is no slice');
  const written = { metadata: { name: 'cluster-nodes-0' }, ...planSlice('cluster', 'Nodes', 0, 1, slice, nobody) };
  // As the API server takes it, with nothing lost.
  const stored = coverageSliceSchema.parse(written);
  expect(stored).toMatchObject(written);
  const read = createNodeSliceProjection('cluster')(JSON.parse(JSON.stringify(stored)));
  const profile = read?.profiles.find(({ nodes }) => nodes.includes('node-1'));
  const presences = reportedPresences(node, profile?.report, createAgentCatalogue(agents, [aDaemonSet()])) ?? [];
  return judge(presences, [aPolicy({ require: requiring(require) })], now).gaps.map(({ reason }) => reason);
};

const policy = (overrides: Partial<Requirement['policies'][number]> = {}): Requirement['policies'][number] => ({
  name: 'rules.yaml',
  minVersion: undefined,
  source: undefined,
  rules: [],
  ...overrides,
});

const technique = (id: string): Requirement['mitre'][number] => ({
  tactic: undefined,
  techniques: [id],
  minimumRules: 1,
});

const rules = [aRule({ name: 'shell' }), aRule({ name: 'off', status: 'Disabled', techniques: ['T1611'] })];

test.each<[string, LoadedPolicy, Partial<Requirement>]>([
  ['a policy that is loaded', aLoadedPolicy(), { policies: [policy()] }],
  ['a policy that is not', aLoadedPolicy({ name: 'other' }), { policies: [policy()] }],
  ['an older version', aLoadedPolicy({ version: '1.0.0' }), { policies: [policy({ minVersion: '2.0' })] }],
  ['a digest alone', aLoadedPolicy({ digest: 'sha256:a' }), { policies: [policy({ minVersion: '2.0' })] }],
  ['another source', aLoadedPolicy({ source: 'File' }), { policies: [policy({ source: 'OCI' })] }],
  ['a policy that failed', aLoadedPolicy({ status: 'Failed' }), { policies: [policy()] }],
  ['rules', aLoadedPolicy({ rules }), { policies: [policy({ rules: ['shell', 'off', 'gone'] })] }],
  ['rules that nobody knows', aLoadedPolicy(), { policies: [policy({ rules: ['shell'] })] }],
  ['techniques', aLoadedPolicy({ rules }), { mitre: [technique('T1059'), technique('T1611')] }],
  ['a tactic', aLoadedPolicy({ rules }), { mitre: [{ tactic: 'TA0002', techniques: [], minimumRules: 1 }] }],
  ['evidence', aLoadedPolicy(), { evidence: 'Loaded' }],
])('admission judges %s as the report does', (_, said, require) => {
  const declared = aLoadedPolicy({ name: 'declared.yaml', rules: [] });
  const model = modelWith([said, declared], require);
  const reported = model.inventory.nodes.get('node-1')?.verdict?.gaps.map(({ reason }) => reason);
  expect(reasonsAtAdmission(model, require)).toEqual(reported);
});

test('what is declared and not loaded is so at admission too', () => {
  const require = { policies: [policy({ name: 'declared.yaml' })] };
  const model = modelWith([], require);
  expect(reasonsAtAdmission(model, require)).toEqual(['PolicyMissing', 'PolicyDrift']);
});

test('a slice takes the rulesets of as many assets as its bytes allow, and the profiles of the others name none', () => {
  const many = Array.from({ length: 2000 }, (_, index) => aRule({ name: `${'x'.repeat(200)}${index}` }));
  const model = modelWith([aLoadedPolicy({ rules: many }), aLoadedPolicy({ name: 'b', rules: many })], {});
  const [slice] = buildSlices(model.tally, 'Nodes', 1, new Set([0]));
  const { profiles, rulesets } = planSlice('cluster', 'Nodes', 0, 1, slice ?? { profiles: [], rulesets: [] }, nobody);
  expect(rulesets).toEqual([]);
  expect(profiles).toHaveLength(1);
  expect(profiles[0]).not.toHaveProperty('ruleset');
  const states = profiles.map(({ state }) => state);
  expect(states).toEqual(['Warning']);
});
