// How a snapshot is called: after its report and the moment, so that a list in order of names is one in order of time.
import { shortHash } from '../hash.ts';

/** Of the 253 characters of a name the snapshot's slices need some for themselves. */
const longestReport = 200;

/** `cluster-20261122t060000z`. */
export const snapshotName = (report: string, at: number): string => {
  const stamp = new Date(at)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
    .toLowerCase();
  return `${shortened(report)}-${stamp}`;
};

/** Two long names that begin alike stay two. */
const shortened = (report: string): string =>
  report.length <= longestReport
    ? report
    : `${report.slice(0, longestReport - 9).replace(/[-.]+$/, '')}-${shortHash(report)}`;
