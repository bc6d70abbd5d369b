// Events that were turned away for want of room or time: silence afterwards proves nothing. That it happened is journalled like an event, so
// that the leader learns of it whichever replica turned them away.
import { sleep, type Clock } from '../../kube/clock.ts';
import type { Journal } from '../journal/journal.ts';
import { encodeEntry } from './entry.ts';
import type { Source } from './source.ts';

/** Undefined where the sender may speak of any node, or is not known. */
export type NoteShed = (source: Source, node: string | undefined) => void;

export interface ShedOptions {
  readonly journal: Pick<Journal, 'append'>;
  /** At once, where this replica leads. */
  readonly onShed: (node: string | undefined) => void;
  readonly clock: Clock;
  /** Ends with the journal: what was not written by then is owed to nobody. */
  readonly signal: AbortSignal;
}

/** Each note holds for a minute: more of them would say no more. */
const noteEveryMs = 10_000;
/** For as long as the journal takes nothing. */
const retryMs = 5000;
/** Past it one note for all says the same. */
const mostNodes = 1000;
const anyNode = '';

export const createShedNotes = ({ journal, onShed, clock, signal }: ShedOptions): NoteShed => {
  /** Node → when it was last journalled. */
  const notedAt = new Map<string, number>();
  const owed = new Map<string, Source>();
  let isWaiting = false;

  const write = async (source: Source, key: string): Promise<void> => {
    const node = key === anyNode ? undefined : key;
    const entry = { source, sender: '', node, at: clock.now(), items: [], shed: true as const };
    try {
      await journal.append(encodeEntry(entry), 1);
    } catch {
      // The journal's own trouble is told by whoever it keeps from being written to.
      onShed(node);
      owed.set(key, source);
      void retry();
    }
  };

  const retry = async (): Promise<void> => {
    if (isWaiting) return;
    isWaiting = true;
    await sleep(clock, retryMs, signal);
    isWaiting = false;
    const again = signal.aborted ? [] : [...owed];
    owed.clear();
    for (const [key, source] of again) void write(source, key);
  };

  return (source, node) => {
    onShed(node);
    const now = clock.monotonic();
    for (const [key, at] of notedAt) if (now - at >= noteEveryMs) notedAt.delete(key);
    const key = notedAt.size < mostNodes ? (node ?? anyNode) : anyNode;
    if (notedAt.has(key) || notedAt.has(anyNode)) return;
    notedAt.set(key, now);
    void write(source, key);
  };
};
