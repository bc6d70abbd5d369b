// Which of the objects run pods, and as whose: what the webhook would be asked about.
import type { OwnerReference } from '../../domain/types.ts';
import { controllerOf, metadataOf } from '../../facts/metadata.ts';
import { ownerReferenceTo, podTemplateOf } from '../../facts/pod-template.ts';
import { object, text, type Raw } from '../../facts/read.ts';
import type { FoundObject } from '../input/documents.ts';
import { groupOf } from '../world/declared.ts';

export interface Workload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** With `metadata` and `spec` as pods have them. */
  readonly pod: Raw;
  readonly owner: OwnerReference | undefined;
  readonly found: FoundObject;
}

export interface Sorted {
  readonly workloads: readonly Workload[];
  /** Kind → how many objects of it run no pods of their own. */
  readonly skipped: ReadonlyMap<string, number>;
}

export const sortObjects = (objects: readonly FoundObject[], namespace: string): Sorted => {
  const workloads: Workload[] = [];
  const skipped = new Map<string, number>();
  for (const found of objects) {
    const workload = workloadOf(found, namespace);
    if (workload !== undefined) workloads.push(workload);
    else skipped.set(text(found.raw.kind), (skipped.get(text(found.raw.kind)) ?? 0) + 1);
  }
  return { workloads, skipped };
};

const groups: Readonly<Record<string, string>> = {
  Pod: '',
  ReplicationController: '',
  Deployment: 'apps',
  StatefulSet: 'apps',
  DaemonSet: 'apps',
  ReplicaSet: 'apps',
  Job: 'batch',
  CronJob: 'batch',
};

const workloadOf = (found: FoundObject, namespace: string): Workload | undefined => {
  const { raw } = found;
  const [kind, apiVersion] = [text(raw.kind), text(raw.apiVersion)];
  if (!Object.hasOwn(groups, kind) || groupOf(apiVersion) !== groups[kind]) return undefined;
  // In a dump of a cluster its owner is judged, by the same template.
  if (controllerOf(raw) !== undefined) return undefined;
  const pod = kind === 'Pod' ? raw : podTemplateOf(kind, raw);
  if (pod === undefined) return undefined;
  const metadata = object(raw.metadata);
  return {
    kind,
    namespace: metadataOf(raw)?.namespace || namespace,
    name: text(metadata.name) || `${text(metadata.generateName)}*`,
    pod,
    owner: kind === 'Pod' ? undefined : ownerReferenceTo(apiVersion, kind, raw),
    found,
  };
};
