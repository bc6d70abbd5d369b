// What is counted of events that come in. Labels are bounded by sources, outcomes and reasons; who sends is none of them.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { JournalUsage } from '../journal/journal.ts';
import type { PushedOutcome } from './pushed.ts';
import type { Source } from './source.ts';

/** Why a request was refused as a whole. */
export type Refused =
  | 'busy'
  | 'connections'
  | 'failed'
  | 'forbidden'
  | 'journal'
  | 'malformed'
  | 'method'
  | 'notFound'
  | 'rate'
  | 'timeout'
  | 'tooLarge'
  | 'unauthenticated'
  | 'unavailable'
  | 'unsupported';

export interface IngestMetrics {
  readonly events: (source: Source, outcome: 'accepted' | 'rejected', count: number) => void;
  readonly received: (source: Source, bytes: number) => void;
  readonly refused: (source: Source | 'none', reason: Refused) => void;
  readonly answered: (source: Source, status: number, seconds: number) => void;
  /** What an agent said of itself, by the type of agent. */
  readonly pushed: (agent: string, outcome: PushedOutcome) => void;
  /** Whose usage is shown from now on. */
  readonly setJournal: (usage: () => JournalUsage | undefined) => void;
}

const prefix = 'workload_protection_';

export const createIngestMetrics = (registry: Registry): IngestMetrics => {
  const registers = [registry];
  let usage = (): JournalUsage | undefined => undefined;
  const events = new Counter({
    name: `${prefix}ingest_events_total`,
    help: 'Events that came in, by source and outcome. Accepted ones lie in the journal.',
    labelNames: ['source', 'outcome'],
    registers,
  });
  const bytes = new Counter({
    name: `${prefix}ingest_received_bytes_total`,
    help: 'Bytes of the bodies that were read, as they came.',
    labelNames: ['source'],
    registers,
  });
  const refused = new Counter({
    name: `${prefix}ingest_refused_total`,
    help: 'Requests refused as a whole, by source (none: not known) and reason.',
    labelNames: ['source', 'reason'],
    registers,
  });
  const seconds = new Histogram({
    name: `${prefix}ingest_request_duration_seconds`,
    help: 'Time from the headers of a request to its answer, by source and status.',
    labelNames: ['source', 'code'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  });
  const pushed = new Counter({
    name: `${prefix}pushed_telemetry_total`,
    help: 'Events in which agents speak of themselves, by type of agent and outcome: absorbed, unattributed (it cannot be told of which node they are), unneeded (the agent is asked, and answers tell the same) or unexpected (no such agent is set to push or asked). In the leader.',
    labelNames: ['type', 'outcome'],
    registers,
  });
  const gauge = (name: string, help: string, read: (usage: JournalUsage) => number): Gauge =>
    new Gauge({
      name: `${prefix}journal_${name}`,
      help,
      registers,
      collect() {
        const known = usage();
        if (known !== undefined) this.set(read(known));
      },
    });
  gauge('bytes', 'Bytes that the journal holds.', ({ bytes }) => bytes);
  gauge('limit_bytes', 'Bytes that the journal may hold; past them senders are answered 503.', ({ limit }) => limit);
  gauge(
    'waiting_events',
    'Positions between what came last and what was last kept as worked in, every few seconds; grows where nobody leads or takes over.',
    ({ waiting }) => waiting,
  );
  gauge('failing', '1 while the journal cannot be written, 0 while it can.', ({ trouble }) =>
    Number(trouble !== undefined),
  );
  return {
    events: (source, outcome, count) => {
      if (count > 0) events.inc({ source, outcome }, count);
    },
    received: (source, received) => bytes.inc({ source }, received),
    refused: (source, reason) => refused.inc({ source, reason }),
    answered: (source, status, took) => seconds.observe({ source, code: String(status) }, took),
    pushed: (type, outcome) => pushed.inc({ type, outcome }),
    setJournal: (next) => {
      usage = next;
    },
  };
};
