// What became of events, counted by the entry: a metric costs more to find than all else that is done with an event.
import type { EventOutcome } from './book/event-outcome.ts';
import type { FindingMetrics } from './metrics.ts';

export interface Tally {
  readonly note: (agentType: string, outcome: EventOutcome, rule: string | undefined) => void;
  /** Into the metrics, and from nothing again. */
  readonly flush: () => void;
}

interface Row {
  readonly agentType: string;
  readonly outcome: EventOutcome;
  /** Of signals alone. */
  readonly rule: string | undefined;
  count: number;
}

export const createTally = (metrics: Pick<FindingMetrics, 'event' | 'signal'>): Tally => {
  const rows = new Map<string, Row>();
  let last: Row | undefined;

  const rowOf = (agentType: string, outcome: EventOutcome, rule: string | undefined): Row => {
    const key = `${agentType}\n${outcome}\n${rule ?? ''}`;
    const row = rows.get(key) ?? { agentType, outcome, rule, count: 0 };
    rows.set(key, row);
    return row;
  };

  return {
    note: (agentType, outcome, seenBy) => {
      const rule = outcome === 'signal' ? seenBy : undefined;
      // Most are as the one before.
      if (last?.agentType !== agentType || last.outcome !== outcome || last.rule !== rule)
        last = rowOf(agentType, outcome, rule);
      last.count++;
    },
    flush: () => {
      for (const { agentType, outcome, rule, count } of rows.values()) {
        metrics.event(agentType, outcome, count);
        if (outcome === 'signal') metrics.signal(agentType, rule, count);
      }
      rows.clear();
      last = undefined;
    },
  };
};
