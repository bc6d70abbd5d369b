// The digest of a snapshot, by which any copy of it can be checked with common tools.
import { createHash } from 'node:crypto';
import { digestedText, type ReportObject, type SliceObject } from '../domain/snapshot/content.ts';

/** `sha256:` and 64 hexadecimal digits. */
export const snapshotDigest = (report: ReportObject, slices: readonly SliceObject[]): string => {
  const hash = createHash('sha256');
  for (const text of digestedText(report, slices)) hash.update(text, 'utf8');
  return `sha256:${hash.digest('hex')}`;
};
