// What a replica does with its journal: while it leads it works it in and takes over what others hand to it; else it hands it to the leader.
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Journal } from '../journal/journal.ts';
import { consume, type EventConsumer } from './consume.ts';
import { handOver, type HandOverOptions } from './hand-over.ts';
import type { KeptIds } from './kept-ids.ts';
import type { PushedTelemetry } from './pushed.ts';
import { createTakeOver, type TakeOver } from './take-over.ts';

export interface Duty {
  /** Hands over until `running` aborts, or until this replica leads. */
  standBy(): void;
  /** Works the journal in for as long as this replica leads. */
  lead(findings: EventConsumer, leading: AbortSignal): Promise<void>;
  readonly takeOver: TakeOver;
  /** Handing over has ended. */
  ended(): Promise<void>;
}

export interface DutyOptions extends Pick<HandOverOptions, 'leader' | 'connect'> {
  readonly journal: Journal;
  readonly ids: KeptIds;
  readonly telemetry: PushedTelemetry;
  /** Aborts when another one leads than before. */
  readonly term: () => AbortSignal;
  /** As long as the process runs. */
  readonly running: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const retryMs = 5000;

export const createDuty = (options: DutyOptions): Duty => {
  const { journal, running, term, clock, log } = options;
  /** Why nothing can be taken over; undefined while this replica leads and has caught up. */
  let closed: string | undefined = 'this replica does not lead';
  const takeOver = createTakeOver({ journal, closed: () => closed, log });
  let standingBy: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  const standBy = (): void => {
    const stop = new AbortController();
    const until = AbortSignal.any([running, stop.signal]);
    const work = async (): Promise<void> => {
      while (!until.aborted) {
        try {
          // The next leader may lack what this one had: it gets all that nobody has written yet.
          await handOver(options, AbortSignal.any([until, term()]));
        } catch (error) {
          log.warn({ error }, 'handing over failed; beginning anew where it was');
          await sleep(clock, retryMs, until);
        }
      }
    };
    standingBy = { stop, done: work() };
  };

  return {
    takeOver,
    standBy,
    ended: async () => standingBy?.done,
    async lead(findings, leading) {
      standingBy?.stop.abort();
      await standingBy?.done;
      const onCaughtUp = (): void => {
        closed = undefined;
      };
      while (!leading.aborted) {
        closed = 'this replica is reading its journal';
        try {
          await consume({ ...options, takeOver, findings, onCaughtUp }, leading);
        } catch (error) {
          log.warn({ error }, 'working in the journal failed; beginning anew where it was');
          await sleep(clock, retryMs, leading);
        }
      }
      closed = 'this replica does not lead';
      standBy();
    },
  };
};
