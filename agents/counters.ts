// What counters grew by between two readings of one pod.
import type { Drops } from '../domain/telemetry/types.ts';
import type { Memory } from './agent.ts';

export interface Counters {
  /** Undefined where the counter is not there, and at the first reading. */
  readonly growth: (name: string, value: number | undefined) => number | undefined;
  /** For the next reading: the counters that were looked at. */
  readonly memory: () => Memory;
}

export const createCounters = (previous: Memory | undefined): Counters => {
  const seen = new Map<string, number>();
  return {
    growth: (name, value) => {
      if (value === undefined || !Number.isFinite(value)) return undefined;
      seen.set(name, value);
      const before = previous?.[name];
      if (typeof before !== 'number' || !Number.isFinite(before)) return undefined;
      // Lower than before: the agent began anew, so all that it counts came since.
      return value < before ? Math.max(value, 0) : value - before;
    },
    memory: () => Object.fromEntries(seen),
  };
};

/** Undefined where nothing was lost, or nothing can be told. `passed`: events that were not lost. */
export const dropsOf = (where: string, lost: number | undefined, passed: number | undefined): Drops | undefined => {
  if (lost === undefined || lost <= 0 || !Number.isFinite(lost)) return undefined;
  const total = passed === undefined ? undefined : lost + passed;
  return { lost, ...(total === undefined || !Number.isFinite(total) ? {} : { total }), where };
};
