// Gaps that are made by workloads rather than by agents: ones that take the room, ones without a sidecar, ones in a sandbox.
import type { Cluster } from './cluster.ts';
import type { Manifest, ObjectRef } from './manifest.ts';
import { seededRandom } from './random.ts';
import { waitUntil } from './wait.ts';
import { planWorkload } from './workloads.ts';

const namespace = 'platform-production';
const deadlineMs = 120_000;

export interface HungryNeighbours {
  readonly workloads: readonly ObjectRef[];
  readonly settleIn: (cluster: Cluster) => Promise<void>;
  readonly leave: (cluster: Cluster) => Promise<void>;
}

/** One pod on each node that takes nearly all of its CPU. They name their node, so that no scheduler can keep them out. */
export const hungryNeighbours = (nodes: readonly string[]): HungryNeighbours => {
  const pods = nodes.map((node): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `cache-warmer-${node}`, namespace, labels: { app: 'cache-warmer' } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'warm',
          image: 'registry.example.com/platform/cache-warmer:2.4.0',
          resources: { requests: { cpu: '440m' } },
        },
      ],
    },
  }));
  return {
    workloads: pods.map(({ kind, metadata }) => ({ kind, namespace, name: metadata.name })),
    async settleIn(cluster) {
      for (const pod of pods) await cluster.create(pod);
    },
    async leave(cluster) {
      for (const { metadata } of pods) await cluster.remove(podPath(metadata.name), { graceSeconds: 0 });
      await waitUntil(
        async () => {
          const left = await cluster.list('v1', 'Pod', { namespace, labelSelector: 'app=cache-warmer' });
          return left.length === 0 ? undefined : `${left.length} are still there`;
        },
        { what: 'the end of the hungry neighbours', deadlineMs },
      );
    },
  };
};

const podPath = (name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`;

/** Gives the Deployments these sidecars and no others, and waits until only such pods are left. */
export const setSidecars = async (
  cluster: Cluster,
  deployments: readonly ObjectRef[],
  sidecars: readonly object[],
): Promise<void> => {
  for (const { namespace, name } of deployments) {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
    const deployment = await cluster.get<Deployment>(path);
    const app = deployment.spec.template.spec.containers.filter((container) => container.name === 'app');
    const containers = [...app, ...sidecars];
    await cluster.patch(path, { spec: { template: { spec: { containers } } } });
    await waitUntil(
      async () => {
        const pods = await cluster.list<Pod>('v1', 'Pod', { namespace, labelSelector: `app=${name}` });
        const right = pods.filter(
          ({ spec, status }) => spec.containers.length === containers.length && status.phase === 'Running',
        );
        return right.length === pods.length && pods.length === deployment.spec.replicas
          ? undefined
          : `${right.length} of ${pods.length} pods are new`;
      },
      { what: `the rollout of Deployment ${namespace}/${name}`, deadlineMs },
    );
  }
};

const sandboxed = planWorkload(
  { namespace, name: 'signing-vault', pods: 2, shape: 'Deployment', pool: 'general', runtimeClass: 'kata' },
  seededRandom(1),
);

const sandboxedPath = `/apis/apps/v1/namespaces/${namespace}/deployments/${sandboxed.name}`;

export const sandboxedWorkload = {
  ref: { kind: sandboxed.kind, namespace, name: sandboxed.name },
  async start(cluster: Cluster): Promise<void> {
    for (const manifest of sandboxed.manifests) await cluster.create(manifest);
    await waitUntil(
      async () => {
        const { status } = await cluster.get<{ readonly status?: { readonly readyReplicas?: number } }>(sandboxedPath);
        return status?.readyReplicas === sandboxed.pods
          ? undefined
          : `${status?.readyReplicas ?? 0} of its pods are ready`;
      },
      { what: `Deployment ${namespace}/${sandboxed.name}`, deadlineMs },
    );
  },
  async stop(cluster: Cluster): Promise<void> {
    await cluster.remove(sandboxedPath);
    await waitUntil(
      async () => {
        const left = await cluster.list('v1', 'Pod', { namespace, labelSelector: `app=${sandboxed.name}` });
        return left.length === 0 ? undefined : `${left.length} of its pods are still there`;
      },
      { what: `the end of Deployment ${namespace}/${sandboxed.name}`, deadlineMs },
    );
  },
};

interface Deployment {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly name: string }[] } };
  };
}

interface Pod {
  readonly spec: { readonly containers: readonly unknown[] };
  readonly status: { readonly phase?: string };
}
