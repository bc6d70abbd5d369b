// Keeps status.comparison: how a report stands beside its baseline, a snapshot that is read once, since it never changes.
import type { CoverageReport, CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import { diffStandings, gapKey, type AssetKind, type Diff } from '../../../domain/snapshot/diff.ts';
import { standingsIn, standingsOf, type AssetSlice, type Standings } from '../../../domain/snapshot/standing.ts';
import type { SliceObject } from '../../../domain/snapshot/content.ts';
import { snapshotDigest } from '../../../facts/snapshot-digest.ts';
import type { Aspect } from '../../status.ts';
import type { OurObjects, RawObject } from '../../watches.ts';
import { writtenGap } from '../gap.ts';
import type { OverTime, ReportNow } from './over-time.ts';

type Comparison = NonNullable<CoverageReportStatus['comparison']>;

export interface ComparisonKeeper extends OverTime {
  /** Reads the baseline of this report. */
  readonly reconcile: (report: string) => Promise<void>;
}

export interface ComparisonKeeperOptions {
  readonly ours: OurObjects;
  /** The slices of a report, frozen ones among them, from the API server itself. */
  readonly slicesOf: (report: string) => Promise<readonly SliceObject[]>;
  /** The whole report, of which our store holds only a part where it is a snapshot; undefined where there is none. */
  readonly reportOf: (report: string) => Promise<RawObject | undefined>;
  /** The baseline of this report is to be read. */
  readonly enqueue: (report: string) => void;
  /** It was read: the report has something new to say. */
  readonly enqueueReport: (report: string) => void;
}

interface Baseline {
  readonly name: string;
  readonly uid: string;
  /** Undefined where the digest is another than that of the content. */
  readonly standings: Standings | undefined;
}

interface Compared {
  readonly baseline: Baseline;
  readonly at: number;
  readonly comparison: Comparison;
}

/** As often as slices are written: comparing 15,000 assets costs 20 to 40 ms on a busy core. */
const compareEveryMs = 10_000;
const mostGaps = 10;

export const createComparisonKeeper = ({
  ours,
  slicesOf,
  reportOf,
  enqueue,
  enqueueReport,
}: ComparisonKeeperOptions): ComparisonKeeper => {
  /** By report. */
  const baselines = new Map<string, Baseline>();
  const compared = new Map<string, Compared>();

  const compare = (now: ReportNow, baseline: Baseline, standings: Standings, snapshot: RawObject): Compared => {
    const { name } = now.object.metadata;
    const last = compared.get(name);
    if (last?.baseline === baseline && now.at >= last.at && now.at < last.at + compareEveryMs) return last;
    const diff = diffStandings(standings, standingsOf(now.tally));
    const fresh = { baseline, at: now.at, comparison: comparisonOf(now, diff, snapshot) };
    compared.set(name, fresh);
    return fresh;
  };

  return {
    describe: (now) => {
      const { object, spec } = now;
      const { name } = object.metadata;
      const wanted = spec.baseline?.name;
      if (wanted === undefined) {
        baselines.delete(name);
        compared.delete(name);
        return nothing;
      }
      const snapshot = ours.reports.get('', wanted);
      const trouble = troubleWith(wanted, snapshot);
      if (snapshot === undefined || trouble !== undefined) {
        return { ...nothing, aspects: trouble === undefined ? [] : [trouble] };
      }
      const known = baselines.get(name);
      if (known?.uid !== snapshot.metadata.uid) {
        enqueue(name);
        return { ...nothing, ...whatStood(object, wanted) };
      }
      if (known.standings === undefined) return { ...nothing, aspects: [tampered(wanted)] };
      const { comparison, at } = compare(now, known, known.standings, snapshot);
      // What was compared a moment ago may be of the past: it is looked at again when the time has come.
      const wakeAt = at === now.at ? Number.POSITIVE_INFINITY : at + compareEveryMs;
      return { content: { comparison }, aspects: [found(wanted)], wakeAt };
    },
    forget: (report) => {
      baselines.delete(report);
      compared.delete(report);
    },
    reconcile: async (report) => {
      const object = ours.reports.get('', report);
      const wanted = object && (object as { spec?: CoverageReport['spec'] }).spec?.baseline?.name;
      const snapshot = wanted === undefined ? undefined : await reportOf(wanted);
      if (wanted === undefined || snapshot === undefined || troubleWith(wanted, snapshot) !== undefined) return;
      const slices = await slicesOf(wanted);
      const isWhole = snapshotDigest(snapshot, slices) === digestOf(snapshot);
      const standings = isWhole ? standingsIn(slices as unknown as readonly AssetSlice[]) : undefined;
      baselines.set(report, { name: wanted, uid: snapshot.metadata.uid, standings });
      enqueueReport(report);
    },
  };
};

const nothing = { content: {}, aspects: [], wakeAt: Number.POSITIVE_INFINITY } as const;

const aspect = (status: Aspect['status'], reason: string, message: string): Aspect => ({
  type: 'BaselineFound',
  status,
  reason,
  message,
});

const found = (name: string): Aspect => aspect('True', 'Compared', `status.comparison compares with ${name}.`);

const tampered = (name: string): Aspect =>
  aspect('False', 'DigestDiffers', `CoverageReport ${name} or its slices are not what the digest was taken of.`);

const troubleWith = (name: string, snapshot: RawObject | undefined): Aspect | undefined => {
  if (snapshot === undefined) return aspect('False', 'BaselineNotFound', `There is no CoverageReport ${name}.`);
  if ((snapshot as { spec?: { snapshotOf?: unknown } }).spec?.snapshotOf === undefined) {
    return aspect(
      'False',
      'NotASnapshot',
      `CoverageReport ${name} is kept current: only a snapshot can be a baseline.`,
    );
  }
  return digestOf(snapshot) === undefined
    ? aspect('Unknown', 'BeingTaken', `The snapshot ${name} is not complete yet.`)
    : undefined;
};

const digestOf = (snapshot: RawObject): string | undefined => statusOf(snapshot)?.snapshot?.digest;

const statusOf = (object: RawObject): CoverageReportStatus | undefined =>
  (object as { status?: CoverageReportStatus }).status;

/** Until the baseline has been read, what an earlier leader wrote of it stays. */
const whatStood = (
  object: RawObject,
  wanted: string,
): Pick<ReturnType<OverTime['describe']>, 'content' | 'aspects'> => {
  const status = statusOf(object);
  if (status?.comparison?.baseline !== wanted) {
    return { content: {}, aspects: [aspect('Unknown', 'BeingRead', `The snapshot ${wanted} is being read.`)] };
  }
  return { content: { comparison: status.comparison }, aspects: [found(wanted)] };
};

const comparisonOf = ({ report }: ReportNow, diff: Diff, snapshot: RawObject): Comparison => {
  const status = statusOf(snapshot);
  const { nodes, workloads } = report.counts;
  const isNew = new Set(diff.newGaps.map(gapKey));
  return {
    baseline: snapshot.metadata.name,
    ...(status?.snapshot === undefined ? {} : { takenAt: status.snapshot.takenAt }),
    nodes: change(diff, 'node', status?.counts?.nodes.protectedPercent, nodes.protectedPercent),
    workloads: change(diff, 'workload', status?.counts?.workloads.protectedPercent, workloads.protectedPercent),
    newGaps: report.gaps
      .filter((gap) => isNew.has(gapKey(gap)))
      .slice(0, mostGaps)
      .map(writtenGap),
    closedGaps: diff.closedGaps.length,
  };
};

const change = (
  { changes }: Diff,
  kind: AssetKind,
  before: string | undefined,
  now: string | undefined,
): NonNullable<Comparison['nodes']> => {
  const counts = { added: 0, removed: 0, better: 0, worse: 0 };
  for (const each of changes) if (each.kind === kind && each.change !== 'other') counts[each.change]++;
  return { ...(before === undefined ? {} : { before }), ...(now === undefined ? {} : { now }), ...counts };
};
