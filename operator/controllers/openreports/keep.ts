// Keeps one Report in each namespace with workloads and one ClusterReport on nodes, where a cluster knows the OpenReports API or, failing that,
// the older PolicyReport. All of them are owned by a ClusterRole of the chart, and go with it when they are switched off.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { list, object, text } from '../../../facts/read.ts';
import type { Writer } from '../../../kube/apply.ts';
import { classify, KubeError } from '../../../kube/errors.ts';
import { listPages } from '../../../kube/list.ts';
import type { Log } from '../../../kube/log.ts';
import { pathOf, resources, type Resource } from '../../../kube/resource.ts';
import type { Transport } from '../../../kube/transport.ts';
import type { Requeue } from '../../../kube/workqueue.ts';
import { fieldManager } from '../../status.ts';
import { ofNodes, openReportHash, openReportName, planOpenReports, type OpenReport } from './plan.ts';

/** Fixed in the chart: what it may do, and what the reports belong to. */
const ownerName = 'workload-protection-open-reports';
const hashAnnotation = 'workloadprotection.dev/content';
const selector = { 'app.kubernetes.io/managed-by': fieldManager };

/** As often as slices. */
const writeEveryMs = 10_000;
/** Somebody may install the CRDs later, or delete a report of ours: what is there is read again. */
const lookAgainMs = 600_000;
const deadlineMs = 60_000;

interface Api {
  readonly name: string;
  readonly namespaced: Resource;
  readonly clusterWide: Resource;
}

const apis: readonly Api[] = [
  api('openreports.io', 'v1alpha1', ['reports', 'Report'], ['clusterreports', 'ClusterReport']),
  api('wgpolicyk8s.io', 'v1alpha2', ['policyreports', 'PolicyReport'], ['clusterpolicyreports', 'ClusterPolicyReport']),
];

export interface OpenReportKeeper {
  /** Nodes and workloads that stand otherwise. */
  readonly changed: (nodes: readonly string[], workloads: readonly string[]) => void;
  readonly reconcile: () => Promise<Requeue | void>;
}

export interface OpenReportOptions {
  readonly model: CoverageModel;
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'apply' | 'delete'>;
  readonly enqueue: () => void;
  readonly now: () => number;
  readonly onWrite: (kind: string) => void;
  readonly log: Log;
}

/** What the cluster has, and who owns it. */
interface Held {
  readonly api: Api;
  readonly ownerUid: string;
  /** By namespace. */
  readonly hashes: Map<string, string>;
}

export const createOpenReportKeeper = (options: OpenReportOptions): OpenReportKeeper => {
  const { model, transport, writer, enqueue, now, onWrite, log } = options;
  const dirty = new Set<string>();
  let held: Held | undefined;
  let [readAt, writtenAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let isMissing = false;

  const find = async (): Promise<Held | undefined> => {
    for (const candidate of apis) {
      if (!(await serves(transport, candidate))) continue;
      const hashes = await hashesOf(transport, candidate);
      const found: Held = { api: candidate, ownerUid: await ownerUid(transport), hashes };
      for (const namespace of hashes.keys()) dirty.add(namespace);
      dirty.add(ofNodes);
      for (const namespace of model.tally.namespaces.keys()) dirty.add(namespace);
      log.info({ api: candidate.name, reports: hashes.size }, 'keeping open reports');
      return found;
    }
    if (!isMissing) {
      log.warn({ apis: apis.map(({ name }) => name) }, 'open reports are wanted, and the cluster has no API for them');
    }
    isMissing = true;
    return undefined;
  };

  const write = async ({ api: kinds, hashes, ownerUid: uid }: Held, namespace: string, report: OpenReport) => {
    const hash = openReportHash(report);
    if (hashes.get(namespace) === hash) return;
    const resource = namespace === ofNodes ? kinds.clusterWide : kinds.namespaced;
    await writer.apply(
      resource,
      {
        metadata: {
          name: openReportName,
          ...(namespace === ofNodes ? {} : { namespace }),
          labels: selector,
          annotations: { [hashAnnotation]: hash },
          ownerReferences: [{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: ownerName, uid }],
        },
        ...report,
      },
      { fieldManager },
    );
    hashes.set(namespace, hash);
    onWrite(resource.kind);
  };

  const remove = async ({ api: kinds, hashes }: Held, namespace: string): Promise<void> => {
    if (!hashes.has(namespace)) return;
    await (namespace === ofNodes
      ? writer.delete(kinds.clusterWide, { name: openReportName })
      : writer.delete(kinds.namespaced, { name: openReportName, namespace }));
    hashes.delete(namespace);
  };

  return {
    changed: (nodes, workloads) => {
      if (nodes.length > 0) dirty.add(ofNodes);
      for (const workload of workloads) dirty.add(workload.slice(0, workload.indexOf('/')));
      if (dirty.size > 0) enqueue();
    },
    reconcile: async () => {
      if (held === undefined || now() >= readAt + lookAgainMs) {
        held = await find();
        readAt = now();
      }
      if (held === undefined) {
        // All of them, once there is an API.
        dirty.clear();
        return { requeueAfterMs: lookAgainMs };
      }
      const wait = writtenAt + writeEveryMs - now();
      if (wait > 0 && wait <= writeEveryMs) return { requeueAfterMs: wait };
      writtenAt = now();
      const reports = planOpenReports(model.tally, dirty);
      // Deleting from a set while it is gone through is safe.
      for (const namespace of dirty) {
        const report = reports.get(namespace);
        try {
          await (report === undefined ? remove(held, namespace) : write(held, namespace, report));
        } catch (error) {
          if (!isTerminating(error)) throw error;
        }
        dirty.delete(namespace);
      }
      return { requeueAfterMs: lookAgainMs };
    },
  };
};

/** A namespace that is about to go takes nothing new, and takes its report with it. */
const isTerminating = (error: unknown): boolean =>
  error instanceof KubeError && error.details.some(({ reason }) => reason === 'NamespaceTerminating');

const serves = async (transport: Transport, { namespaced: { group, version, plural } }: Api): Promise<boolean> => {
  try {
    const found = await transport.request<unknown>({ method: 'GET', path: `/apis/${group}/${version}` });
    return list(object(found)['resources']).some((each) => object(each)['name'] === plural);
  } catch (error) {
    if (classify(error) === 'notFound') return false;
    throw error;
  }
};

const ownerUid = async (transport: Transport): Promise<string> => {
  const path = pathOf(resources.clusterRoles, { name: ownerName });
  return text(object(object(await transport.request<unknown>({ method: 'GET', path }))['metadata'])['uid']);
};

/** What an earlier leader wrote. */
const hashesOf = async (transport: Transport, { namespaced, clusterWide }: Api): Promise<Map<string, string>> => {
  const hashes = new Map<string, string>();
  const labelSelector = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  for (const resource of [namespaced, clusterWide]) {
    const take = (items: readonly unknown[]): void => {
      for (const item of items) {
        const metadata = object(object(item)['metadata']);
        if (text(metadata['name']) !== openReportName) continue;
        hashes.set(text(metadata['namespace']), text(object(metadata['annotations'])[hashAnnotation]));
      }
    };
    const scope = { resource, labelSelector, metadataOnly: true };
    await listPages(transport, scope, take, AbortSignal.timeout(deadlineMs));
  }
  return hashes;
};

function api(
  group: string,
  version: string,
  [plural, kind]: readonly [string, string],
  [clusterPlural, clusterKind]: readonly [string, string],
): Api {
  return {
    name: `${group}/${version}`,
    namespaced: { group, version, plural, kind, namespaced: true },
    clusterWide: { group, version, plural: clusterPlural, kind: clusterKind, namespaced: false },
  };
}
