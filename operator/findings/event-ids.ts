// Ids of the events of the last hour: a sender that had no answer sends again, and what comes twice is counted once. What is kept of an id
// is a hash of 64 bits: of ten million, one in two million hours is taken for another.
import { hash } from 'node:crypto';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import { createHashSet, type HashSet } from './hash-set.ts';

export interface EventIds {
  /**
   * Whether an event of that id came in the hour before `at`; it is remembered from now on. `node`: the only one that its sender may speak of;
   * senders of different nodes do not know each other's ids. `position`: in the journal that is worked in.
   */
  readonly isRepeated: (event: SecurityEvent, node: string | undefined, at: number, position: number) => boolean;
  /** Hashes of what was remembered up to a position and has not been asked for before, as pairs of numbers: they may outlive this process. */
  readonly upTo: (position: number) => Uint32Array;
  /** What an earlier process had: only of events that nothing will bring again from a journal. */
  readonly restore: (hashes: Uint32Array, at: number) => void;
}

export const keepIdsMs = 3_600_000;
/** What was remembered together is forgotten together. */
export const idsTogetherMs = 15 * 60_000;
/** Past it the oldest are forgotten: an hour of a thousand events a second, in 32 to 85 MB. */
export const mostIds = 4_000_000;
/** Of those that are forgotten together, so that a flood costs no more than the oldest quarter. */
export const mostIdsTogether = 1_000_000;

interface Generation {
  readonly since: number;
  readonly hashes: HashSet;
}

export const createEventIds = (seed = Math.floor(Math.random() * 2 ** 32)): EventIds => {
  /** The oldest first. */
  const generations: Generation[] = [];
  const pending = createPending();

  const remember = (high: number, low: number, at: number): void => {
    const last = generations.at(-1);
    if (last !== undefined && at - last.since < idsTogetherMs && last.hashes.size < mostIdsTogether) {
      last.hashes.add(high, low);
      return;
    }
    const hashes = createHashSet(seed);
    hashes.add(high, low);
    generations.push({ since: Math.max(at, last?.since ?? at), hashes });
  };

  const forget = (at: number): void => {
    let size = 0;
    for (const { hashes } of generations) size += hashes.size;
    for (let oldest = generations[0]; oldest !== undefined; oldest = generations[0]) {
      if (at - oldest.since < keepIdsMs + idsTogetherMs && size <= mostIds) return;
      size -= oldest.hashes.size;
      generations.shift();
    }
  };

  return {
    isRepeated: ({ id, agentType }, node = '', at, position) => {
      if (id === undefined) return false;
      const { high, low } = hashOf(`${agentType}\n${node}\n${id}`);
      forget(at);
      for (let index = generations.length - 1; index >= 0; index--) {
        if (generations[index]?.hashes.has(high, low) === true) return true;
      }
      remember(high, low, at);
      pending.push(position, high, low);
      return false;
    },
    upTo: pending.upTo,
    restore: (hashes, at) => {
      for (let index = 0; index + 1 < hashes.length; index += 2) {
        const [high = 0, low = 0] = [hashes[index], hashes[index + 1]];
        if (high !== 0 || low !== 0) remember(high, low, at);
      }
    },
  };
};

/** Of SHA-1, for being spread and quick: nothing is kept secret by it, and who may send may send other ids. */
const hashOf = (text: string): { readonly high: number; readonly low: number } => {
  const digits = hash('sha1', text, 'hex');
  // Two zeros mean nothing in a set.
  return { high: Number.parseInt(digits.slice(0, 8), 16), low: Number.parseInt(digits.slice(8, 16), 16) || 1 };
};

interface Pending {
  readonly push: (position: number, high: number, low: number) => void;
  readonly upTo: (position: number) => Uint32Array;
}

const firstPending = 1024;

/** In the order of the journal, which bounds it. */
const createPending = (): Pending => {
  let positions = new Float64Array(firstPending);
  let hashes = new Uint32Array(firstPending * 2);
  let length = 0;

  const resize = (to: number): void => {
    const [olderPositions, olderHashes] = [positions, hashes];
    positions = new Float64Array(to);
    hashes = new Uint32Array(to * 2);
    positions.set(olderPositions.subarray(0, length));
    hashes.set(olderHashes.subarray(0, length * 2));
  };

  return {
    push: (position, high, low) => {
      if (length === positions.length) resize(length * 2);
      positions[length] = position;
      hashes[length * 2] = high;
      hashes[length * 2 + 1] = low;
      length++;
    },
    upTo: (position) => {
      let taken = 0;
      while (taken < length && (positions[taken] ?? 0) <= position) taken++;
      const found = hashes.slice(0, taken * 2);
      positions.copyWithin(0, taken, length);
      hashes.copyWithin(0, taken * 2, length * 2);
      length -= taken;
      // What a burst needed is given back.
      if (positions.length > firstPending && length < positions.length / 8)
        resize(Math.max(firstPending, positions.length / 4));
      return found;
    },
  };
};
