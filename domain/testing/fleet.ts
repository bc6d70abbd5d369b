// Random fleets and random lives of them, for properties. Few names and few values, so that things meet.
import * as fc from 'fast-check';
import type { CoverageModel } from '../coverage/model.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, OwnerFacts, PodFacts, PodShape, Policy } from '../types.ts';
import { aDatadog, aFalco } from './agents.ts';
import { aNode, aTaint } from './nodes.ts';
import { aContainer, aDaemonSet, aPod, aShape, aStatus, aTrouble, falcoContainer, falcoLabels } from './pods.ts';
import { anExemption, aPolicy, labelled, minutes, requiring, selecting } from './policies.ts';

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

const node = fc.constantFrom('n1', 'n2', 'n3');
const instant = fc.constantFrom(0, 3 * minutes, 8 * minutes);

export const someNode: fc.Arbitrary<NodeFacts> = fc
  .record({
    name: node,
    uid: fc.constantFrom('first', 'second'),
    pool: fc.constantFrom('a', 'b'),
    taint: fc.constantFrom(undefined, 'dedicated=gpu:NoSchedule', 'workloadprotection.dev/unprotected:NoSchedule'),
    ready: fc.boolean(),
    virtual: fc.constantFrom(undefined, undefined, 'EKS Fargate'),
    operatingSystem: fc.constantFrom('linux', 'linux', 'windows'),
    createdAt: instant,
  })
  .map(({ name, pool, taint, ...rest }) =>
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

const placed = fc.record({
  at: fc.constantFrom('n1', 'n2', 'n3', 'pinned-n1', undefined),
  phase: fc.constantFrom('Pending', 'Running', 'Running', 'Running', 'Succeeded', 'Failed'),
  ready: fc.boolean(),
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

export const somePod: fc.Arbitrary<PodFacts> = fc
  .record({
    placed,
    namespace: fc.constantFrom('shop', 'lab'),
    name: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
    shape: fc.constantFrom(...shapes),
    owner: fc.constantFrom(undefined, 'ReplicaSet/r1', 'ReplicaSet/r2', 'Job/j1', 'Rollout/x'),
  })
  .map(({ placed, owner, ...rest }) => aPod({ ...rest, ...place(placed), owner: referenceTo(owner) }));

/** A pod of the DaemonSet `security/falco` or `security/falco-new`. */
export const someAgentPod: fc.Arbitrary<PodFacts> = fc
  .record({
    placed,
    owner: fc.constantFrom('DaemonSet/falco', 'DaemonSet/falco-new'),
    name: fc.constantFrom('f1', 'f2', 'f3'),
    tag: fc.constantFrom('0.40.0', '0.43.0', 'latest'),
    trouble: fc.constantFrom(
      undefined,
      aTrouble({
        containers: [aStatus({ waitingReason: 'CrashLoopBackOff', lastExitCode: 1, lastExitReason: 'Error' })],
      }),
      aTrouble({ scheduling: '0/3 nodes are available: 1 Insufficient cpu.' }),
    ),
  })
  .map(({ placed, owner, name, tag, trouble }) => {
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
export const someOwner: fc.Arbitrary<OwnerFacts> = fc
  .record({
    namespace: fc.constantFrom('shop', 'lab'),
    self: fc.constantFrom('ReplicaSet/r1', 'ReplicaSet/r2', 'Job/j1', 'Deployment/d1', 'CronJob/c1'),
    owner: fc.constantFrom(undefined, undefined, 'Deployment/d1', 'CronJob/c1', 'Rollout/x', 'ReplicaSet/r1'),
  })
  .map(({ namespace, self, owner }) => {
    const { kind, name } = referenceTo(self) ?? { kind: '', name: '' };
    return { kind, name, namespace, owner: referenceTo(owner), labels: {} };
  });

const referenceTo = (text: string | undefined): PodFacts['owner'] => {
  const [kind = '', name = ''] = text?.split('/') ?? [];
  return text === undefined ? undefined : { apiVersion: 'apps/v1', kind, name };
};

export const someDaemonSet: fc.Arbitrary<DaemonSetFacts> = fc
  .record({
    name: fc.constantFrom('falco', 'falco-new'),
    tolerates: fc.boolean(),
    pool: fc.constantFrom(undefined, 'a'),
    createdAt: instant,
  })
  .map(({ name, tolerates, pool, createdAt }) =>
    aDaemonSet({
      name,
      createdAt,
      scheduling: {
        tolerations: tolerates ? [{ key: '', operator: 'Exists', value: '', effect: '' }] : [],
        nodeSelector: pool === undefined ? {} : { pool },
      },
    }),
  );

export const someAgents: fc.Arbitrary<readonly AgentDefinition[]> = fc.constantFrom(
  [],
  [aFalco()],
  [aFalco({ minVersion: '0.42.0', runtimeHandlers: ['kata'] }), aDatadog()],
  [aDatadog(), aFalco({ protection: [{ kind: 'env', container: undefined, name: 'ON', value: '1' }] })],
);

const selector = fc.constantFrom(
  selecting(),
  selecting({ node: labelled({ pool: 'a' }) }),
  selecting({ namespace: labelled({ env: 'production' }) }),
  selecting({ pod: labelled({ app: 'web' }) }),
);

export const somePolicy: fc.Arbitrary<Policy> = fc
  .record({
    name: fc.constantFrom('p1', 'p2', 'p3'),
    selector,
    criticality: fc.constantFrom('Low', 'Medium', 'High', 'Critical'),
    agents: fc.constantFrom([], ['falco'], ['falco', 'datadog'], ['nobody']),
    minVersion: fc.constantFrom(undefined, '0.41.0'),
    evidence: fc.constantFrom('Running', 'Running', 'Loaded'),
    gracePeriod: fc.constantFrom(0, 2 * minutes, 10 * minutes),
    exemptions: fc.array(
      fc
        .record({ selector, name: fc.constantFrom('e1', 'e2'), expiresAt: instant.map((at) => at + 1) })
        .map(anExemption),
      { maxLength: 2 },
    ),
  } as const)
  .map(({ agents, minVersion, evidence, ...rest }) =>
    aPolicy({ ...rest, require: requiring({ agents: agents.map((name) => ({ name, minVersion })), evidence }) }),
  );

export const somePolicies: fc.Arbitrary<readonly Policy[]> = fc.uniqueArray(somePolicy, {
  maxLength: 3,
  selector: ({ name }) => name,
});

const facts = <F>(
  arbitrary: fc.Arbitrary<F>,
  keyOf: (facts: F) => string,
  apply: (model: CoverageModel, facts: F) => void,
  undo: (model: CoverageModel, facts: F) => void,
): fc.Arbitrary<Step> =>
  arbitrary.map((value) => ({
    kind: 'facts',
    key: keyOf(value),
    apply: (model) => apply(model, value),
    undo: (model) => undo(model, value),
    toString: () => JSON.stringify(value),
  }));

const pods = (arbitrary: fc.Arbitrary<PodFacts>): fc.Arbitrary<Step> =>
  facts(
    arbitrary,
    ({ namespace, name }) => `Pod/${namespace}/${name}`,
    (model, pod) => model.upsertPod(pod),
    (model, { namespace, name }) => model.removePod(namespace, name),
  );

const someExposure = fc
  .record({ namespace: fc.constantFrom('shop', 'lab'), app: fc.constantFrom('web', 'db'), isIngress: fc.boolean() })
  .map(({ namespace, app, isIngress }) => ({
    kind: isIngress ? ('Ingress' as const) : ('Service' as const),
    namespace,
    name: isIngress ? 'all' : app,
    loadBalancer: app === 'db',
    selector: isIngress ? undefined : { app },
    services: isIngress ? [{ namespace, name: app }] : [],
  }));

export const someStep: fc.Arbitrary<Step> = fc.oneof(
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
      fc.record({
        name: fc.constantFrom('shop', 'lab'),
        labels: fc.constantFrom({ env: 'production' }, { env: 'test' }),
        terminating: fc.boolean(),
      }),
      ({ name }) => `Namespace/${name}`,
      (model, value) => model.upsertNamespace(value),
      (model, { name }) => model.removeNamespace(name),
    ),
  },
  {
    weight: 1,
    arbitrary: facts(
      fc
        .constantFrom('runc', 'kata-qemu', 'kata')
        .map((handler) => ({ name: 'kata', handler, nodeSelector: {}, tolerations: [] })),
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
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('remove'), index: fc.nat(30) } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('agents'), agents: someAgents } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('policies'), policies: somePolicies } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock'),
      by: fc.constantFrom(1, minutes, 3 * minutes, 10 * minutes, -4 * minutes),
    } as const),
  },
);
