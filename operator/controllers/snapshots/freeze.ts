// Fills a report that is to be a snapshot: status first, then the slices, and the digest last. What has no digest is no snapshot yet, so one
// that a crash left half made is simply begun again.
import { isDeepStrictEqual } from 'node:util';
import type { CoverageReport } from '../../../crds/schema/coverage-report.ts';
import type { Writer } from '../../../kube/apply.ts';
import { resources } from '../../../kube/resource.ts';
import { snapshotDigest } from '../../../facts/snapshot-digest.ts';
import type { SliceObject } from '../../../domain/snapshot/content.ts';
import { fieldManager, rfc3339, type Aspect } from '../../status.ts';
import type { RawObject } from '../../watches.ts';
import type { DescribedReport } from '../report/reconcile.ts';
import { labelValue, ownedBy, reportLabel } from '../slices/metadata.ts';
import { sliceName, type SliceContent } from '../slices/plan.ts';

/** Where and when a snapshot is taken. */
export interface Origin {
  readonly takenAt: string;
  readonly cluster?: string;
  readonly clusterId?: string;
  readonly kubernetesVersion?: string;
}

export interface FreezeOptions {
  readonly writer: Pick<Writer, 'applyStatus' | 'create' | 'delete'>;
  /** Names of the slices of a report, frozen ones among them, from the API server itself. */
  readonly sliceNames: (report: string) => Promise<readonly string[]>;
}

export interface Frozen {
  readonly digest: string;
  readonly slices: number;
}

/** A report as the API server answers it. */
interface StoredReport {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: unknown;
  readonly status?: Readonly<Record<string, unknown>>;
}

export const freeze = async (
  { writer, sliceNames }: FreezeOptions,
  snapshot: RawObject,
  described: DescribedReport,
  contents: readonly SliceContent[],
  origin: Origin,
): Promise<Frozen> => {
  const { name, uid } = snapshot.metadata;
  for (const left of await sliceNames(name)) await writer.delete(resources.coverageSlices, { name: left });
  const complete = described.aspects.filter(({ type }) => type === 'Complete');
  const conditions = (ready: Aspect): readonly object[] =>
    [ready, ...complete].map((aspect) => ({
      ...aspect,
      observedGeneration: snapshot.metadata.generation ?? 1,
      lastTransitionTime: origin.takenAt,
    }));
  const { snapshotSchedule: _, ...content } = described.content;
  const first = (await writer.applyStatus(
    resources.coverageReports,
    {
      metadata: { name, uid },
      status: {
        ...content,
        evaluatedAt: origin.takenAt,
        observedGeneration: snapshot.metadata.generation ?? 1,
        slices: contents.length,
        conditions: conditions(beingTaken),
      },
    },
    { fieldManager },
  )) as unknown as StoredReport;
  const slices: SliceObject[] = [];
  // What the server answers is what it keeps, its defaults included: that, and not what we sent, is digested.
  for (const slice of contents)
    slices.push(await writer.create(resources.coverageSlices, frozenSlice(snapshot, slice)));
  const { conditions: __, ...status } = first.status ?? {};
  const digest = snapshotDigest({ spec: first.spec, status: { ...status, snapshot: origin } }, slices);
  await writer.applyStatus(
    resources.coverageReports,
    {
      // An old leader that is at it as well must not finish what we began.
      metadata: { name, uid, resourceVersion: first.metadata.resourceVersion },
      status: { ...status, conditions: conditions(frozen), snapshot: { ...origin, digest } },
    },
    { fieldManager },
  );
  return { digest, slices: slices.length };
};

const beingTaken: Aspect = {
  type: 'Ready',
  status: 'False',
  reason: 'BeingTaken',
  message: 'The snapshot is being taken: what is here is not whole yet.',
};

const frozen: Aspect = {
  type: 'Ready',
  status: 'True',
  reason: 'Frozen',
  message: 'The snapshot is whole, and nothing in it changes any more.',
};

const frozenSlice = (snapshot: RawObject, content: SliceContent) => {
  const { name } = snapshot.metadata;
  const { assets, index } = content.spec;
  return {
    metadata: {
      name: sliceName(name, assets, index),
      labels: { 'app.kubernetes.io/managed-by': fieldManager, [reportLabel]: labelValue(name) },
      ownerReferences: [ownedBy(snapshot)],
    },
    ...content,
    spec: { ...content.spec, report: name, frozen: true },
  };
};

/** Why the report cannot be made a snapshot as it is asked for; undefined where it can. */
export const obstacle = (
  spec: CoverageReport['spec'],
  source: { readonly spec: CoverageReport['spec'] } | undefined,
): Aspect | undefined => {
  const of = spec.snapshotOf?.name ?? '';
  const because = (reason: string, message: string): Aspect => ({ type: 'Ready', status: 'False', reason, message });
  if (source === undefined) {
    return because('ReportNotFound', `There is no CoverageReport ${of} to take a snapshot of.`);
  }
  if (source.spec.snapshotOf !== undefined) {
    return because('SnapshotOfSnapshot', `CoverageReport ${of} is a snapshot itself: name the report that it is of.`);
  }
  if (spec.scope !== undefined && !isDeepStrictEqual(spec.scope, source.spec.scope)) {
    return because(
      'ScopeDiffers',
      `spec.scope is another than that of CoverageReport ${of}: leave it out, or take a snapshot of a report with this scope.`,
    );
  }
  return undefined;
};

const longestCluster = 253;

/** What tells a cluster apart, whatever people call it. */
export type ClusterIdentity = Pick<Origin, 'clusterId' | 'kubernetesVersion'>;

export const originOf = (at: number, cluster: string, identity: ClusterIdentity): Origin => ({
  takenAt: rfc3339(at),
  // A name is given by people, and the API has a limit for it.
  ...(cluster === '' ? {} : { cluster: cluster.slice(0, longestCluster) }),
  ...identity,
});
