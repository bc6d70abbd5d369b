// Random questions about placement, and random fleets to ask them about: few names and few values, so that things meet.
import { array, constant, constantFrom, integer, oneof, record, tuple, type Arbitrary } from 'fast-check';
import type { PlacementQuestion } from '../placement/answer.ts';
import type { NodeReport, ReportedRuleset } from '../placement/reported-presence.ts';
import type { NodeExpression, NodeFacts, NodeTerm, Policy, Scheduling, Toleration } from '../types.ts';
import { aNode, aTaint } from './nodes.ts';
import { aContainer, anywhere, aShape, falcoContainer, falcoLabels } from './pods.ts';
import { somePolicy } from './fleet.ts';
import { admitting, labelled, minutes, selecting } from './policies.ts';
import { aLoaded, aRule } from './telemetry.ts';

export const fleetSize = 12;
export const nameOf = (index: number): string => `node-${index}`;
const someIndex = integer({ min: 0, max: fleetSize - 1 });
const someName = someIndex.map(nameOf);
const instant = constantFrom(0, 0, 3 * minutes, 8 * minutes);

/** Most nodes are like others. */
const someModel: Arbitrary<Partial<NodeFacts>> = constantFrom<Partial<NodeFacts>[]>(
  {},
  {},
  {},
  { taints: [aTaint('dedicated=gpu:NoSchedule')], extendedResources: ['nvidia.com/gpu'] },
  { taints: [aTaint('dedicated=db:NoExecute'), aTaint('slow:PreferNoSchedule')] },
  { taints: [aTaint('workloadprotection.dev/unprotected:NoSchedule')] },
  { unschedulable: true },
  { operatingSystem: 'windows' },
  { virtual: 'EKS Fargate' },
);

export const someNodeOf = (index: number): Arbitrary<NodeFacts> =>
  record({
    model: someModel,
    pool: constantFrom('a', 'a', 'a', 'b'),
    hasRank: constantFrom(true, true, false),
    createdAt: instant,
  }).map(({ model, pool, hasRank, createdAt }) =>
    aNode({
      ...model,
      name: nameOf(index),
      createdAt,
      labels: {
        'kubernetes.io/hostname': nameOf(index),
        pool,
        ...(hasRank ? { rank: String(index) } : {}),
      },
    }),
  );

export const someFleet: Arbitrary<readonly NodeFacts[]> = integer({ min: 0, max: fleetSize }).chain((size) =>
  tuple(...Array.from({ length: size }, (_, index) => someNodeOf(index))),
);

/** What some nodes have loaded: one rule of what `somePolicy` asks for, and another policy. */
const ruleset: ReportedRuleset = {
  id: 'r',
  policies: [aLoaded({ version: '3', rules: [aRule({ name: 'shell', techniques: [] })] }), aLoaded({ name: 'scoped' })],
  counts: { tactics: new Map(), techniques: new Map([['T1059', 1]]), unmapped: 0 },
};

const reports: readonly NodeReport[] = [
  { agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Loaded' }], reasons: [], ruleset },
  { agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Reporting' }], reasons: [], ruleset },
  { agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }], reasons: [] },
  { agents: [{ name: 'falco', version: '0.40.0', state: 'Warning', evidence: 'Running' }], reasons: [] },
  { agents: [], reasons: [] },
  {
    agents: [{ name: 'falco', version: '0.43.0', state: 'Failed', evidence: 'Declared' }],
    reasons: [{ reason: 'AgentNotReady', cause: 'falco crashes', remedy: 'See its log', agent: 'falco' }],
  },
];

export const someReport: Arbitrary<NodeReport | undefined> = constantFrom(
  undefined,
  ...reports,
  ...reports.slice(0, 1),
  ...reports.slice(0, 1),
);
export const someNamed = someIndex;

const someExpression: Arbitrary<NodeExpression> = constantFrom(
  'In',
  'NotIn',
  'Exists',
  'DoesNotExist',
  'Gt',
  'Lt',
).chain((operator) =>
  constantFrom('pool', 'kubernetes.io/hostname', 'rank', 'absent').chain((key) => {
    const value =
      key === 'pool'
        ? constantFrom('a', 'b', 'c')
        : key === 'rank' || operator === 'Gt' || operator === 'Lt'
          ? someIndex.map(String)
          : someName;
    return array(value, { minLength: 1, maxLength: operator === 'In' || operator === 'NotIn' ? 3 : 1 }).map(
      (values) => ({ key, operator, values: operator === 'Exists' || operator === 'DoesNotExist' ? [] : values }),
    );
  }),
);

const someField: Arbitrary<NodeExpression> = record({
  key: constantFrom('metadata.name'),
  operator: constantFrom('In', 'NotIn'),
  values: array(someName, { minLength: 1, maxLength: 1 }),
} as const);

const someTerm: Arbitrary<NodeTerm> = record({
  expressions: array(someExpression, { maxLength: 2 }),
  fields: array(someField, { maxLength: 1 }),
});

const someToleration: Arbitrary<Toleration> = constantFrom(
  { key: '', operator: 'Exists', value: '', effect: '' },
  { key: 'dedicated', operator: 'Exists', value: '', effect: '' },
  { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', value: '', effect: 'NoSchedule' },
);

const someScheduling: Arbitrary<Scheduling> = record({
  nodeName: oneof({ weight: 15, arbitrary: constant(undefined) }, { weight: 1, arbitrary: someName }),
  nodeSelector: constantFrom(
    {},
    {},
    {},
    {},
    { pool: 'a' },
    { 'kubernetes.io/hostname': 'node-7' },
    { rank: '3' },
    { pool: 'nobody' },
  ),
  affinity: oneof(
    { weight: 2, arbitrary: constant(undefined) },
    { weight: 3, arbitrary: array(someTerm, { maxLength: 3 }) },
  ),
  tolerations: array(someToleration, { maxLength: 2 }),
  extendedResources: constantFrom([], [], [], [], [], ['nvidia.com/gpu']),
  operatingSystem: constantFrom(undefined, undefined, undefined, 'linux', 'windows'),
} as const).map((scheduling) => ({ ...anywhere, ...scheduling }));

export const someQuestion: Arbitrary<PlacementQuestion> = record({
  kind: constantFrom('Pod', 'Pod', 'Pod', 'Pod', 'Job'),
  namespace: constantFrom('shop', 'security'),
  namespaceLabels: constantFrom({ env: 'production' }, { env: 'test' }),
  shape: constantFrom(
    aShape({ labels: { app: 'web' } }),
    aShape({ labels: { app: 'db' } }),
    aShape({
      containers: [
        aContainer(),
        aContainer({ name: 'datadog-agent', image: 'gcr.io/datadog/agent:7.60.0', role: 'sidecar' }),
      ],
    }),
    aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')] }),
  ),
  scheduling: someScheduling,
  handler: constantFrom(undefined, undefined, 'kata'),
  owner: constantFrom(undefined, undefined, undefined, { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' }),
});

/** Some name single nodes. */
export const someJudges: Arbitrary<readonly Policy[]> = array(
  record({
    policy: somePolicy,
    node: constantFrom(
      undefined,
      undefined,
      labelled({ 'kubernetes.io/hostname': 'node-7' }),
      { matchLabels: {}, matchExpressions: [{ key: 'rank', operator: 'NotIn', values: ['1', '2', '3'] }] } as const,
      { matchLabels: {}, matchExpressions: [{ key: 'rank', operator: 'Exists', values: [] }] } as const,
    ),
    when: constantFrom('AllNodes', 'AnyNode'),
  } as const),
  { minLength: 1, maxLength: 4 },
).map((judges) =>
  judges.map(({ policy, node, when }, index) => ({
    ...policy,
    name: `policy-${index}`,
    // All else may stand in its way: most policies are for everything, or for nodes.
    selector: node === undefined && index > 0 ? policy.selector : selecting({ node }),
    admission: admitting({ mode: 'Warn', when, kinds: ['Pod', 'Deployment'] }),
  })),
);
