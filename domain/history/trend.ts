// Where a report is heading: what it says now beside what it said some time ago.
import type { Moment } from './record.ts';

type Share = Pick<Moment, 'time' | 'workloadsPercent'>;

export interface Trend {
  /** The moment compared with: the last one that is at least as old as asked for, else the oldest. */
  readonly since: number;
  readonly before: string;
  readonly now: string;
  /** In tenths of a point, since percentages have one decimal. */
  readonly tenths: number;
  readonly direction: 'better' | 'worse' | 'same';
}

/** Undefined where nothing is known of the past or of now. */
export const trendOf = (history: readonly Share[], present: Share, spanMs: number): Trend | undefined => {
  const known = history.filter(({ time, workloadsPercent }) => workloadsPercent !== undefined && time < present.time);
  const then = known.findLast(({ time }) => present.time - time >= spanMs) ?? known[0];
  if (then?.workloadsPercent === undefined || present.workloadsPercent === undefined) return undefined;
  const tenths = inTenths(present.workloadsPercent) - inTenths(then.workloadsPercent);
  return {
    since: then.time,
    before: then.workloadsPercent,
    now: present.workloadsPercent,
    tenths,
    direction: tenths > 0 ? 'better' : tenths < 0 ? 'worse' : 'same',
  };
};

const inTenths = (percent: string): number => Math.round(Number.parseFloat(percent) * 10);
