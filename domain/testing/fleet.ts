// Random fleets and random lives of them, for properties. Few names and few values, so that things meet.
import { array, boolean, constant, constantFrom, nat, oneof, record, uniqueArray, type Arbitrary } from 'fast-check';
import type { CoverageModel } from '../coverage/model.ts';
import type {
  Declarations,
  DeclaredPolicy,
  Exclusion,
  HealthIssue,
  InstanceTelemetry,
  LoadedPolicy,
} from '../telemetry/types.ts';
import type {
  AgentDefinition,
  DaemonSetFacts,
  NodeFacts,
  OwnerFacts,
  PodFacts,
  PodShape,
  Policy,
  Requirement,
} from '../types.ts';
import { aDatadog, aFalco, scraped } from './agents.ts';
import { aNode, aTaint } from './nodes.ts';
import { aContainer, aDaemonSet, aPod, aShape, aStatus, aTrouble, falcoContainer, falcoLabels } from './pods.ts';
import { aRule, declaring } from './telemetry.ts';
import { admitting, anExemption, aPolicy, labelled, minutes, requiring, selecting } from './policies.ts';

/** One thing that happens to a fleet. */
export type Step =
  | {
      readonly kind: 'facts';
      readonly key: string;
      readonly apply: (model: CoverageModel) => void;
      readonly undo: (model: CoverageModel) => void;
    }
  | { readonly kind: 'remove'; readonly index: number }
  | { readonly kind: 'agents'; readonly agents: readonly AgentDefinition[] }
  | { readonly kind: 'policies'; readonly policies: readonly Policy[] }
  | { readonly kind: 'clock'; readonly by: number };

const node = constantFrom('n1', 'n2', 'n3');
const instant = constantFrom(0, 3 * minutes, 8 * minutes);

export const someNode: Arbitrary<NodeFacts> = record({
  name: node,
  uid: constantFrom('first', 'second'),
  pool: constantFrom('a', 'b'),
  taint: constantFrom(undefined, 'dedicated=gpu:NoSchedule', 'workloadprotection.dev/unprotected:NoSchedule'),
  ready: boolean(),
  virtual: constantFrom(undefined, undefined, 'EKS Fargate'),
  operatingSystem: constantFrom('linux', 'linux', 'windows'),
  createdAt: instant,
}).map(({ name, pool, taint, ...rest }) =>
  aNode({ ...rest, name, labels: { pool }, taints: taint === undefined ? [] : [aTaint(taint)] }),
);

const shapes: readonly PodShape[] = [
  aShape({ labels: { app: 'web' } }),
  aShape({ labels: { app: 'web' }, runtimeClass: 'kata' }),
  aShape({ labels: { app: 'db' }, privileged: true, containers: [aContainer(), aContainer({ name: 'exporter' })] }),
  aShape({
    labels: { app: 'job' },
    containers: [
      aContainer(),
      aContainer({ name: 'datadog-agent', image: 'gcr.io/datadog/agent:7.60.0', role: 'sidecar' }),
    ],
  }),
];

const placed = record({
  at: constantFrom('n1', 'n2', 'n3', 'pinned-n1', undefined),
  phase: constantFrom('Pending', 'Running', 'Running', 'Running', 'Succeeded', 'Failed'),
  ready: boolean(),
  createdAt: instant,
} as const);

const place = ({
  at,
  phase,
  ready,
  createdAt,
}: {
  at: string | undefined;
  phase: PodFacts['phase'];
  ready: boolean;
  createdAt: number;
}) => ({
  node: at?.startsWith('pinned') ? undefined : at,
  pinnedNode: at?.startsWith('pinned') ? 'n1' : undefined,
  phase,
  ready: ready && phase === 'Running' && at !== undefined,
  createdAt,
});

export const somePod: Arbitrary<PodFacts> = record({
  placed,
  namespace: constantFrom('shop', 'lab'),
  name: constantFrom('p1', 'p2', 'p3', 'p4'),
  shape: constantFrom(...shapes),
  owner: constantFrom(undefined, 'ReplicaSet/r1', 'ReplicaSet/r2', 'Job/j1', 'Rollout/x'),
  breaksGlassUntil: constantFrom(undefined, undefined, undefined, 6 * minutes, 12 * minutes),
}).map(({ placed, owner, breaksGlassUntil: until, ...rest }) =>
  aPod({
    ...rest,
    ...place(placed),
    owner: referenceTo(owner),
    ...(until === undefined ? {} : { breakGlass: { reason: 'the shop is down', until, uid: 'u' } }),
  }),
);

/** A pod of the DaemonSet `security/falco` or `security/falco-new`. */
export const someAgentPod: Arbitrary<PodFacts> = record({
  placed,
  owner: constantFrom('DaemonSet/falco', 'DaemonSet/falco-new'),
  name: constantFrom('f1', 'f2', 'f3'),
  tag: constantFrom('0.40.0', '0.43.0', 'latest'),
  trouble: constantFrom(
    undefined,
    aTrouble({
      containers: [aStatus({ waitingReason: 'CrashLoopBackOff', lastExitCode: 1, lastExitReason: 'Error' })],
    }),
    aTrouble({ scheduling: '0/3 nodes are available: 1 Insufficient cpu.' }),
  ),
}).map(({ placed, owner, name, tag, trouble }) => {
  const where = place(placed);
  return aPod({
    namespace: 'security',
    name,
    ...where,
    owner: referenceTo(owner),
    shape: tagged.get(tag) ?? aShape(),
    trouble: where.ready ? undefined : trouble,
  });
});

const tagged = new Map(
  ['0.40.0', '0.43.0', 'latest'].map((tag) => [
    tag,
    aShape({ labels: falcoLabels, containers: [falcoContainer(tag)] }),
  ]),
);

/** Chains that may be incomplete, change, and bite their own tail. */
export const someOwner: Arbitrary<OwnerFacts> = record({
  namespace: constantFrom('shop', 'lab'),
  self: constantFrom('ReplicaSet/r1', 'ReplicaSet/r2', 'Job/j1', 'Deployment/d1', 'CronJob/c1'),
  owner: constantFrom(undefined, undefined, 'Deployment/d1', 'CronJob/c1', 'Rollout/x', 'ReplicaSet/r1'),
}).map(({ namespace, self, owner }) => {
  const { kind, name } = referenceTo(self) ?? { kind: '', name: '' };
  return { kind, name, namespace, owner: referenceTo(owner), labels: {} };
});

const referenceTo = (text: string | undefined): PodFacts['owner'] => {
  const [kind = '', name = ''] = text?.split('/') ?? [];
  return text === undefined ? undefined : { apiVersion: 'apps/v1', kind, name };
};

export const someDaemonSet: Arbitrary<DaemonSetFacts> = record({
  name: constantFrom('falco', 'falco-new'),
  tolerates: boolean(),
  pool: constantFrom(undefined, 'a'),
  createdAt: instant,
}).map(({ name, tolerates, pool, createdAt }) =>
  aDaemonSet({
    name,
    createdAt,
    scheduling: {
      tolerations: tolerates ? [{ key: '', operator: 'Exists', value: '', effect: '' }] : [],
      nodeSelector: pool === undefined ? {} : { pool },
    },
  }),
);

export const someAgents: Arbitrary<readonly AgentDefinition[]> = constantFrom(
  [],
  [aFalco()],
  [aFalco({ minVersion: '0.42.0', runtimeHandlers: ['kata'] }), aDatadog()],
  [aFalco({ telemetry: scraped }), aDatadog({ telemetry: { ...scraped, mode: 'Push', staleAfter: 4 * minutes } })],
  [aFalco({ telemetry: scraped, minVersion: '0.42.0' })],
  [aDatadog(), aFalco({ protection: [{ kind: 'env', container: undefined, name: 'ON', value: '1' }] })],
);

const selector = constantFrom(
  selecting(),
  selecting({ node: labelled({ pool: 'a' }) }),
  selecting({ namespace: labelled({ env: 'production' }) }),
  selecting({ pod: labelled({ app: 'web' }) }),
);

/** What only an agent's own words can meet. */
const demands: readonly Partial<Requirement>[] = [
  { policies: [{ name: 'rules.yaml', minVersion: '2', source: undefined, rules: ['shell'] }] },
  {
    policies: [{ name: 'scoped', minVersion: undefined, source: 'CustomResource', rules: [] }],
    telemetryMaxAge: minutes,
  },
  { mitre: [{ tactic: undefined, techniques: ['T1059'], minimumRules: 1 }], maxDropRatio: 0.03 },
  { telemetryMaxAge: 6 * minutes, maxDropRatio: 0 },
];

export const somePolicy: Arbitrary<Policy> = record({
  name: constantFrom('p1', 'p2', 'p3'),
  selector,
  criticality: constantFrom('Low', 'Medium', 'High', 'Critical'),
  agents: constantFrom([], ['falco'], ['falco', 'datadog'], ['nobody']),
  minVersion: constantFrom(undefined, '0.41.0'),
  evidence: constantFrom('Running', 'Running', 'Loaded'),
  asks: constantFrom({}, {}, ...demands),
  gracePeriod: constantFrom(0, 2 * minutes, 10 * minutes),
  breakGlass: constantFrom('Allowed', 'Allowed', 'Forbidden'),
  exemptions: array(
    record({ selector, name: constantFrom('e1', 'e2'), expiresAt: instant.map((at) => at + 1) }).map(anExemption),
    { maxLength: 2 },
  ),
} as const).map(({ agents, minVersion, evidence, asks, breakGlass, ...rest }) =>
  aPolicy({
    ...rest,
    admission: admitting({ breakGlass }),
    require: requiring({ agents: agents.map((name) => ({ name, minVersion })), evidence, ...asks }),
  }),
);

export const somePolicies: Arbitrary<readonly Policy[]> = uniqueArray(somePolicy, {
  maxLength: 3,
  selector: ({ name }) => name,
});

const facts = <F>(
  arbitrary: Arbitrary<F>,
  keyOf: (facts: F) => string,
  apply: (model: CoverageModel, facts: F) => void,
  undo: (model: CoverageModel, facts: F) => void,
): Arbitrary<Step> =>
  arbitrary.map((value) => ({
    kind: 'facts',
    key: keyOf(value),
    apply: (model) => apply(model, value),
    undo: (model) => undo(model, value),
    toString: () => JSON.stringify(value),
  }));

const pods = (arbitrary: Arbitrary<PodFacts>): Arbitrary<Step> =>
  facts(
    arbitrary,
    ({ namespace, name }) => `Pod/${namespace}/${name}`,
    (model, pod) => model.upsertPod(pod),
    (model, { namespace, name }) => model.removePod(namespace, name),
  );

const someExposure = record({
  namespace: constantFrom('shop', 'lab'),
  app: constantFrom('web', 'db'),
  isIngress: boolean(),
}).map(({ namespace, app, isIngress }) => ({
  kind: isIngress ? ('Ingress' as const) : ('Service' as const),
  namespace,
  name: isIngress ? 'all' : app,
  loadBalancer: app === 'db',
  selector: isIngress ? undefined : { app },
  services: isIngress ? [{ namespace, name: app }] : [],
}));

const someLoadedPolicy: Arbitrary<LoadedPolicy> = record(
  {
    name: constantFrom('rules.yaml', 'scoped'),
    status: constantFrom('Loaded', 'Loaded', 'PartiallyLoaded', 'Disabled', 'Failed'),
    version: constantFrom('1', '2'),
    digest: constantFrom('sha256:a', 'sha256:b'),
    rules: constantFrom([aRule({ name: 'shell' })], [aRule({ name: 'shell', status: 'Disabled' }), aRule()]),
  } as const,
  { requiredKeys: ['name', 'status'] },
);

export const someTelemetry: Arbitrary<InstanceTelemetry> = record({
  at: instant,
  says: boolean(),
  reading: record(
    {
      version: constantFrom('0.41.0', '0.43.0'),
      policies: array(someLoadedPolicy, { maxLength: 2 }),
      policiesAre: constantFrom('Complete', 'Partial'),
      drops: constantFrom([], [{ lost: 5, total: 100, where: 'buffer' }], [{ lost: 1, where: 'queue' }]),
    } as const,
    { requiredKeys: [] },
  ),
  issues: constantFrom<HealthIssue[][]>(
    [],
    [],
    [{ reason: 'AgentHealth', cause: 'it is short of memory', remedy: 'Give it more' }],
    [{ reason: 'ProtectionDisabled', cause: 'it has no driver', remedy: 'Load it' }],
  ),
  askedSince: instant,
  failure: constantFrom(undefined, 'connection refused', 'no answer'),
}).map(({ at, says, reading, issues, askedSince, failure }) => ({
  reading: says ? { at, ...reading, issues } : undefined,
  askedSince,
  failure,
}));

const someDeclared: Arbitrary<DeclaredPolicy> = record(
  {
    agent: constant('falco'),
    name: constantFrom('rules.yaml', 'scoped'),
    source: constantFrom('ConfigMap', 'CustomResource'),
    declaredBy: constantFrom(
      { kind: 'ConfigMap', namespace: 'security', name: 'rules' },
      { kind: 'TracingPolicy', name: 'scoped' },
    ),
    version: constantFrom('1', '2'),
    digest: constantFrom('sha256:a', 'sha256:b'),
    rules: constant([aRule({ name: 'shell' }), aRule({ name: 'declared only' })]),
    nodeSelector: constantFrom(labelled({ pool: 'a' }), labelled({ pool: 'b' })),
    pods: constantFrom(
      { namespace: 'shop' },
      { podSelector: labelled({ app: 'web' }) },
      { namespaceSelector: labelled({ env: 'production' }), containers: ['app'] },
    ),
  } as const,
  { requiredKeys: ['agent', 'name', 'source', 'declaredBy'] },
);

export const someDeclarations: Arbitrary<Declarations> = record({
  policies: array(someDeclared, { maxLength: 2 }),
  contents: constantFrom([], [{ digest: 'sha256:a', rules: [aRule({ name: 'shell' })], version: '2' }]),
  exclusions: constantFrom<Exclusion[][]>(
    [],
    [],
    [{ agent: 'falco', pods: { namespace: 'lab' }, cause: 'it leaves lab out', remedy: 'Let it in' }],
    [{ agent: 'falco', annotation: { key: 'app', value: 'web' }, cause: 'it opted out', remedy: 'Opt in' }],
  ),
  notes: constant([]),
});

const someWords: Arbitrary<Step> = record({
  node,
  agent: constantFrom('falco', 'falco', 'datadog'),
  says: someTelemetry,
}).map(({ node, agent, says }) => ({
  kind: 'facts',
  key: `Telemetry/${node}/${agent}`,
  apply: (model) => void model.setTelemetry(node, agent, says),
  undo: (model) => void model.setTelemetry(node, agent, undefined),
  toString: () => JSON.stringify({ node, agent, says }),
}));

const someDeclaring: Arbitrary<Step> = record({
  agent: constantFrom('falco', 'falco', 'datadog'),
  declared: someDeclarations,
}).map(({ agent, declared }) => ({
  kind: 'facts',
  key: `Declarations/${agent}`,
  apply: (model) => void model.setDeclarations(agent, declared),
  undo: (model) => void model.setDeclarations(agent, declaring()),
  toString: () => JSON.stringify({ agent, declared }),
}));

const settled = <F>(
  key: string,
  value: F,
  apply: (model: CoverageModel, value: F) => void,
): Extract<Step, { kind: 'facts' }> => ({
  kind: 'facts',
  key,
  apply: (model) => apply(model, value),
  undo: () => undefined,
});

const speakingNodes = ['n1', 'n2', 'n3'];

/** A fleet on whose every node falco runs and is asked, with pods in two namespaces: what happens on it is only talk. */
export const speakingFleet: readonly Extract<Step, { kind: 'facts' }>[] = [
  settled('DaemonSet/falco', aDaemonSet(), (model, value) => model.upsertDaemonSet(value)),
  ...speakingNodes.flatMap((name, index) => [
    settled(`Node/${name}`, aNode({ name, labels: { pool: index === 0 ? 'a' : 'b' } }), (model, value) =>
      model.upsertNode(value),
    ),
    ...[
      aPod({
        namespace: 'security',
        name: `falco-${name}`,
        node: name,
        owner: referenceTo('DaemonSet/falco'),
        shape: tagged.get('0.43.0') ?? aShape(),
      }),
      aPod({
        namespace: 'shop',
        name: `web-${name}`,
        node: name,
        owner: referenceTo('ReplicaSet/web'),
        shape: shapes[0] ?? aShape(),
      }),
      aPod({ namespace: 'lab', name: `db-${name}`, node: name, shape: shapes[2] ?? aShape() }),
    ].map((pod) => settled(`Pod/${pod.name}`, pod, (model, value) => model.upsertPod(value))),
  ]),
];

export const someTalk: Arbitrary<Step> = oneof(
  { weight: 8, arbitrary: someWords },
  { weight: 4, arbitrary: someDeclaring },
  { weight: 2, arbitrary: record({ kind: constant('policies'), policies: somePolicies } as const) },
  {
    weight: 2,
    arbitrary: constantFrom<readonly AgentDefinition[]>([aFalco({ telemetry: scraped })], [aFalco()]).map((agents) => ({
      kind: 'agents' as const,
      agents,
    })),
  },
  {
    weight: 3,
    arbitrary: record({ kind: constant('clock'), by: constantFrom(1, minutes, 3 * minutes, 7 * minutes) } as const),
  },
);

export const someStep: Arbitrary<Step> = oneof(
  { weight: 4, arbitrary: someWords },
  { weight: 2, arbitrary: someDeclaring },
  { weight: 4, arbitrary: pods(somePod) },
  { weight: 4, arbitrary: pods(someAgentPod) },
  {
    weight: 3,
    arbitrary: facts(
      someNode,
      ({ name }) => `Node/${name}`,
      (model, value) => model.upsertNode(value),
      (model, { name }) => model.removeNode(name),
    ),
  },
  {
    weight: 2,
    arbitrary: facts(
      someOwner,
      ({ kind, namespace, name }) => `${kind}/${namespace}/${name}`,
      (model, value) => model.upsertOwner(value),
      (model, { kind, namespace, name }) => model.removeOwner(kind, namespace, name),
    ),
  },
  {
    weight: 2,
    arbitrary: facts(
      someDaemonSet,
      ({ name }) => `DaemonSet/${name}`,
      (model, value) => model.upsertDaemonSet(value),
      (model, { namespace, name }) => model.removeDaemonSet(namespace, name),
    ),
  },
  {
    weight: 1,
    arbitrary: facts(
      record({
        name: constantFrom('shop', 'lab'),
        labels: constantFrom({ env: 'production' }, { env: 'test' }),
        terminating: boolean(),
      }),
      ({ name }) => `Namespace/${name}`,
      (model, value) => model.upsertNamespace(value),
      (model, { name }) => model.removeNamespace(name),
    ),
  },
  {
    weight: 1,
    arbitrary: facts(
      constantFrom('runc', 'kata-qemu', 'kata').map((handler) => ({
        name: 'kata',
        handler,
        nodeSelector: {},
        tolerations: [],
      })),
      () => 'RuntimeClass/kata',
      (model, value) => model.upsertRuntimeClass(value),
      (model, { name }) => model.removeRuntimeClass(name),
    ),
  },
  {
    weight: 1,
    arbitrary: facts(
      someExposure,
      ({ kind, namespace, name }) => `${kind}/${namespace}/${name}`,
      (model, value) => model.upsertExposure(value),
      (model, { kind, namespace, name }) => model.removeExposure(kind, namespace, name),
    ),
  },
  { weight: 3, arbitrary: record({ kind: constant('remove'), index: nat(30) } as const) },
  { weight: 1, arbitrary: record({ kind: constant('agents'), agents: someAgents } as const) },
  { weight: 1, arbitrary: record({ kind: constant('policies'), policies: somePolicies } as const) },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('clock'),
      by: constantFrom(1, minutes, 3 * minutes, 10 * minutes, -4 * minutes),
    } as const),
  },
);
