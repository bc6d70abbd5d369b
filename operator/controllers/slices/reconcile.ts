// Writes the slices behind the reports: each at most every ten seconds, and only those whose assets changed.
import { parseSpec } from '../../../facts/parse.ts';
import { coverageReportSchema, type CoverageReport } from '../../../crds/schema/coverage-report.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { buildSlices, sliceCount, sliceIndexOf, type SliceAssets } from '../../../domain/coverage/slices.ts';
import type { Tally } from '../../../domain/coverage/tally.ts';
import { resources } from '../../../kube/resource.ts';
import type { Writer, Written } from '../../../kube/apply.ts';
import { isWrittenAfter } from '../../../kube/resource-version.ts';
import type { Store } from '../../../kube/store.ts';
import type { Requeue } from '../../../kube/workqueue.ts';
import type { UnattributedBook } from '../../findings/unattributed.ts';
import { fieldManager } from '../../status.ts';
import type { OurObjects, RawObject } from '../../watches.ts';
import { tallyOf } from '../report/reconcile.ts';
import { labelValue, ownedBy, reportLabel } from './metadata.ts';
import { contentHash, planSlice, sliceName, type SliceContent, type StoredSlice } from './plan.ts';

export interface SliceKeeper {
  /** How many slices the report has, for its status. */
  readonly countOf: (report: string, tally: Tally) => number;
  /** All slices of the report as they would be written now. */
  readonly contentsOf: (report: string, tally: Tally) => readonly SliceContent[];
  /** Assets whose verdict changed, in all reports. */
  readonly changed: (nodes: readonly string[], workloads: readonly string[]) => void;
  /** The report may have slices to write. */
  readonly touch: (report: string) => void;
  readonly forget: (report: string) => void;
  readonly reconcile: (report: string) => Promise<Requeue | void>;
}

export interface SliceKeeperOptions {
  readonly model: CoverageModel;
  readonly ours: OurObjects;
  readonly stored: Store<StoredSlice>;
  /** Events of nodes that belong to nobody. */
  readonly unattributed: Pick<UnattributedBook, 'of'>;
  readonly writer: Writer;
  readonly now: () => number;
  readonly enqueue: (report: string) => void;
  readonly onWrite: () => void;
}

const kinds: readonly SliceAssets[] = ['Nodes', 'Workloads'];

/** One change rewrites one small object, and no object more often than this. */
const writeEveryMs = 10_000;

interface WrittenSlice {
  readonly hash: string;
  readonly resourceVersion: string;
}

const isNewer = (seen: StoredSlice, ours: WrittenSlice): boolean =>
  isWrittenAfter(seen.resourceVersion, ours.resourceVersion);

interface Placement {
  of: number;
  /** Indexes with changed assets; all of them at first, and whenever the number of slices changes. */
  dirty: Set<number>;
}

export const createSliceKeeper = (options: SliceKeeperOptions): SliceKeeper => {
  const { model, ours, stored, writer, now } = options;
  const placements = new Map<string, Map<SliceAssets, Placement>>();
  const writtenAt = new Map<string, number>();
  const written = new Map<string, WrittenSlice>();

  /** What the cluster holds: our own last write, unless the watch, which may lag behind it, has brought something newer. */
  const heldHash = (name: string): string | undefined => {
    const [ours, seen] = [written.get(name), stored.get('', name)];
    return ours === undefined || (seen !== undefined && isNewer(seen, ours)) ? seen?.hash : ours.hash;
  };

  const placementOf = (report: string, assets: SliceAssets, total: number): Placement => {
    const ofReport = placements.get(report) ?? new Map<SliceAssets, Placement>();
    placements.set(report, ofReport);
    const known = ofReport.get(assets);
    const of = sliceCount(total, known?.of ?? storedCount(stored, report, assets));
    if (known !== undefined && known.of === of) return known;
    const placement = { of, dirty: new Set(Array.from({ length: of }, (_, index) => index)) };
    ofReport.set(assets, placement);
    return placement;
  };

  const countOf = (report: string, tally: Tally): number =>
    kinds.reduce((sum, assets) => sum + placementOf(report, assets, assetsIn(tally, assets)).of, 0);

  const contentsOf = (report: string, tally: Tally): readonly SliceContent[] =>
    kinds.flatMap((assets) => {
      const { of } = placementOf(report, assets, assetsIn(tally, assets));
      const all = new Set(Array.from({ length: of }, (_, index) => index));
      return buildSlices(tally, assets, of, all).map((slice) =>
        planSlice(report, assets, slice.index, of, slice, options.unattributed),
      );
    });

  const writeDue = async (report: string, object: RawObject, tally: Tally, assets: SliceAssets): Promise<number> => {
    const placement = placementOf(report, assets, assetsIn(tally, assets));
    const at = now();
    const nextAt = (index: number): number => (writtenAt.get(sliceName(report, assets, index)) ?? 0) + writeEveryMs;
    const due = new Set([...placement.dirty].filter((index) => nextAt(index) <= at));
    for (const slice of buildSlices(tally, assets, placement.of, due)) {
      const { index } = slice;
      const content = planSlice(report, assets, index, placement.of, slice, options.unattributed);
      const name = sliceName(report, assets, index);
      placement.dirty.delete(index);
      const hash = contentHash(content);
      if (heldHash(name) === hash) continue;
      try {
        const { metadata } = await write(writer, object, name, content);
        written.set(name, { hash, resourceVersion: metadata.resourceVersion });
      } catch (error) {
        placement.dirty.add(index);
        throw error;
      }
      writtenAt.set(name, now());
      options.onWrite();
    }
    for (const slice of stored.list()) {
      if (slice.report !== report || slice.assets !== assets || slice.index < placement.of) continue;
      await writer.delete(resources.coverageSlices, { name: slice.name });
      writtenAt.delete(slice.name);
      written.delete(slice.name);
    }
    return Math.min(...[...placement.dirty].map((index) => nextAt(index) - now()));
  };

  // Somebody else deleted or changed a slice: it is written again.
  stored.subscribe(({ type, item }) => {
    const { name, report, assets, index } = item;
    const ours = written.get(name);
    // Also where its report is gone: one of the same name that comes back needs slices of its own.
    if (type === 'deleted') written.delete(name);
    const placement = placements.get(report)?.get(assets);
    if (placement === undefined || index >= placement.of) return;
    if (type !== 'deleted' && ours !== undefined && !isNewer(item, ours)) return;
    placement.dirty.add(index);
    options.enqueue(report);
  });

  return {
    countOf,
    contentsOf,
    changed: (nodes, workloads) => {
      for (const ofReport of placements.values()) {
        mark(ofReport.get('Nodes'), nodes);
        mark(ofReport.get('Workloads'), workloads);
      }
    },
    touch: (report) => {
      const isDirty = [...(placements.get(report)?.values() ?? [])].some(({ dirty }) => dirty.size > 0);
      if (isDirty) options.enqueue(report);
    },
    forget: (report) => {
      placements.delete(report);
    },
    reconcile: async (report) => {
      const object = ours.reports.get('', report);
      const parsed = object && parseSpec<CoverageReport>(coverageReportSchema, object);
      if (object === undefined || !parsed?.ok || parsed.value.spec.snapshotOf !== undefined) return;
      const tally = tallyOf(model, parsed.value.spec);
      const waits: number[] = [];
      for (const assets of kinds) waits.push(await writeDue(report, object, tally, assets));
      const next = Math.min(...waits);
      return Number.isFinite(next) ? { requeueAfterMs: Math.max(100, next) } : undefined;
    },
  };
};

const mark = (placement: Placement | undefined, names: readonly string[]): void => {
  if (placement === undefined) return;
  for (const name of names) placement.dirty.add(sliceIndexOf(name, placement.of));
};

const assetsIn = (tally: Tally, assets: SliceAssets): number => {
  let total = assets === 'Workloads' ? tally.notRunning.size : 0;
  for (const bucket of tally.buckets()) total += assets === 'Nodes' ? bucket.nodes.size : bucket.workloads.size;
  return total;
};

/** Goes on with the number that an earlier leader chose; 1 where there are none, or not a whole set of them. */
const storedCount = (stored: Store<StoredSlice>, report: string, assets: SliceAssets): number => {
  let count = 0;
  for (const slice of stored.list()) if (slice.report === report && slice.assets === assets) count++;
  return count > 0 && Number.isInteger(Math.log2(count)) ? count : 1;
};

const write = (
  writer: Writer,
  report: RawObject,
  name: string,
  { spec, profiles, rulesets, unattributed }: SliceContent,
): Promise<Written> =>
  writer.apply(
    resources.coverageSlices,
    {
      metadata: {
        name,
        labels: {
          'app.kubernetes.io/managed-by': fieldManager,
          [reportLabel]: labelValue(spec.report),
        },
        ownerReferences: [ownedBy(report)],
      },
      spec,
      profiles,
      rulesets,
      unattributed,
    },
    { fieldManager },
  );
