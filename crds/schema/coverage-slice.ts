/**
 * CoverageSlice: the assets behind a report, as an EndpointSlice is to a Service. Verdicts that are alike are said once, with the names
 * under them, and everything that can be long is an atomic list: managedFields would otherwise outgrow the data.
 *
 * etcd takes 1.5 MB an object. The limits here keep every field within reason, yet their product does not fit: the writer has to cut a
 * slice by its bytes, not only by its number of assets.
 */
import type { z } from 'zod';
import { detectionPolicyFields } from './detection.ts';
import {
  atomicList,
  count,
  flag,
  group,
  instant,
  largeCount,
  mapOf,
  oneOf,
  text,
  withRules,
  type Immutable,
} from './fields.ts';
import { ageColumn, kind, type KindTable } from './kind.ts';
import { objectName, reportedVersion } from './names.ts';
import {
  agentField,
  causeField,
  criticalityField,
  evidenceField,
  longestAssetName,
  policyNames,
  reasonField,
  remedyField,
} from './verdict.ts';
import { assetStates, states } from './vocabulary.ts';

const identifier = (description: string) => text(description, { max: 64, min: 1 });

const spec = group('Which part of which report this is.', {
  report: objectName('The CoverageReport that owns it.'),
  assets: oneOf('What it holds.', ['Nodes', 'Workloads']),
  index: count(
    'Its place among the slices of the same report and assets, from 0. An asset is placed by a stable hash.',
  ),
  of: count('How many slices of the same report and assets there are.'),
  frozen: flag('True in a slice of a snapshot, which never changes.').default(false),
});

const reason = group('One reason of a verdict.', {
  reason: reasonField(),
  cause: causeField(),
  remedy: remedyField(),
  agent: agentField(),
  policies: policyNames('The WorkloadPolicies that ask for what is missing. Left out where only the baseline does.'),
});

const profile = group('A verdict, with the assets of which it is true.', {
  id: identifier('The same for the same content, from one writing to the next.'),
  state: oneOf('How these assets stand.', assetStates),
  evidence: evidenceField('How it is known. Left out where nothing is.').optional(),
  reasons: atomicList('Why; empty where all is well. The worst first.', reason, 32).default([]),
  agents: atomicList(
    'Agents that are there for these assets.',
    group('An agent.', {
      name: text('The ProtectionAgent.', { max: 253 }),
      version: reportedVersion('Its version, where it is known.').optional(),
      state: oneOf('How the assets would stand with this agent alone.', states),
      evidence: evidenceField('How it is known.').optional(),
    }),
    16,
  ).default([]),
  ruleset: identifier('The entry of rulesets that the agents have loaded, where it is known.').optional(),
  policies: policyNames('The WorkloadPolicies that judged these assets. Left out where only the baseline did.'),
  criticality: criticalityField('The highest criticality among them.').optional(),
  exemption: group('The exemption that ends first, where the assets are exempt.', {
    policy: text('The WorkloadPolicy that holds it.', { max: 253 }),
    name: text('Its name there, if it has one.', { max: 63 }).optional(),
    source: oneOf('Policy: it stands in the policy. BreakGlass: an annotation on the object lets it pass.', [
      'Policy',
      'BreakGlass',
    ]).default('Policy'),
    reason: text('Why.', { max: 1024 }),
    expiresAt: instant('When it ends.'),
  }).optional(),
  pods: count('How many running pods these assets have.').optional(),
  names: atomicList(
    'The assets: names of nodes, or workloads as NAMESPACE/KIND/NAME.',
    text('An asset.', { max: longestAssetName, min: 1 }),
    5000,
  ),
});

const ruleNames = (description: string) => atomicList(description, text('A rule.', { max: 253 }), 2000).optional();

const ruleset = group('What agents have loaded, said once for all profiles that share it.', {
  id: identifier('By which profiles refer to it.'),
  policies: atomicList(
    'Detection policies.',
    group('A detection policy.', {
      ...detectionPolicyFields,
      rules: ruleNames('Its rules that are loaded.'),
      disabledRules: ruleNames('Its rules that are switched off or filtered.'),
      failedRules: ruleNames('Its rules that the agent refused.'),
    }),
    200,
  ),
  tactics: mapOf('Loaded rules by MITRE ATT&CK tactic.', count('How many.'), 32).optional(),
  techniques: mapOf('Loaded rules by MITRE ATT&CK technique.', count('How many.'), 1000).optional(),
});

const unattributed = group('A node with events that no asset could be found for.', {
  node: text('The node that sent them.', { max: 253 }),
  count: largeCount('How many there were.'),
  events: atomicList(
    'The last of them, the latest first.',
    group('An event.', {
      time: instant('When it happened.'),
      agent: text('The ProtectionAgent that sent it.', { max: 253 }).optional(),
      rule: text('The rule that saw it.', { max: 253 }).optional(),
      message: text('What it said, cut to length.', { max: 512 }).optional(),
      why: text('What was missing to find its asset.', { max: 253 }).optional(),
    }),
    20,
  ).optional(),
});

export const coverageSliceSchema = withRules(
  kind('CoverageSlice', 'A part of the assets behind a CoverageReport. Written by the operator only.', {
    spec,
    profiles: atomicList('Verdicts, each with the assets of which it is true.', profile, 2000).default([]),
    rulesets: atomicList('What agents have loaded, referred to by profiles.', ruleset, 64).default([]),
    unattributed: atomicList(
      'Events of these nodes that no asset could be found for. They make no finding.',
      unattributed,
      100,
    ).default([]),
  }),
  {
    rule: 'self.spec.index < self.spec.of',
    message: 'spec.index must be smaller than spec.of: slices are counted from 0',
    holds: ({ spec: { index, of } }) => index < of,
  },
  {
    rule: '!oldSelf.spec.frozen || (self.spec == oldSelf.spec && self.profiles == oldSelf.profiles && self.rulesets == oldSelf.rulesets && self.unattributed == oldSelf.unattributed)',
    message: 'a slice of a snapshot (spec.frozen) is immutable',
  },
);

export type CoverageSlice = Immutable<z.infer<typeof coverageSliceSchema>>;
export type CoverageSliceInput = Immutable<z.input<typeof coverageSliceSchema>>;
export type CoverageSliceSpec = CoverageSlice['spec'];
export type CoverageProfile = CoverageSlice['profiles'][number];
export type CoverageRuleset = CoverageSlice['rulesets'][number];

export const coverageSliceTable: KindTable = {
  kind: 'CoverageSlice',
  plural: 'coverageslices',
  singular: 'coverageslice',
  shortName: 'covs',
  scope: 'Cluster',
  hasStatus: false,
  schema: coverageSliceSchema,
  columns: [
    { name: 'Report', type: 'string', jsonPath: '.spec.report', description: 'The CoverageReport that owns it.' },
    { name: 'Assets', type: 'string', jsonPath: '.spec.assets', description: 'What it holds.' },
    { name: 'Index', type: 'integer', jsonPath: '.spec.index', description: 'Its place among its fellows, from 0.' },
    { name: 'Of', type: 'integer', jsonPath: '.spec.of', description: 'How many there are.' },
    ageColumn,
  ],
  selectableFields: ['.spec.report', '.spec.assets', '.spec.frozen'],
};
