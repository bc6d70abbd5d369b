// What a report says beyond this moment: its history, its schedule of snapshots, and how it compares with its baseline.
import type { CoverageReport, CoverageReportStatus } from '../../../crds/schema/coverage-report.ts';
import type { Report } from '../../../domain/coverage/report.ts';
import type { Tally } from '../../../domain/coverage/tally.ts';
import type { Aspect } from '../../status.ts';
import type { RawObject } from '../../watches.ts';

export interface ReportNow {
  readonly object: RawObject;
  readonly spec: CoverageReport['spec'];
  readonly report: Report;
  readonly tally: Tally;
  readonly at: number;
  /** False while some kind has been silent for too long: what is seen then is not written down as what was. */
  readonly isHeard: boolean;
}

export interface SaidOverTime {
  readonly content: Partial<CoverageReportStatus>;
  readonly aspects: readonly Aspect[];
  /** When time alone changes it; Infinity if it does not. */
  readonly wakeAt: number;
}

export interface OverTime {
  readonly describe: (now: ReportNow) => SaidOverTime;
  readonly forget: (report: string) => void;
}

/** Each part has a say of its own. */
export const together = (parts: readonly OverTime[]): OverTime => ({
  describe: (now) => {
    const said = parts.map((part) => part.describe(now));
    return {
      content: Object.assign({}, ...said.map(({ content }) => content)) as SaidOverTime['content'],
      aspects: said.flatMap(({ aspects }) => aspects),
      wakeAt: Math.min(Number.POSITIVE_INFINITY, ...said.map(({ wakeAt }) => wakeAt)),
    };
  },
  forget: (report) => {
    for (const part of parts) part.forget(report);
  },
});
