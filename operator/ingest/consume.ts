// The leader's way through its journal: every entry in order, first those that an earlier run has not worked in. From time to time what
// is known is kept beside the position that it holds up to, and the journal's room is given back.
import { object } from '../../facts/read.ts';
import { every, type Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Journal } from '../journal/journal.ts';
import { positionAfter } from '../journal/record.ts';
import { decodeEntry, type Entry, type Origin } from './entry.ts';
import type { KeptIds } from './kept-ids.ts';
import type { PushedTelemetry } from './pushed.ts';
import type { TakeOver } from './take-over.ts';

export interface ConsumeOptions {
  readonly journal: Journal;
  readonly ids: Pick<KeptIds, 'load' | 'keep'>;
  readonly takeOver: Pick<TakeOver, 'begin' | 'note' | 'include' | 'included'>;
  readonly telemetry: PushedTelemetry;
  readonly findings: EventConsumer;
  /** Everything that lay in the journal at the start has been worked in. */
  readonly onCaughtUp: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes findings of what comes, and says up to where all of it stands in the cluster. */
export interface EventConsumer {
  readonly take: (entry: Entry, journal: string, position: number) => void;
  readonly included: (processed: number) => number;
  /** Hashes of ids of what is included and was not told before. */
  readonly idsUpTo: (position: number) => Uint32Array;
  /** Of what an earlier leader has included. */
  readonly restoreIds: (hashes: Uint32Array, at: number) => void;
}

/** What is worked in again after a crash, at most; each keeping costs a sync of the disk. */
const keepEveryMs = 5000;
/** Past so many, as many events of another journal have their room given back together: those of a full journal would take 100 MB. */
const foreignTogether = 1000;
/** The fleet is looked at as often: an agent that came shows as one that has posted nothing. */
const lookEveryMs = 5000;

/** Ends when the signal aborts, with everything kept. */
export const consume = async (options: ConsumeOptions, signal: AbortSignal): Promise<void> => {
  const { journal, ids, takeOver, telemetry, findings, clock, log } = options;
  restore(options);
  options.takeOver.begin();
  for (const { at, hashes } of await ids.load()) findings.restoreIds(hashes, at);
  const start = journal.released.position;
  const caughtUpAt = start + journal.usage().waiting;
  let position = start;
  const noteProgress = (to: number): void => {
    position = to;
    if (position >= caughtUpAt) options.onCaughtUp();
  };
  noteProgress(start);
  /** What came from elsewhere, by its last position here, until it is written. */
  const foreign: { readonly from: number; until: number; origin: Origin }[] = [];
  const noteForeign = (from: number, until: number, origin: Origin): void => {
    const last = foreign.at(-1);
    const isAlone = foreign.length < foreignTogether || last === undefined || until - last.from > foreignTogether;
    if (isAlone || last.origin.journal !== origin.journal) {
      foreign.push({ from, until, origin });
      return;
    }
    last.until = until;
    last.origin = origin;
  };

  const keepOnce = async (): Promise<void> => {
    const included = findings.included(position);
    if (included <= journal.released.position) return;
    for (let first = foreign[0]; first !== undefined && first.until <= included; [first] = foreign) {
      takeOver.include(first.origin);
      foreign.shift();
    }
    const state = { included: takeOver.included(), telemetry: telemetry.save() };
    // Before its room is given back: what is known to be counted is never brought again.
    await ids.keep(findings.idsUpTo(included));
    try {
      await journal.release(included, Buffer.from(JSON.stringify(state)));
    } catch (error) {
      // What was worked in is worked in again after a restart, which changes nothing.
      log.warn({ error, position }, 'cannot keep how far the journal has been worked in; trying again');
    }
  };

  /** One after the other, however slow the disk is. */
  let keeping: Promise<void> | undefined;
  const keep = async (): Promise<void> => {
    keeping ??= keepOnce().finally(() => (keeping = undefined));
    await keeping;
  };

  const timers = [every(clock, lookEveryMs, () => telemetry.look()), every(clock, keepEveryMs, () => void keep())];
  try {
    for await (const record of journal.follow(start + 1, signal)) {
      const entry = (record.content as Entry | undefined) ?? decodeEntry(record.payload);
      if (entry === undefined)
        log.warn({ position: record.position }, 'an entry of the journal cannot be read, and is left out');
      else {
        take(entry, record.position, options);
        const until = positionAfter(record) - 1;
        if (entry.via !== undefined) noteForeign(record.position, until, lastOf(entry.via, record.count));
      }
      noteProgress(positionAfter(record) - 1);
    }
  } finally {
    for (const end of timers) end();
    await keeping;
    await keep();
  }
};

const lastOf = ({ journal, position }: Origin, count: number): Origin => ({ journal, position: position + count - 1 });

const take = (
  entry: Entry,
  position: number,
  { journal, takeOver, telemetry, findings, log }: ConsumeOptions,
): void => {
  if (entry.via !== undefined) takeOver.note(entry.via);
  try {
    telemetry.take(entry);
    findings.take(entry, journal.id, position);
  } catch (error) {
    // A mistake of ours must not stand in the way of everything behind it.
    log.error({ error, source: entry.source }, 'an entry of the journal could not be worked in, and is left out');
  }
};

const restore = ({ journal, takeOver, telemetry, log }: ConsumeOptions): void => {
  const { state } = journal.released;
  telemetry.look();
  if (state.length === 0) return;
  try {
    const { included, telemetry: saved } = object(JSON.parse(state.toString('utf8')));
    for (const [id, position] of Object.entries(object(included))) {
      if (typeof position === 'number') takeOver.include({ journal: id, position });
    }
    telemetry.restore(saved);
    telemetry.look();
  } catch (error) {
    log.warn({ error }, 'what was kept beside the journal cannot be read: agents are known again as they post');
  }
};
