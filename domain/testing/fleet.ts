// Random fleets and random lives of them, for properties. Few names and few values, so that things meet.
import { array, boolean, constant, constantFrom, nat, oneof, record, uniqueArray, type Arbitrary } from 'fast-check';
import type { CoverageModel } from '../coverage/model.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, OwnerFacts, PodFacts, PodShape, Policy } from '../types.ts';
import { aDatadog, aFalco } from './agents.ts';
import { aNode, aTaint } from './nodes.ts';
import { aContainer, aDaemonSet, aPod, aShape, aStatus, aTrouble, falcoContainer, falcoLabels } from './pods.ts';
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
  [aDatadog(), aFalco({ protection: [{ kind: 'env', container: undefined, name: 'ON', value: '1' }] })],
);

const selector = constantFrom(
  selecting(),
  selecting({ node: labelled({ pool: 'a' }) }),
  selecting({ namespace: labelled({ env: 'production' }) }),
  selecting({ pod: labelled({ app: 'web' }) }),
);

export const somePolicy: Arbitrary<Policy> = record({
  name: constantFrom('p1', 'p2', 'p3'),
  selector,
  criticality: constantFrom('Low', 'Medium', 'High', 'Critical'),
  agents: constantFrom([], ['falco'], ['falco', 'datadog'], ['nobody']),
  minVersion: constantFrom(undefined, '0.41.0'),
  evidence: constantFrom('Running', 'Running', 'Loaded'),
  gracePeriod: constantFrom(0, 2 * minutes, 10 * minutes),
  breakGlass: constantFrom('Allowed', 'Allowed', 'Forbidden'),
  exemptions: array(
    record({ selector, name: constantFrom('e1', 'e2'), expiresAt: instant.map((at) => at + 1) }).map(anExemption),
    { maxLength: 2 },
  ),
} as const).map(({ agents, minVersion, evidence, breakGlass, ...rest }) =>
  aPolicy({
    ...rest,
    admission: admitting({ breakGlass }),
    require: requiring({ agents: agents.map((name) => ({ name, minVersion })), evidence }),
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

export const someStep: Arbitrary<Step> = oneof(
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
