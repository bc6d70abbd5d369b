// The files of a journal: one after the other, named by the first position that may lie in each.
import type { Disk } from './disk.ts';
import { decodeRecord, type JournalRecord } from './record.ts';

export interface Segment {
  readonly name: string;
  /** No record in it has a smaller position. */
  readonly first: number;
  /** Bytes that are known to be on the disk, whole records all. */
  size: number;
}

const namePattern = /^(\d{16})\.journal$/;
/** Large enough that most records come with their neighbours, small beside the memory. */
const chunkBytes = 1024 * 1024;

export const segmentName = (first: number): string => `${String(first).padStart(16, '0')}.journal`;

/** The segments of a disk, the oldest first, without their sizes. */
export const findSegments = async (disk: Disk): Promise<readonly Segment[]> =>
  (await disk.list())
    .flatMap((name) => {
      const match = namePattern.exec(name);
      return match === null ? [] : [{ name, first: Number(match[1]), size: 0 }];
    })
    .sort((a, b) => a.first - b.first);

/** Records from an offset on, each with the offset behind it; ends at `end`, or before the first that is not whole. */
export async function* readSegment(
  disk: Disk,
  name: string,
  from: number,
  end: number,
): AsyncGenerator<{ readonly record: JournalRecord; readonly offset: number }> {
  let offset = from;
  let wanted = chunkBytes;
  for (;;) {
    const length = Math.min(wanted, end - offset);
    if (length <= 0) return;
    const bytes = await disk.read(name, offset, length);
    let within = 0;
    let decoded = decodeRecord(bytes, 0);
    while (decoded.kind === 'record') {
      within += decoded.bytes;
      yield { record: decoded.record, offset: offset + within };
      decoded = decodeRecord(bytes, within);
    }
    // A record that the file ends in is torn.
    if (decoded.kind === 'damaged' || bytes.length < length || offset + within + decoded.needed > end) return;
    offset += within;
    wanted = Math.max(chunkBytes, decoded.needed);
  }
}
