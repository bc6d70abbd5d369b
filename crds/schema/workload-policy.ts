/** WorkloadPolicy: what is demanded of the nodes, pods and workloads that it selects. Policies that select the same asset add up. */
import type { z } from 'zod';
import { conditions, observedGeneration } from './conditions.ts';
import { durationField } from './duration.ts';
import {
  atomicList,
  between,
  flag,
  group,
  instant,
  keyedList,
  oneOf,
  text,
  withRules,
  type Immutable,
} from './fields.ts';
import { ageColumn, kind, type KindTable } from './kind.ts';
import { objectName, tacticId, techniqueId, versionText } from './names.ts';
import { postureRule } from './posture.ts';
import { ratioField } from './ratio.ts';
import { assetSelector } from './selectors.ts';
import { counts, gap } from './verdict.ts';
import { admissionKinds, admissionModes, ranks, requirableEvidence } from './vocabulary.ts';

const technique = withRules(
  group('Techniques that must be covered by loaded rules.', {
    tactic: tacticId(
      'The MITRE ATT&CK tactic, such as TA0002. Without techniques, any of its techniques counts.',
    ).optional(),
    techniques: atomicList(
      'MITRE ATT&CK techniques, each of which must be covered.',
      techniqueId('A technique.'),
      100,
    ).optional(),
    minimumRules: between(
      'How many loaded rules must cover each technique, or the tactic where no techniques are given.',
      1,
      1000,
    ).default(1),
  }),
  {
    rule: 'has(self.tactic) || (has(self.techniques) && self.techniques.size() > 0)',
    message: 'an entry of spec.require.mitre needs a tactic such as "TA0002" or techniques such as ["T1059"]',
    holds: ({ tactic, techniques }) => tactic !== undefined || (techniques ?? []).length > 0,
  },
);

const requirement = group('What must be true of each selected asset. Left empty: some recognised agent protects it.', {
  agents: keyedList(
    'Agents of which one must protect the asset. Left out, any recognised agent will do.',
    group('An agent.', {
      name: objectName('The ProtectionAgent.'),
      minVersion: versionText(
        'minVersion',
        'The oldest version that counts as current here. An older one is a Warning.',
      ).optional(),
    }),
    ['name'],
    16,
  ).optional(),
  policies: keyedList(
    'Detection policies that must all be loaded.',
    group('A detection policy.', {
      name: text('Its name as the agent reports it, such as a rules file or a TracingPolicy.', { max: 253, min: 1 }),
      minVersion: versionText('minVersion', 'The oldest version that will do.').optional(),
      source: text('Where it must come from, such as ConfigMap, OCI or RemoteConfiguration. Left out, anywhere.', {
        max: 63,
        min: 1,
      }).optional(),
      rules: atomicList(
        'Rules of it that must be loaded. Left out, none in particular.',
        text('The name of a rule.', { max: 253, min: 1 }),
        200,
      ).optional(),
    }),
    ['name'],
    64,
  ).optional(),
  mitre: atomicList('Parts of MITRE ATT&CK that must be covered.', technique, 32).optional(),
  evidence: oneOf(
    "The least evidence that will do. Running: the agent's pod is ready. Reporting: the agent itself answered lately. Loaded: it proved the rules that it has loaded. Declared alone never makes an asset Protected, so it cannot be asked for.",
    requirableEvidence,
  ).default('Running'),
  telemetryMaxAge: durationField(
    'telemetryMaxAge',
    "How old a reading may be to count as evidence. Left out, the agent's own staleAfter.",
    {
      atLeast: '5s',
      atMost: '168h',
    },
  ).optional(),
  maxDropRatio: ratioField(
    'maxDropRatio',
    'The share of events that the agent may lose before it is a Warning, such as "1%". Left out, drops are not judged.',
  ).optional(),
});

const exemption = withRules(
  group('Assets that this policy leaves alone until a day.', {
    name: text('A name for it in reports.', { max: 63, min: 1 }).optional(),
    selector: assetSelector('Which of the selected assets.'),
    reason: text('Why, for those who read the report.', { max: 1024, min: 8 }),
    expiresAt: instant(
      'When it ends. One that has ended is ignored. One that has already ended when it is added is refused, where the webhook runs.',
    ),
  }),
  {
    rule: 'has(self.selector.namespaceSelector) || has(self.selector.podSelector) || has(self.selector.nodeSelector)',
    message:
      'an exemption needs a namespaceSelector, podSelector or nodeSelector; to exempt everything, delete the policy',
    holds: ({ selector: { namespaceSelector, podSelector, nodeSelector } }) =>
      [namespaceSelector, podSelector, nodeSelector].some((selector) => selector !== undefined),
  },
);

const admission = group('What happens when a pod or a pod controller is admitted that would run without protection.', {
  mode: oneOf('Off: nothing. Audit: counted. Warn: the user is warned. Deny: refused.', admissionModes).default('Off'),
  when: oneOf('AllNodes: only if no node on which it may land is protected. AnyNode: already if one is not.', [
    'AllNodes',
    'AnyNode',
  ]).default('AllNodes'),
  kinds: atomicList(
    'The kinds that are judged, each of which Deny refuses. Left out, all of them are judged; Deny then refuses pods and only warns of their controllers.',
    oneOf('A kind.', admissionKinds),
    admissionKinds.length,
  ).optional(),
  breakGlass: oneOf(
    'Whether the annotations workloadprotection.dev/break-glass (the reason) and workloadprotection.dev/break-glass-until (the end, a time) on a pod or its template let it pass. Until then it counts as exempt from this policy.',
    ['Allowed', 'Forbidden'],
  ).default('Allowed'),
});

const nodes = group(
  'What is written onto the selected nodes. Only for policies without namespaceSelector and podSelector.',
  {
    condition: flag('Whether to keep the node condition WorkloadProtected.').default(false),
    startupTaint: group(
      'Removal of the taint workloadprotection.dev/unprotected:NoSchedule, with which the node pool registers its nodes. It is never added by us.',
      {
        enabled: flag('Whether to remove it once the node is protected.').default(false),
        timeLimit: durationField('timeLimit', 'How long a node may wait for protection.', {
          atLeast: '30s',
          atMost: '24h',
        }).default('10m'),
        onTimeLimit: oneOf('What to do with the taint at the time limit.', ['Remove', 'Keep']).default('Remove'),
      },
    ).prefault({}),
  },
);

const spec = withRules(
  group('What is selected, and what is demanded of it.', {
    selector: assetSelector(
      'What is selected; empty for everything. A pod is selected when all three match, a node only by a policy with neither namespaceSelector nor podSelector.',
    ).prefault({}),
    criticality: oneOf('How much the selected assets matter: gaps are listed in this order.', ranks).default('Medium'),
    require: requirement.prefault({}),
    gracePeriod: durationField(
      'gracePeriod',
      'How long a new node or pod may take until its agent has reported. Until then its state is Unknown.',
      {
        atMost: '24h',
      },
    ).default('5m'),
    posture: keyedList('Risky behaviours that are to become findings.', postureRule, ['behaviour'], 50).optional(),
    admission: admission.prefault({}),
    nodes: nodes.prefault({}),
    exemptions: atomicList('Exemptions from this policy. They free from no other one.', exemption, 100).optional(),
  }),
  {
    rule: '!(self.nodes.condition || self.nodes.startupTaint.enabled) || (!has(self.selector.namespaceSelector) && !has(self.selector.podSelector))',
    message:
      'spec.nodes.condition and spec.nodes.startupTaint need a policy that selects nodes: remove spec.selector.namespaceSelector and spec.selector.podSelector',
    holds: ({ nodes: { condition, startupTaint }, selector }) =>
      !(condition || startupTaint.enabled) ||
      (selector.namespaceSelector === undefined && selector.podSelector === undefined),
  },
);

const status = group('How the selected assets stand.', {
  observedGeneration: observedGeneration().optional(),
  conditions: conditions(
    'Accepted (the policy can be applied as written), Satisfied (every selected asset meets it or is exempt); and only where there is something to say: AttackIdsKnown (False where spec.require.mitre names what ATT&CK does not hold), BehavioursVisible (False where spec.posture names behaviours that nobody here can see, with what would make them seen), NodesMarked (whether nodes carry what spec.nodes asks for)',
  ).optional(),
  matched: group('The selected assets by state, as this policy alone judges them.', {
    nodes: counts('Nodes.').prefault({}),
    pods: counts('Pods.').prefault({}),
    workloads: counts('Workloads.').prefault({}),
  }).optional(),
  gaps: atomicList('The leading gaps, the most pressing first.', gap, 10).optional(),
});

export const workloadPolicySchema = kind(
  'WorkloadPolicy',
  'What is demanded of nodes, pods and workloads: which agents, policies, rules and techniques must protect them, which behaviours become findings, and what happens to pods that would run without protection.',
  { spec: spec.prefault({}), status: status.optional() },
);

export type WorkloadPolicy = Immutable<z.infer<typeof workloadPolicySchema>>;
export type WorkloadPolicyInput = Immutable<z.input<typeof workloadPolicySchema>>;
export type WorkloadPolicySpec = WorkloadPolicy['spec'];
export type WorkloadPolicyStatus = NonNullable<WorkloadPolicy['status']>;
export type Exemption = Immutable<z.infer<typeof exemption>>;
export type Requirement = Immutable<z.infer<typeof requirement>>;

export const workloadPolicyTable: KindTable = {
  kind: 'WorkloadPolicy',
  plural: 'workloadpolicies',
  singular: 'workloadpolicy',
  shortName: 'wpol',
  scope: 'Cluster',
  hasStatus: true,
  schema: workloadPolicySchema,
  columns: [
    {
      name: 'Criticality',
      type: 'string',
      jsonPath: '.spec.criticality',
      description: 'How much the selected assets matter.',
    },
    {
      name: 'Satisfied',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Satisfied')].status",
      description: 'Whether every selected asset meets it.',
    },
    { name: 'Nodes', type: 'integer', jsonPath: '.status.matched.nodes.total', description: 'Nodes selected.' },
    {
      name: 'Nodes %',
      type: 'string',
      jsonPath: '.status.matched.nodes.protectedPercent',
      description: 'Nodes protected, in percent.',
    },
    {
      name: 'Workloads',
      type: 'integer',
      jsonPath: '.status.matched.workloads.total',
      description: 'Workloads selected.',
    },
    {
      name: 'Workloads %',
      type: 'string',
      jsonPath: '.status.matched.workloads.protectedPercent',
      description: 'Workloads protected, in percent.',
    },
    {
      name: 'Admission',
      type: 'string',
      jsonPath: '.spec.admission.mode',
      description: 'What happens to pods that would run without protection.',
    },
    {
      name: 'Evidence',
      type: 'string',
      jsonPath: '.spec.require.evidence',
      description: 'The least evidence that will do.',
      priority: 1,
    },
    {
      name: 'Accepted',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Accepted')].status",
      description: 'Whether it can be applied as written.',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Satisfied')].message",
      description: 'What is missing.',
      priority: 1,
    },
    ageColumn,
  ],
  selectableFields: ['.spec.criticality', '.spec.admission.mode'],
};
