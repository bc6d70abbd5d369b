// Hashes of the ids of events whose findings are written, beside the journal: a sender that had no answer may send again to whoever leads
// after a restart, and what it sends then must not be counted twice. Files are appended to, begun anew every quarter of an hour, and go
// after an hour. What cannot be kept is known to this process alone. A standby is told what its leader keeps, and keeps it too.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { idsTogetherMs, keepIdsMs, mostIds, mostIdsTogether } from '../findings/event-ids.ts';
import type { Disk, DiskFile } from '../journal/disk.ts';

export interface KeptIds {
  /** Pairs of numbers, and when the first of them was kept; the oldest first. */
  load(): Promise<readonly KeptTogether[]>;
  keep(hashes: Uint32Array): Promise<void>;
  /** What was kept lately and since a mark that was given before; as much as there is of it for any other mark. */
  since(mark: string): { readonly hashes: readonly Uint32Array[]; readonly mark: string };
  close(): Promise<void>;
}

export interface KeptTogether {
  readonly at: number;
  readonly hashes: Uint32Array;
}

export interface KeptIdsOptions {
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const bytesEach = 8;
/** For standbys, which ask every two seconds: 2 MB. One that was away for longer lacks what came before. */
const mostLately = 250_000;
const namePattern = /^(\d{16})\.ids$/;
const nameOf = (at: number): string => `${String(at).padStart(16, '0')}.ids`;

interface Kept {
  readonly at: number;
  bytes: number;
}

export const createKeptIds = ({ disk, clock, log }: KeptIdsOptions): KeptIds => {
  /** The oldest first. */
  let files: Kept[] = [];
  let current: { readonly file: DiskFile; readonly kept: Kept } | undefined;
  /** What lay on the disk is known, and told. */
  let isRead = false;
  /** One after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  const epoch = randomUUID();
  const lately: Uint32Array[] = [];
  /** How many were kept before those, and with them. */
  let [before, total] = [0, 0];

  const noteLately = (hashes: Uint32Array): void => {
    lately.push(hashes);
    total += hashes.length / 2;
    for (let oldest = lately[0]; oldest !== undefined && total - before > mostLately; oldest = lately[0]) {
      before += oldest.length / 2;
      lately.shift();
    }
  };

  /** What an earlier process kept lately: who asks now may not have asked that one. Comes before what this one keeps. */
  const noteFound = (found: readonly KeptTogether[]): void => {
    const latest: Uint32Array[] = [];
    let room = mostLately;
    for (const { hashes } of found.toReversed()) {
      const some = hashes.slice(Math.max(0, hashes.length - 2 * room));
      room -= some.length / 2;
      if (some.length > 0) latest.unshift(some);
    }
    const since = lately.splice(0);
    [before, total] = [0, 0];
    for (const hashes of [...latest, ...since]) noteLately(hashes);
  };

  /** `most`: bytes of all. */
  const removeOld = async (most: number): Promise<void> => {
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (let oldest = files[0]; oldest !== undefined; oldest = files[0]) {
      const age = clock.now() - oldest.at;
      if (oldest === current?.kept || (age < keepIdsMs + idsTogetherMs && bytes <= most)) return;
      await disk.remove(nameOf(oldest.at));
      bytes -= oldest.bytes;
      files.shift();
    }
  };

  const end = async (): Promise<void> => {
    const ended = current;
    current = undefined;
    await ended?.file.close();
  };

  const fileFor = async (): Promise<NonNullable<typeof current>> => {
    const now = clock.now();
    if (current !== undefined) {
      const { at, bytes } = current.kept;
      // A clock that was set back must not make a file that is never ended.
      if (now >= at && now - at < idsTogetherMs && bytes < mostIdsTogether * bytesEach) return current;
      await end();
    }
    const kept = { at: Math.max(now, (files.at(-1)?.at ?? 0) + 1), bytes: 0 };
    current = { file: await disk.create(nameOf(kept.at)), kept };
    files.push(kept);
    await removeOld((mostIds - mostIdsTogether) * bytesEach);
    return current;
  };

  const find = async (): Promise<readonly KeptTogether[]> => {
    await end();
    const names = (await disk.list()).filter((name) => namePattern.test(name)).toSorted();
    const found: KeptTogether[] = [];
    files = [];
    for (const name of names) {
      const at = Number.parseInt(name, 10);
      const content = await disk.readWhole(name);
      if (content === undefined) continue;
      files.push({ at, bytes: content.length });
      found.push({ at, hashes: hashesIn(content) });
    }
    await removeOld(mostIds * bytesEach);
    const kept = found.slice(found.length - files.length);
    if (!isRead) noteFound(kept);
    isRead = true;
    return kept;
  };

  const append = async (hashes: Uint32Array): Promise<void> => {
    try {
      // What lies there must go in time, though this replica may never lead.
      if (!isRead) await find();
      const { file, kept } = await fileFor();
      kept.bytes += hashes.byteLength;
      await file.append(bytesOfHashes(hashes));
      await file.sync();
    } catch (error) {
      log.warn({ error }, 'ids of events cannot be kept: after a restart an event that is sent again may count twice');
      await end().catch(() => {});
    }
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  return {
    load: () => inTurn(find),
    keep: async (hashes) => {
      if (hashes.length === 0) return;
      noteLately(hashes);
      await inTurn(() => append(hashes));
    },
    since: (mark) => {
      const [, of, count] = /^([-\w]+):(\d+)$/.exec(mark) ?? [];
      let left = of === epoch ? Math.max(0, Number(count) - before) : 0;
      const after = lately.findIndex((hashes) => (left -= hashes.length / 2) < 0);
      return { hashes: after < 0 ? [] : lately.slice(after), mark: `${epoch}:${total}` };
    },
    close: () => inTurn(end),
  };
};

export const bytesOfHashes = ({ buffer, byteOffset, byteLength }: Uint32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** What a crash tore is left aside. */
export const hashesIn = (bytes: Buffer): Uint32Array =>
  new Uint32Array(new Uint8Array(bytes.subarray(0, bytes.length - (bytes.length % bytesEach))).buffer);
