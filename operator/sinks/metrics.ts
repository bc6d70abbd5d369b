// What Prometheus can ask about what is told to the outside.
import { Counter, Gauge, type Registry } from 'prom-client';

export const sinkNames = ['cloudevents', 'alertmanager'] as const;
export type SinkName = (typeof sinkNames)[number];
export const sinkOutcomes = ['delivered', 'failed', 'lost'] as const;
export type SinkOutcome = (typeof sinkOutcomes)[number];

export interface SinkMetrics {
  readonly delivery: (sink: SinkName, outcome: SinkOutcome) => void;
  /** How much waits, asked when the metric is read. */
  readonly setPending: (sink: SinkName, pending: () => number) => void;
}

const prefix = 'workload_protection_';

export const createSinkMetrics = (registry: Registry): SinkMetrics => {
  const pending = new Map<SinkName, () => number>();
  const deliveries = new Counter({
    name: `${prefix}sink_deliveries_total`,
    help: `Requests to a sink by outcome: ${sinkOutcomes.join(', ')}. Lost: its object was deleted before it could be told, and too many of these wait.`,
    labelNames: ['sink', 'outcome'],
    registers: [registry],
  });
  for (const sink of sinkNames) for (const outcome of sinkOutcomes) deliveries.inc({ sink, outcome }, 0);
  const waiting = new Gauge({
    name: `${prefix}sink_pending`,
    help: 'Findings and snapshots of which a sink has not been told all yet; in the leader.',
    labelNames: ['sink'],
    registers: [],
    collect() {
      this.reset();
      for (const [sink, count] of pending) this.set({ sink }, count());
    },
  });
  registry.registerMetric(waiting);
  return {
    delivery: (sink, outcome) => deliveries.inc({ sink, outcome }),
    setPending: (sink, count) => {
      pending.set(sink, count);
    },
  };
};
