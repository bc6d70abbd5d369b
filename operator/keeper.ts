// Keeps the coverage model true: facts come in at any time, and soon after one evaluation takes in all of them. Time counts as a
// change where a grace period or an exemption ends.
import type { CoverageModel, Evaluation } from '../domain/coverage/model.ts';
import { sleep, type Clock } from '../kube/clock.ts';

/** A burst of changes, such as a rollout, is one evaluation; small beside the two seconds in which a report must follow. */
const gatherMs = 100;
/** Timers further away overflow in Node; waking up once a day for nothing is free. */
const longestWaitMs = 86_400_000;

export interface CoverageKeeper {
  readonly model: CoverageModel;
  /** Something went into the model. */
  readonly touch: () => void;
  /** Told after every evaluation. Returns how to end it. */
  readonly subscribe: (listener: (evaluation: Evaluation) => void) => () => void;
  /** Evaluates from now on, until the signal aborts. Start it when all facts are in. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Whether an evaluation has taken place since the start. */
  readonly isEvaluated: () => boolean;
}

export interface KeeperOptions {
  readonly model: CoverageModel;
  readonly clock: Clock;
  readonly onEvaluated: (evaluation: Evaluation, seconds: number) => void;
}

export const createCoverageKeeper = ({ model, clock, onEvaluated }: KeeperOptions): CoverageKeeper => {
  const listeners = new Set<(evaluation: Evaluation) => void>();
  let touched = Promise.withResolvers<void>();
  let isEvaluated = false;

  const evaluate = (): Evaluation => {
    const began = clock.monotonic();
    const evaluation = model.evaluate(clock.now());
    isEvaluated = true;
    onEvaluated(evaluation, (clock.monotonic() - began) / 1000);
    for (const listener of listeners) listener(evaluation);
    return evaluation;
  };

  return {
    model,
    touch: () => touched.resolve(),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isEvaluated: () => isEvaluated,
    run: async (signal) => {
      while (!signal.aborted) {
        touched = Promise.withResolvers();
        const { nextAt } = evaluate();
        const due = Math.min(longestWaitMs, Math.max(0, nextAt - clock.now()));
        await untilFirst(touched.promise, due, clock, signal);
        await sleep(clock, gatherMs, signal);
      }
    },
  };
};

/** Ends at the first of: the promise, the time, the signal. */
const untilFirst = async (promise: Promise<void>, ms: number, clock: Clock, signal: AbortSignal): Promise<void> => {
  const timer = new AbortController();
  try {
    await Promise.race([promise, sleep(clock, ms, AbortSignal.any([signal, timer.signal]))]);
  } finally {
    timer.abort();
  }
};
