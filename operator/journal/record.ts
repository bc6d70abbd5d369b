// How a record lies in a segment: a header with length, checksum, position and count, then the payload. Whoever reads one knows
// whether it is whole; what a crash has torn never is.
import { crc32 } from 'node:zlib';

export interface JournalRecord {
  /** Of its first event; those that follow it in the record have the next ones. Grows from record to record, with gaps. */
  readonly position: number;
  /** Events in it. */
  readonly count: number;
  readonly payload: Buffer;
  /** What whoever appended it a moment ago had made it of, so that it need not be read again; never where it comes from the disk. */
  readonly content?: unknown;
}

/** The first position behind the record. */
export const positionAfter = ({ position, count }: Pick<JournalRecord, 'position' | 'count'>): number =>
  position + count;

/** Length and checksum, 4 bytes each; position, 8; count, 4. */
const headerBytes = 20;
/** Where the part that the checksum covers begins: behind length and checksum. */
const checkedFrom = 8;
/** Far more than a request may bring; a length above it is damage. */
export const largestPayload = 64 * 1024 * 1024;

export const recordBytes = (payload: Buffer): number => headerBytes + payload.length;

export const encodeRecord = (record: JournalRecord): Buffer => Buffer.concat(partsOf(record));

/** Header and payload, to lie one behind the other. */
export const partsOf = ({ position, count, payload }: JournalRecord): readonly [Buffer, Buffer] => {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(payload.length, 0);
  header.writeBigUInt64BE(BigInt(position), 8);
  header.writeUInt32BE(count, 16);
  header.writeUInt32BE(crc32(payload, crc32(header.subarray(checkedFrom))), 4);
  return [header, payload];
};

export type Decoded =
  | { readonly kind: 'record'; readonly record: JournalRecord; readonly bytes: number }
  /** So many bytes are needed, of which not all are there. */
  | { readonly kind: 'short'; readonly needed: number }
  | { readonly kind: 'damaged' };

/** The record at an offset. Its payload is a view: whoever keeps it copies it. */
export const decodeRecord = (bytes: Buffer, offset: number): Decoded => {
  const left = bytes.length - offset;
  if (left < headerBytes) return { kind: 'short', needed: headerBytes };
  const length = bytes.readUInt32BE(offset);
  const count = bytes.readUInt32BE(offset + 16);
  const position = bytes.readBigUInt64BE(offset + 8);
  if (length > largestPayload || count === 0 || position > BigInt(Number.MAX_SAFE_INTEGER)) return { kind: 'damaged' };
  const needed = headerBytes + length;
  if (left < needed) return { kind: 'short', needed };
  if (crc32(bytes.subarray(offset + checkedFrom, offset + needed)) !== bytes.readUInt32BE(offset + 4))
    return { kind: 'damaged' };
  const payload = bytes.subarray(offset + headerBytes, offset + needed);
  return { kind: 'record', record: { position: Number(position), count, payload }, bytes: needed };
};
