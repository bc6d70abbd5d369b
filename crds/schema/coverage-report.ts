/** CoverageReport: the answer to "what is protected, by what, and where not and why", for the cluster, a scope of it, or a moment. */
import type { z } from 'zod';
import { conditions, observedGeneration, omitted } from './conditions.ts';
import { detectionPolicyFields, ruleCounts } from './detection.ts';
import { durationField } from './duration.ts';
import { atomicList, between, count, flag, group, instant, oneOf, text, withRules, type Immutable } from './fields.ts';
import { ageColumn, kind, type KindTable } from './kind.ts';
import { objectName, reportedVersion, tacticId, techniqueId } from './names.ts';
import { labelSelector } from './selectors.ts';
import { counts, gap, percentText, smallCounts } from './verdict.ts';
import { agentTypes, ruleStatuses, states } from './vocabulary.ts';

/** The report on the whole cluster, which the operator makes. */
export const clusterReportName = 'cluster';

const cronPattern =
  /^(@(hourly|daily|weekly|monthly|yearly)|[-0-9*/,]+ [-0-9*/,]+ [-0-9*/,?]+ [-0-9A-Za-z*/,]+ [-0-9A-Za-z*/,?]+)$/;

const spec = withRules(
  group('What is reported on, and what is kept.', {
    scope: group('The part of the cluster that is reported on. Left out, all of it.', {
      namespaceSelector: labelSelector('Labels of the namespaces. Left out, every namespace.').optional(),
      nodeSelector: labelSelector('Labels of the nodes. Left out, every node.').optional(),
    }).optional(),
    refreshInterval: durationField(
      'refreshInterval',
      'The longest time between two writes of status.evaluatedAt. Changes in the cluster are written when they happen.',
      { atLeast: '10s', atMost: '24h' },
    ).default('5m'),
    history: group('What is kept of the past in status.history.', {
      interval: durationField('interval', 'Time between two entries.', { atLeast: '1m', atMost: '168h' }).default('1h'),
      keep: between('How many entries.', 0, 744).default(168),
    }).prefault({}),
    snapshots: group('Snapshots that are taken of this report. Left out, none.', {
      schedule: text('When, in cron form with five fields, or @hourly, @daily, @weekly, @monthly or @yearly.', {
        max: 100,
        min: 1,
        pattern: cronPattern,
        mustBe: 'schedule must be a cron expression with five fields such as "0 6 * * 1", or @daily',
      }),
      timeZone: text('The time zone of the schedule. Left out, UTC.', { max: 64, min: 1 }).optional(),
      keep: between('How many of them, the oldest being deleted first.', 1, 400).default(12),
    }).optional(),
    baseline: group('The snapshot that status.comparison compares with.', {
      name: objectName('A CoverageReport that is a snapshot.'),
    }).optional(),
    snapshotOf: group(
      'Makes this report a frozen snapshot of another one. It is set when the report is created and never changes; once status.snapshot.digest is written, nothing in it changes any more.',
      { name: objectName('The CoverageReport of which this is a snapshot.') },
    ).optional(),
  }),
  {
    rule: '!has(self.snapshotOf) || (!has(self.snapshots) && !has(self.baseline))',
    message:
      'a snapshot (spec.snapshotOf) can have neither spec.snapshots nor spec.baseline: set those on the report of which it is a snapshot',
    holds: ({ snapshotOf, snapshots, baseline }) =>
      snapshotOf === undefined || (snapshots === undefined && baseline === undefined),
  },
);

const agent = group('A ProtectionAgent as found in scope.', {
  name: text('The ProtectionAgent.', { max: 253 }),
  type: oneOf('The product.', agentTypes),
  nodes: count('Nodes on which it is ready.'),
  versions: atomicList(
    'Versions in use, the most frequent first.',
    group('A version.', {
      version: reportedVersion('As the agent or, failing that, its image tag says; empty if neither does.'),
      nodes: count('Nodes that run it.'),
      outdated: flag('True if it is older than its ProtectionAgent asks for.').default(false),
    }),
    50,
  ).optional(),
});

const detectionPolicy = group('A detection policy in one version, status and source.', {
  ...detectionPolicyFields,
  nodes: count('Nodes on which it is so.').default(0),
  rules: ruleCounts.optional(),
});

const rule = group('A rule in one status.', {
  name: text('Its name or identifier as the agent reports it.', { max: 253 }),
  policy: text('The detection policy that holds it.', { max: 253 }).optional(),
  agent: text('The ProtectionAgent that has it.', { max: 253 }).optional(),
  status: oneOf('How it stands.', ruleStatuses),
  message: text('What the agent says about it.', { max: 512 }).optional(),
  nodes: count('Nodes on which it is so.').default(0),
});

const attackRule = {
  agent: text('The ProtectionAgent that has it.', { max: 253 }),
  policy: text('The detection policy that holds it.', { max: 253 }),
  rule: text('Its name as the agent reports it.', { max: 253 }),
};

const attack = group('Coverage of MITRE ATT&CK by loaded rules.', {
  version: text('The edition of ATT&CK that names and order follow.', { max: 16 }).optional(),
  tactics: atomicList(
    'Tactics in the order of the matrix.',
    group('A tactic.', {
      id: tacticId('Its identifier.'),
      name: text('Its name.', { max: 64 }).optional(),
      rules: count('Loaded rules that serve it.').default(0),
      techniques: atomicList(
        'Its techniques that a loaded rule covers, a policy requires, or a rule that is not loaded would cover.',
        group('A technique.', {
          id: techniqueId('Its identifier.'),
          rules: count('Loaded rules that cover it.').default(0),
          nodes: count('Nodes on which at least one of them is loaded.').default(0),
          workloads: count('Workloads for which at least one of them is loaded.').default(0),
          required: flag('True if a WorkloadPolicy requires it.').default(false),
          disabledRules: count(
            'Rules that would cover it, are switched off, filtered or refused, and are loaded nowhere.',
          ).default(0),
          agents: atomicList(
            'Agents whose rules cover it.',
            group('An agent.', {
              name: text('The ProtectionAgent.', { max: 253 }),
              rules: count('How many of its rules.').default(0),
            }),
            16,
          ).optional(),
          examples: atomicList('The first few rules that cover it.', group('A rule.', attackRule), 5).optional(),
          fillers: atomicList(
            'The first few rules that would cover it where it is not covered.',
            group('A rule.', {
              ...attackRule,
              why: oneOf(
                'Why it does not. LoadedElsewhere: only other nodes have it. NotLoaded: it is declared or in a catalogue only.',
                ['LoadedElsewhere', 'Disabled', 'Filtered', 'Failed', 'NotLoaded'],
              ),
            }),
            5,
          ).optional(),
        }),
        250,
      ).optional(),
    }),
    32,
  ).optional(),
  nodes: count('Nodes that were looked at.').default(0),
  workloads: count('Workloads that were looked at.').default(0),
  unmappedRules: count('Loaded rules that name no technique.').default(0),
  unknown: atomicList(
    'Identifiers that rules name and the table of ATT&CK does not hold.',
    group('An identifier.', {
      id: text('As it is written.', { max: 253 }),
      agent: text('The ProtectionAgent.', { max: 253 }),
      policy: text('The detection policy that names it.', { max: 253 }),
      rules: count('How many of its rules name it.').default(0),
    }),
    100,
  ).optional(),
});

const namespace = group('A namespace.', {
  name: text('Its name.', { max: 63 }),
  state: oneOf('The worst state among its workloads.', states),
  workloads: smallCounts('Its workloads by state.'),
});

const moment = group('How things stood at a moment.', {
  time: instant('The moment.'),
  nodesPercent: percentText('Nodes protected, in percent.').optional(),
  podsPercent: percentText('Pods protected, in percent.').optional(),
  workloadsPercent: percentText('Workloads protected, in percent.').optional(),
  nodes: count('All nodes.').default(0),
  pods: count('All pods.').default(0),
  workloads: count('All workloads.').default(0),
  gaps: count('Groups of gaps.').default(0),
});

const change = (what: string) =>
  group(`How ${what} have changed.`, {
    before: percentText('Protected at the baseline, in percent.').optional(),
    now: percentText('Protected now, in percent.').optional(),
    added: count('Assets that are new.').default(0),
    removed: count('Assets that are gone.').default(0),
    better: count('Assets that stand better.').default(0),
    worse: count('Assets that stand worse.').default(0),
  });

const comparison = group('What has changed since the baseline.', {
  baseline: text('The snapshot compared with.', { max: 253 }),
  takenAt: instant('When it was taken.').optional(),
  nodes: change('nodes').optional(),
  workloads: change('workloads').optional(),
  newGaps: atomicList('Gaps that were not there, the most pressing first.', gap, 10).optional(),
  closedGaps: count('Groups of gaps that are there no more.').default(0),
});

const snapshot = group('What proves this snapshot.', {
  takenAt: instant('When it was taken.'),
  digest: text(
    'SHA-256 over the RFC 8785 JSON of spec, status and slices, without this field, without imported and without conditions.',
    {
      max: 71,
      pattern: /^sha256:[0-9a-f]{64}$/,
    },
  ),
  cluster: text('The cluster that it was taken in.', { max: 253 }).optional(),
  clusterId: text('The UID of its namespace kube-system, by which clusters are told apart.', { max: 64 }).optional(),
  kubernetesVersion: text('Version of its API server.', { max: 64 }).optional(),
  operatorVersion: text('Version of the operator that took it.', { max: 64 }).optional(),
  imported: flag('True if it was restored from an export.').default(false),
});

const snapshotSchedule = group('What the operator remembers of spec.snapshots.', {
  schedule: text('The schedule that this is about.', { max: 100 }),
  timeZone: text('Its time zone.', { max: 64 }).optional(),
  lastScheduledAt: instant(
    'The last time of the schedule that was served, or when the schedule was first seen. What was missed since is served once.',
  ),
  lastSnapshot: text('The snapshot that was taken then.', { max: 253 }).optional(),
  nextAt: instant('When the next one is due.').optional(),
});

const status = group('The report.', {
  observedGeneration: observedGeneration().optional(),
  conditions: conditions(
    'Ready (the report is being kept), Complete (True if every asset is Protected, Warning or Exempt; Unknown if the others are all Unknown), SnapshotsScheduled (where spec.snapshots is set), BaselineFound (where spec.baseline is set), FindingsComplete (of the report cluster, False while a namespace has as many findings as it may and would have more, or the API server refuses to store one)',
  ).optional(),
  evaluatedAt: instant(
    'When the report was last found true. Rewritten at most once per spec.refreshInterval while nothing changes.',
  ).optional(),
  summary: group('The figures that kubectl shows, ready to be read.', {
    protectedPercent: percentText('Workloads protected, in percent with one decimal.').optional(),
    nodes: text('Nodes protected out of those that count, such as "290/300".', { max: 24 }).optional(),
    workloads: text('Workloads protected out of those that count, such as "880/900".', { max: 24 }).optional(),
    pods: text('Pods protected out of those that count, such as "8800/9000".', { max: 24 }).optional(),
    unknown: count('Nodes and workloads of which nothing is known.').optional(),
    gaps: count('Groups of gaps, those left out of status.gaps included.').optional(),
  }).optional(),
  counts: group('Assets by state and by evidence.', {
    nodes: counts('Nodes.').prefault({}),
    pods: counts('Pods.').prefault({}),
    workloads: counts('Workloads.').prefault({}),
    containers: counts('Containers.').prefault({}),
    serverless: counts(
      'Workloads on virtual nodes, which only a sidecar can protect. They are counted among workloads too.',
    ).prefault({}),
  }).optional(),
  agents: atomicList('Agents found.', agent, 50).optional(),
  policies: atomicList(
    'Detection policies by version, status and source, the least well first.',
    detectionPolicy,
    300,
  ).optional(),
  policiesOmitted: omitted('detection policies').optional(),
  rules: atomicList('Rules that are not loaded everywhere, the least well first.', rule, 300).optional(),
  rulesOmitted: omitted('rules').optional(),
  attack: attack.optional(),
  gaps: atomicList('Gaps by reason and cause, the most pressing first.', gap, 100).optional(),
  gapsOmitted: omitted('gaps').optional(),
  namespaces: atomicList('Namespaces, the worst first.', namespace, 500).optional(),
  namespacesOmitted: omitted('namespaces').optional(),
  history: atomicList('The past, the oldest first.', moment, 744).optional(),
  comparison: comparison.optional(),
  snapshot: snapshot.optional(),
  snapshotSchedule: snapshotSchedule.optional(),
  slices: count('CoverageSlices that hold the assets behind this report.').optional(),
});

export const coverageReportSchema = withRules(
  kind(
    'CoverageReport',
    'Which nodes, pods and workloads are protected, by which agents, policies and rules, and where not and why. The report named cluster is made by the operator and is about everything.',
    { spec: spec.prefault({}), status: status.optional() },
  ),
  {
    rule: `self.metadata.name != '${clusterReportName}' || !has(self.spec.scope) || (!has(self.spec.scope.namespaceSelector) && !has(self.spec.scope.nodeSelector))`,
    message:
      'the report named cluster is about the whole cluster and cannot have a scope: create another CoverageReport for a part of it',
    holds: ({ metadata: { name }, spec: { scope } }) =>
      name !== clusterReportName || (scope?.namespaceSelector === undefined && scope?.nodeSelector === undefined),
  },
  {
    rule: `self.metadata.name != '${clusterReportName}' || !has(self.spec.snapshotOf)`,
    message: 'the report named cluster is kept current and cannot be a snapshot: give the snapshot another name',
    holds: ({ metadata: { name }, spec: { snapshotOf } }) => name !== clusterReportName || snapshotOf === undefined,
  },
  {
    rule: 'has(self.spec.snapshotOf) == has(oldSelf.spec.snapshotOf)',
    message:
      'spec.snapshotOf can neither be added to a report nor removed from one: a report is a snapshot from its creation or never',
  },
  {
    rule: '!has(oldSelf.spec.snapshotOf) || !has(self.spec.snapshotOf) || self.spec == oldSelf.spec',
    message: 'a snapshot is immutable: its spec cannot change. Delete it, or take another one',
  },
  {
    rule: '!has(oldSelf.spec.snapshotOf) || !has(oldSelf.status) || !has(oldSelf.status.snapshot) || (has(self.status) && self.status == oldSelf.status)',
    message:
      'a snapshot is immutable: its status cannot change once its digest is written. Delete it, or take another one',
  },
);

export type CoverageReport = Immutable<z.infer<typeof coverageReportSchema>>;
export type CoverageReportInput = Immutable<z.input<typeof coverageReportSchema>>;
export type CoverageReportSpec = CoverageReport['spec'];
export type CoverageReportStatus = NonNullable<CoverageReport['status']>;

export const coverageReportTable: KindTable = {
  kind: 'CoverageReport',
  plural: 'coveragereports',
  singular: 'coveragereport',
  shortName: 'cov',
  scope: 'Cluster',
  hasStatus: true,
  schema: coverageReportSchema,
  columns: [
    {
      name: 'Complete',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Complete')].status",
      description: 'Whether every asset is protected or exempt.',
    },
    {
      name: 'Protected %',
      type: 'string',
      jsonPath: '.status.summary.protectedPercent',
      description: 'Workloads protected, in percent.',
    },
    {
      name: 'Nodes',
      type: 'string',
      jsonPath: '.status.summary.nodes',
      description: 'Nodes protected out of those that count.',
    },
    {
      name: 'Workloads',
      type: 'string',
      jsonPath: '.status.summary.workloads',
      description: 'Workloads protected out of those that count.',
    },
    {
      name: 'Unknown',
      type: 'integer',
      jsonPath: '.status.summary.unknown',
      description: 'Nodes and workloads of which nothing is known.',
    },
    { name: 'Gaps', type: 'integer', jsonPath: '.status.summary.gaps', description: 'Groups of gaps.' },
    {
      name: 'Evaluated',
      type: 'date',
      jsonPath: '.status.evaluatedAt',
      description: 'Time since the report was last found true.',
    },
    {
      name: 'Top Gap',
      type: 'string',
      jsonPath: '.status.gaps[0].cause',
      description: 'The cause of the most pressing gap.',
      priority: 1,
    },
    {
      name: 'Snapshot Of',
      type: 'string',
      jsonPath: '.spec.snapshotOf.name',
      description: 'The report of which this is a snapshot.',
      priority: 1,
    },
    ageColumn,
  ],
  selectableFields: ['.spec.snapshotOf.name'],
};
