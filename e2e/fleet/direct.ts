// A fleet made without controllers and scheduler: every object is written as they would have left it, pods on their nodes. For
// measurements at 150,000 pods, which take controllers most of an hour. The control plane must run without controller-manager (it
// would not know the owners' uids and collect the pods) and with `--disable-admission-plugins=ServiceAccount`.
//
// Of the agents only DaemonSets that choose nodes by labels are placed, so this is for the scenarios `plain` and `all-agents`.
import { createHash } from 'node:crypto';
import { eachOf, type Progress } from './apply.ts';
import type { Cluster } from './cluster.ts';
import type { Manifest, OwnerReference, StringMap } from './manifest.ts';
import type { PlannedNode } from './node.ts';
import type { FleetPlan } from './plan.ts';
import type { PoolName } from './pools.ts';

export interface DirectOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
}

export const applyDirectly = async (
  cluster: Cluster,
  plan: FleetPlan,
  options: DirectOptions = {},
): Promise<number> => {
  const { onProgress = () => {}, concurrency = 32, signal } = options;
  const create = async (step: Progress['step'], manifests: readonly Manifest[]): Promise<void> => {
    let done = 0;
    await eachOf(manifests, concurrency, async (manifest) => {
      signal?.throwIfAborted();
      await cluster.create(manifest);
      done += 1;
      if (done % 1000 === 0 || done === manifests.length) onProgress({ step, done, of: manifests.length });
    });
  };
  const { agents, workloads } = directObjects(plan);
  await create('shared', [...plan.namespaces, ...plan.shared]);
  await create(
    'nodes',
    plan.nodes.map(({ manifest }) => manifest),
  );
  await create('agents', agents);
  await create('workloads', [...workloads, ...plan.exposure]);
  return (
    plan.namespaces.length +
    plan.shared.length +
    plan.nodes.length +
    agents.length +
    workloads.length +
    plan.exposure.length
  );
};

export const directObjects = (
  plan: FleetPlan,
): { readonly agents: readonly Manifest[]; readonly workloads: readonly Manifest[] } => {
  const seats = seatsOf(plan.nodes);
  const workloads = plan.workloads.flatMap(({ manifests, pods, pool }) => {
    const manifest = manifests[0]!;
    const nodes = Array.from({ length: pods }, () => seats(pool));
    if (manifest.kind === 'Pod') return [bound(manifest, nodes[0]!)];
    return pods === 0 ? [manifest] : withPods(manifest, nodes);
  });
  const agents = plan.agents.flatMap((manifest) =>
    manifest.kind === 'DaemonSet' ? withPods(manifest, nodesFor(manifest, plan.nodes)) : [manifest],
  );
  return { agents, workloads };
};

type Seats = (pool: PoolName | undefined) => string;

/** By turns over the pool's nodes; those without a pool go where no taint keeps them off. */
const seatsOf = (nodes: readonly PlannedNode[]): Seats => {
  const byPool = new Map<PoolName | undefined, { readonly names: readonly string[]; next: number }>();
  const open = nodes.filter(({ manifest }) => (manifest['spec'] as NodeSpec).taints === undefined);
  byPool.set(undefined, { names: open.map(({ name }) => name), next: 0 });
  for (const pool of new Set(nodes.map((node) => node.pool))) {
    byPool.set(pool, { names: nodes.filter((node) => node.pool === pool).map(({ name }) => name), next: 0 });
  }
  return (pool) => {
    const turn = byPool.get(pool)!;
    turn.next += 1;
    return turn.names[turn.next % turn.names.length]!;
  };
};

const nodesFor = (daemonSet: Manifest, nodes: readonly PlannedNode[]): readonly string[] => {
  const wanted = Object.entries((daemonSet['spec'] as OwnerSpec).template.spec.nodeSelector ?? {});
  return nodes
    .filter(({ pool, manifest }) => {
      const labels = manifest.metadata.labels ?? {};
      return pool !== 'fargate' && pool !== 'aci' && wanted.every(([key, value]) => labels[key] === value);
    })
    .map(({ name }) => name);
};

/** The owner, the ReplicaSet between where there is one, and a pod for each of the nodes. */
const withPods = (manifest: Manifest, nodes: readonly string[]): readonly Manifest[] => {
  const spec = manifest['spec'] as OwnerSpec;
  if (manifest.kind !== 'Deployment') return [manifest, ...podsOf(manifest, spec, nodes)];
  const replicaSet: Manifest = {
    ...manifest,
    kind: 'ReplicaSet',
    metadata: {
      ...manifest.metadata,
      name: `${manifest.metadata.name}-${digest(manifest.metadata.name).slice(0, 9)}`,
      ownerReferences: [referenceTo(manifest)],
    },
    spec: { replicas: spec.replicas, selector: spec.selector, template: spec.template },
  };
  return [manifest, replicaSet, ...podsOf(replicaSet, spec, nodes)];
};

const podsOf = (owner: Manifest, { template }: OwnerSpec, nodes: readonly string[]): readonly Manifest[] =>
  nodes.map((node, index) =>
    bound(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...template.metadata,
          name:
            owner.kind === 'StatefulSet'
              ? `${owner.metadata.name}-${index}`
              : `${owner.metadata.name}-${digest(`${owner.metadata.name}/${index}`).slice(0, 5)}${index.toString(36)}`,
          namespace: owner.metadata.namespace!,
          ownerReferences: [referenceTo(owner)],
        },
        spec: template.spec,
      },
      node,
    ),
  );

/** Taints do not matter to a pod that names its node. */
const bound = (pod: Manifest, nodeName: string): Manifest => ({
  ...pod,
  spec: { ...(pod['spec'] as object), nodeName },
});

/** The API server gives its objects other uids than these; nobody follows uids here, but a reference must have one. */
const referenceTo = ({ apiVersion, kind, metadata }: Manifest): OwnerReference => {
  const hex = digest(`${kind}/${metadata.namespace}/${metadata.name}`);
  const uid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
  return { apiVersion, kind, name: metadata.name, uid, controller: true };
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

interface NodeSpec {
  readonly taints?: readonly unknown[];
}

interface OwnerSpec {
  readonly replicas?: number;
  readonly selector?: object;
  readonly template: {
    readonly metadata: { readonly labels: StringMap };
    readonly spec: { readonly nodeSelector?: StringMap };
  };
}
