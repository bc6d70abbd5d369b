// A small fleet as its report and slices say it, for tests of what is shown of it.
import { coverageReportSchema, type CoverageReportInput } from '../../../crds/schema/coverage-report.ts';
import {
  coverageSliceSchema,
  type CoverageSlice,
  type CoverageSliceInput,
} from '../../../crds/schema/coverage-slice.ts';
import { apiVersion } from '../../../crds/schema/vocabulary.ts';
import { assetsIn, type Asset } from '../asset.ts';
import type { EvaluatedReport } from '../source.ts';

export const now = Date.parse('2026-06-01T12:00:00Z');

type Profile = NonNullable<CoverageSliceInput['profiles']>[number];
type Ruleset = NonNullable<CoverageSliceInput['rulesets']>[number];

export const aProfile = (overrides: Partial<Profile> & Pick<Profile, 'names'>): Profile => ({
  id: 'a',
  state: 'Protected',
  evidence: 'Loaded',
  agents: [{ name: 'falco', version: '0.44.1', state: 'Protected', evidence: 'Loaded' }],
  ...overrides,
});

export const gpuReason = {
  reason: 'AgentMissing',
  cause: 'DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule',
  remedy:
    'Add the toleration: kubectl -n falco patch daemonset falco --type=json -p=\'[{"op":"add","path":"/spec/template/spec/tolerations/-","value":{"operator":"Exists"}}]\'',
  agent: 'falco',
  policies: ['baseline'],
} as const;

const oldFalco = {
  reason: 'AgentOutdated',
  cause: 'falco 0.36.2 is older than 0.43.0, the minimum of ProtectionAgent falco',
  remedy: 'Update it to 0.43.0 or newer',
  agent: 'falco',
} as const;

export const fullRuleset: Ruleset = {
  id: 'full',
  policies: [
    {
      name: 'falco_rules.yaml',
      agent: 'falco',
      version: '4.0.0',
      source: 'OCI',
      status: 'Loaded',
      type: 'ThreatDetection',
      rules: ['Terminal shell in container', 'Debugfs Launched in Privileged Container'],
      disabledRules: ['Container Run as Root User'],
    },
    {
      name: 'shop.yaml',
      agent: 'falco',
      version: '1.2.0',
      source: 'ConfigMap',
      status: 'PartiallyLoaded',
      declaredBy: { kind: 'ConfigMap', namespace: 'falco', name: 'shop-rules' },
      failedRules: ['Broken rule'],
    },
  ],
  tactics: { TA0002: 1, TA0004: 1 },
  techniques: { 'T1059.004': 1, T1611: 1 },
};

const thinRuleset: Ruleset = {
  id: 'thin',
  policies: [
    {
      name: 'falco_rules.yaml',
      agent: 'falco',
      version: '3.2.0',
      source: 'OCI',
      status: 'Loaded',
      type: 'ThreatDetection',
      rules: ['Terminal shell in container'],
    },
    { name: 'declared.yaml', agent: 'falco', source: 'ConfigMap', status: 'Missing' },
  ],
  tactics: { TA0002: 1 },
  techniques: { 'T1059.004': 1 },
};

const slice = (
  assets: 'Nodes' | 'Workloads',
  index: number,
  profiles: readonly Profile[],
  rulesets: readonly Ruleset[],
): CoverageSlice =>
  coverageSliceSchema.parse({
    apiVersion,
    kind: 'CoverageSlice',
    metadata: { name: `cluster-${assets.toLowerCase()}-${index}` },
    spec: { report: 'cluster', assets, index, of: 2 },
    profiles,
    rulesets,
  });

/** One node without an agent, one with an old one, one well; workloads likewise, one exempt and one that does not run. */
export const slices = (): readonly CoverageSlice[] => [
  slice(
    'Nodes',
    0,
    [
      aProfile({
        id: 'none',
        state: 'NoAgent',
        evidence: undefined,
        agents: [],
        reasons: [gpuReason],
        policies: ['baseline'],
        criticality: 'High',
        names: ['gpu-1'],
      }),
      aProfile({ names: ['general-2'], ruleset: 'full', policies: ['baseline'], criticality: 'High' }),
    ],
    [fullRuleset],
  ),
  slice(
    'Nodes',
    1,
    [
      aProfile({
        id: 'old',
        state: 'Warning',
        evidence: 'Running',
        agents: [{ name: 'falco', version: '0.36.2', state: 'Warning', evidence: 'Running' }],
        reasons: [oldFalco],
        ruleset: 'thin',
        names: ['general-1'],
      }),
    ],
    [thinRuleset],
  ),
  slice(
    'Workloads',
    0,
    [
      aProfile({
        ruleset: 'full',
        policies: ['baseline', 'shop'],
        names: ['shop/Deployment/web', 'shop/StatefulSet/db'],
      }),
      aProfile({
        id: 'none',
        state: 'NoAgent',
        evidence: undefined,
        agents: [],
        reasons: [gpuReason],
        criticality: 'Critical',
        names: ['ml/Job/train'],
      }),
    ],
    [fullRuleset],
  ),
  slice(
    'Workloads',
    1,
    [
      aProfile({
        id: 'exempt',
        state: 'Exempt',
        evidence: undefined,
        agents: [],
        exemption: { policy: 'baseline', reason: 'moves away in July', expiresAt: '2026-07-01T00:00:00Z' },
        names: ['legacy/Deployment/old-shop'],
      }),
      aProfile({
        id: 'NotRunning',
        state: 'NotRunning',
        evidence: undefined,
        agents: [],
        names: ['shop/CronJob/nightly'],
      }),
    ],
    [],
  ),
];

export const assets = (): readonly Asset[] => slices().flatMap((each) => [...assetsIn(each)]);

type StatusInput = NonNullable<CoverageReportInput['status']>;

const status: StatusInput = {
  conditions: [
    {
      type: 'Complete',
      status: 'False',
      reason: 'CoverageIncomplete',
      lastTransitionTime: '2026-06-01T10:00:00Z',
      message: `Incomplete infrastructure coverage: 2 of 3 nodes and 2 of 3 workloads are protected. Most pressing: ${gpuReason.cause} (1 node). Remedy: …`,
    },
  ],
  evaluatedAt: '2026-06-01T11:59:00Z',
  summary: { protectedPercent: '66.6', nodes: '2/3', workloads: '2/3', pods: '4/5', unknown: 0, gaps: 2 },
  counts: {
    nodes: {
      total: 3,
      protected: 1,
      warning: 1,
      noAgent: 1,
      protectedPercent: '66.6',
      judged: 2,
      byEvidence: { loaded: 1, running: 1, none: 1 },
    },
    workloads: {
      total: 5,
      protected: 2,
      noAgent: 1,
      exempt: 1,
      notRunning: 1,
      protectedPercent: '66.6',
      judged: 2,
      byEvidence: { loaded: 2, none: 1 },
    },
  },
  agents: [
    {
      name: 'falco',
      type: 'Falco',
      nodes: 2,
      versions: [
        { version: '0.44.1', nodes: 1 },
        { version: '0.36.2', nodes: 1, outdated: true },
      ],
    },
  ],
  policies: [
    {
      name: 'shop.yaml',
      agent: 'falco',
      version: '1.2.0',
      source: 'ConfigMap',
      status: 'PartiallyLoaded',
      declaredBy: { kind: 'ConfigMap', namespace: 'falco', name: 'shop-rules' },
      nodes: 1,
      rules: { failed: 1 },
    },
    {
      name: 'falco_rules.yaml',
      agent: 'falco',
      version: '4.0.0',
      source: 'OCI',
      status: 'Loaded',
      type: 'ThreatDetection',
      nodes: 1,
      rules: { loaded: 2, disabled: 1 },
    },
  ],
  rules: [
    { name: 'Broken rule', policy: 'shop.yaml', agent: 'falco', status: 'Failed', message: 'unknown macro', nodes: 1 },
    {
      name: 'Container Run as Root User',
      policy: 'falco_rules.yaml',
      agent: 'falco',
      status: 'Filtered',
      message: 'not for this engine',
      nodes: 1,
    },
    { name: 'Read shadow', policy: 'shop.yaml', agent: 'falco', status: 'Missing', nodes: 1 },
  ],
  attack: {
    version: '18',
    nodes: 3,
    workloads: 3,
    unmappedRules: 1,
    tactics: [
      { id: 'TA0002', name: 'Execution', rules: 1, techniques: [] },
      {
        id: 'TA0004',
        name: 'Privilege Escalation',
        rules: 1,
        techniques: [
          {
            id: 'T1611',
            rules: 1,
            nodes: 1,
            workloads: 2,
            required: true,
            agents: [{ name: 'falco', rules: 1 }],
            examples: [
              { agent: 'falco', policy: 'falco_rules.yaml', rule: 'Debugfs Launched in Privileged Container' },
            ],
            fillers: [
              {
                agent: 'falco',
                policy: 'falco_rules.yaml',
                rule: 'Debugfs Launched in Privileged Container',
                why: 'LoadedElsewhere',
              },
            ],
          },
        ],
      },
    ],
    unknown: [{ id: 'T9999', agent: 'falco', policy: 'shop.yaml', rules: 1 }],
  },
  gaps: [
    {
      ...gpuReason,
      state: 'NoAgent',
      criticality: 'Critical',
      risks: ['Privileged', 'Exposed'],
      nodes: 1,
      workloads: 1,
      pods: 3,
      examples: ['node/gpu-1', 'workload/ml/Job/train'],
    },
    { ...oldFalco, state: 'Warning', nodes: 1, workloads: 0, pods: 0, examples: ['node/general-1'] },
  ],
};

export const aReport = (
  overrides: Partial<StatusInput> = {},
  spec: CoverageReportInput['spec'] = {},
  name = 'cluster',
): EvaluatedReport => {
  const parsed = coverageReportSchema.parse({
    apiVersion,
    kind: 'CoverageReport',
    metadata: { name },
    spec,
    status: { ...status, ...overrides },
  });
  if (parsed.status === undefined) throw new Error('a report for tests has a status');
  return { ...parsed, status: parsed.status };
};
