// Posts events at a steady rate to several replicas, whatever becomes of them, and keeps account of every one. What is not acknowledged
// is not sent again, as Falco does not.
import { setTimeout as delay } from 'node:timers/promises';
import type { Poster } from './post-events.ts';

export interface SteadyOptions {
  /** Takes turns; asked anew for each batch, since a replica that is started again has another. */
  readonly posters: () => readonly Poster[];
  readonly perSecond: number;
  readonly batch: number;
  readonly make: () => object;
}

export interface Tally {
  /** Answered with 202: in a journal. */
  acknowledged: number;
  /** Answered otherwise, or there was nobody to connect to: in none. */
  refused: number;
  /** The connection broke before an answer came: nobody knows. */
  unknown: number;
  seconds: number;
}

/** Batches without an answer; past it the sender waits, as a forwarder's queue would. */
const mostUnanswered = 64;
const tickMs = 20;

/** Until the signal aborts and everything is answered or broken. */
export const postSteadily = async (options: SteadyOptions, signal: AbortSignal): Promise<Tally> => {
  const { posters, perSecond, batch, make } = options;
  const tally: Tally = { acknowledged: 0, refused: 0, unknown: 0, seconds: 0 };
  const pending = new Set<Promise<void>>();
  const began = performance.now();
  let sent = 0;

  const post = async (poster: Poster): Promise<void> => {
    try {
      const { status } = await poster.post('falco', Array.from({ length: batch }, make));
      if (status === 202) tally.acknowledged += batch;
      else tally.refused += batch;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') tally.refused += batch;
      else tally.unknown += batch;
    }
  };

  for (let turn = 0; !signal.aborted;) {
    const due = ((performance.now() - began) / 1000) * perSecond;
    while (sent < due && pending.size < mostUnanswered) {
      const all = posters();
      const poster = all[turn++ % all.length];
      sent += batch;
      if (poster === undefined) continue;
      const done = post(poster).finally(() => pending.delete(done));
      pending.add(done);
    }
    await delay(tickMs);
  }
  tally.seconds = (performance.now() - began) / 1000;
  await Promise.all(pending);
  return tally;
};
