// Whose word stands in the status of each finding. The leader's book is the truth, so what others have written is put right: a leader that
// did not know yet that it leads no more, or somebody with rights. But first it must be certain that it is not this replica which is the old
// one, or it would write over what its successor knows.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../kube/clock.ts';
import { isWrittenAfter } from '../../kube/resource-version.ts';
import type { RawObject } from '../watches.ts';
import { untilProven, type Tenure } from './tenure.ts';

export interface Authorship {
  /** The object as it stands. `before`: as it did until then. Answers whether its status is to be put right. */
  readonly saw: (key: string, object: RawObject, before: RawObject | undefined, isKnown: boolean) => boolean;
  /** It is being written: the watch may bring our own word before the answer does. */
  readonly begin: (key: string) => void;
  /** The version upon which it may be written, once that is certain; undefined where none has been seen. */
  readonly upon: (key: string) => Promise<string | undefined>;
  /** Our word stands there, under this version. */
  readonly wrote: (key: string, version: string | undefined) => void;
  /** The write has ended, well or not. Answers whether what stands there is to be put right. */
  readonly end: (key: string) => boolean;
  readonly forget: (key: string) => void;
}

export interface AuthorshipOptions {
  readonly tenure: Tenure;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

interface Standing {
  /** The newest version whose status is what we know. */
  readonly ours?: string;
  /** A newer one whose status is not, and when we learnt of it. */
  readonly foreign?: { readonly version: string; readonly seenAt: number };
}

export const createAuthorship = ({ tenure, clock, signal }: AuthorshipOptions): Authorship => {
  const standings = new Map<string, Standing>();
  const beingWritten = new Set<string>();
  const isSeen = ({ ours, foreign }: Standing, version: string): boolean =>
    [ours, foreign?.version].some((seen) => seen !== undefined && !isWrittenAfter(version, seen));

  return {
    saw: (key, object, before, isKnown) => {
      const version = object.metadata.resourceVersion;
      if (version === undefined) return false;
      const standing = standings.get(key) ?? {};
      if (isSeen(standing, version)) return false;
      const status = statusOf(object);
      const isNew = standing.ours === undefined && status === undefined;
      const isSame = before !== undefined && isDeepStrictEqual(status, statusOf(before));
      // What we know nothing of we take over as it is; and people's changes of the case leave the status alone.
      if (!isKnown || ((isNew || isSame) && standing.foreign === undefined)) {
        standings.set(key, { ours: version });
        return false;
      }
      standings.set(key, { ...standing, foreign: { version, seenAt: clock.monotonic() } });
      return !beingWritten.has(key);
    },
    begin: (key) => void beingWritten.add(key),
    upon: async (key) => {
      for (;;) {
        const { ours, foreign } = standings.get(key) ?? {};
        if (foreign === undefined) return ours;
        if (tenure.provenUntil() > foreign.seenAt) return foreign.version;
        await untilProven(tenure, foreign.seenAt, clock, signal);
      }
    },
    wrote: (key, version) => {
      if (version === undefined) return;
      const { foreign } = standings.get(key) ?? {};
      const isNewer = foreign !== undefined && isWrittenAfter(foreign.version, version);
      standings.set(key, { ours: version, ...(isNewer ? { foreign } : {}) });
    },
    end: (key) => {
      beingWritten.delete(key);
      return standings.get(key)?.foreign !== undefined;
    },
    forget: (key) => void standings.delete(key),
  };
};

const statusOf = (object: RawObject): unknown => (object as { readonly status?: unknown }).status;
