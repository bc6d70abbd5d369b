// Makes a planned fleet real on a cluster, and waits until it runs.
import type { Cluster } from './cluster.ts';
import type { Manifest } from './manifest.ts';
import type { FleetPlan } from './plan.ts';
import { waitUntil } from './wait.ts';

export interface ApplyOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Requests in flight; more only queue up in the API server. */
  readonly concurrency?: number;
  /** For each of the two waits: agents, workloads. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly step: 'shared' | 'nodes' | 'agents' | 'workloads' | 'agents ready' | 'workloads ready';
  readonly done: number;
  readonly of: number;
}

export interface Applied {
  /** Milliseconds from the start until all agents, then all workloads, were ready. */
  readonly agentsReadyMs: number;
  readonly workloadsReadyMs: number;
  readonly created: number;
}

/** Measured on two cores shared with the API server: more in flight made it no faster. */
const defaultConcurrency = 24;

export const applyFleet = async (cluster: Cluster, plan: FleetPlan, options: ApplyOptions = {}): Promise<Applied> => {
  const started = performance.now();
  const { onProgress = () => {}, concurrency = defaultConcurrency, deadlineMs = 600_000, signal } = options;
  let created = 0;
  const createAll = async (step: Progress['step'], manifests: readonly Manifest[]): Promise<void> => {
    let done = 0;
    await eachOf(manifests, concurrency, async (manifest) => {
      signal?.throwIfAborted();
      if (await cluster.create(manifest)) created += 1;
      done += 1;
      if (done % 100 === 0 || done === manifests.length) onProgress({ step, done, of: manifests.length });
    });
  };
  await createAll('shared', [...plan.namespaces, ...plan.shared]);
  await createAll(
    'nodes',
    plan.nodes.map(({ manifest }) => manifest),
  );
  // Agents before workloads, so that they find room, as they do on nodes that grow old.
  await createAll('agents', plan.agents);
  const wait = { deadlineMs, signal };
  await waitForAgents(cluster, plan, { ...wait, onProgress });
  const agentsReadyMs = performance.now() - started;
  await createAll('workloads', [...plan.workloads.flatMap(({ manifests }) => manifests), ...plan.exposure]);
  await waitForWorkloads(cluster, plan, { ...wait, onProgress });
  return { agentsReadyMs, workloadsReadyMs: performance.now() - started, created };
};

interface Wait {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/** All DaemonSets of the plan's agents have a ready pod on each node that they select. */
export const waitForAgents = async (cluster: Cluster, plan: FleetPlan, wait: Wait): Promise<void> => {
  const wanted = new Set(plan.agents.filter(({ kind }) => kind === 'DaemonSet').map(keyOf));
  await waitUntil(
    async () => {
      const all = await cluster.list<WorkloadStatus>('apps/v1', 'DaemonSet');
      const ours = all.filter((daemonSet) => wanted.has(keyOf(daemonSet)));
      const desired = ours.reduce((sum, { status }) => sum + (status?.desiredNumberScheduled ?? 0), 0);
      const ready = ours.reduce((sum, { status }) => sum + (status?.numberReady ?? 0), 0);
      wait.onProgress({ step: 'agents ready', done: ready, of: desired });
      const unseen = ours.filter(({ metadata, status }) => status?.observedGeneration !== metadata.generation);
      if (ours.length < wanted.size || unseen.length > 0)
        return `${unseen.length} DaemonSets were not looked at by their controller yet`;
      return ready < desired ? `${ready} of ${desired} pods of agents are ready` : undefined;
    },
    { what: 'a ready pod of each agent on each of its nodes', ...wait },
  );
};

/** As many pods of workloads run as were planned. */
const waitForWorkloads = async (cluster: Cluster, plan: FleetPlan, wait: Wait): Promise<void> => {
  const namespaces = new Set(plan.workloads.map(({ namespace }) => namespace));
  const agentNamespaces = new Set(plan.agents.map(({ metadata }) => metadata.namespace));
  const planned = plan.workloads.reduce((sum, { pods }) => sum + pods, 0);
  const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'] as const;
  await waitUntil(
    async () => {
      const lists = await Promise.all(
        kinds.map(async (kind) => ({
          kind,
          items: await cluster.list<WorkloadStatus>(kind === 'Job' ? 'batch/v1' : 'apps/v1', kind),
        })),
      );
      let ready = plan.workloads.filter(({ kind }) => kind === 'Pod').length;
      for (const { kind, items } of lists) {
        for (const { metadata, status = {} } of items) {
          if (!namespaces.has(metadata.namespace ?? '') || agentNamespaces.has(metadata.namespace)) continue;
          // A Deployment's ReplicaSet is counted with the Deployment.
          if (kind === 'ReplicaSet' && metadata.ownerReferences?.[0]?.kind === 'Deployment') continue;
          ready +=
            (kind === 'Job' ? status.ready : kind === 'DaemonSet' ? status.numberReady : status.readyReplicas) ?? 0;
        }
      }
      wait.onProgress({ step: 'workloads ready', done: ready, of: planned });
      return ready < planned ? `${ready} of ${planned} pods of workloads are ready` : undefined;
    },
    { what: 'all planned pods of workloads', everyMs: 1000, ...wait },
  );
};

/** The first failure ends it. */
export const eachOf = async <T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next]!;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
};

interface WorkloadStatus {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generation?: number;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly readyReplicas?: number;
    readonly ready?: number;
  };
}

const keyOf = ({ metadata }: { readonly metadata: { readonly name: string; readonly namespace?: string } }): string =>
  `${metadata.namespace}/${metadata.name}`;
