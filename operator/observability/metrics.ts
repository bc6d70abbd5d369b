// What Prometheus can ask of the operator. Names and labels are part of the product's interface; cardinality is bounded by
// kinds, states, reasons and agents' versions, never by assets.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ReportCounts, Report } from '../../domain/coverage/report.ts';
import { reasons } from '../../domain/reason.ts';
import type { Counts, SmallCounts } from '../../domain/coverage/counts.ts';
import type { ReflectorMetrics } from '../../kube/reflector.ts';
import type { TransportMetrics } from '../../kube/transport.ts';
import type { WorkQueueMetrics } from '../../kube/workqueue.ts';
import { taintOutcomes, type TaintOutcome } from '../controllers/nodes/outcome.ts';
import type { TelemetryMetrics } from '../telemetry/keep.ts';
import { createIngestMetrics, type IngestMetrics } from '../ingest/metrics.ts';
import { createFindingMetrics, type FindingMetrics } from '../findings/metrics.ts';
import type { KubeletMetrics } from '../kubelet/keep.ts';
import { createKubeletMetrics } from '../kubelet/metrics.ts';
import { createSinkMetrics, type SinkMetrics } from '../sinks/metrics.ts';
import type { Watch } from '../watches.ts';

export interface OperatorMetrics {
  /** Of events that come in. */
  readonly ingest: IngestMetrics;
  readonly registry: Registry;
  readonly reflector: ReflectorMetrics;
  readonly transport: TransportMetrics;
  readonly queue: WorkQueueMetrics;
  readonly findings: FindingMetrics;
  readonly kubelets: KubeletMetrics;
  readonly sinks: SinkMetrics;
  /** Objects that a watch missed, as an audit found. */
  readonly missed: (watch: string, objects: number) => void;
  readonly evaluated: (seconds: number) => void;
  readonly wrote: (kind: string) => void;
  /** A pod was seen that runs by break-glass. */
  readonly brokeGlass: () => void;
  /** What became of a node's startup taint. */
  readonly startupTaint: (outcome: TaintOutcome) => void;
  /** The report named `cluster`; undefined while another replica leads, so that sums over replicas stay true. */
  readonly setReport: (report: Report | undefined) => void;
  readonly setEvaluatedAt: (report: string, at: number) => void;
  readonly setLeading: (leads: boolean) => void;
  readonly telemetry: TelemetryMetrics;
  /** Whether pods of opted-in namespaces are refused where nobody judges them; undefined where none has been asked to. */
  readonly setFailClosed: (isClosed: boolean | undefined) => void;
}

const prefix = 'workload_protection_';

const stateLabels = {
  protected: 'Protected',
  warning: 'Warning',
  unknown: 'Unknown',
  incomplete: 'Incomplete',
  failed: 'Failed',
  noProtection: 'NoProtection',
  noAgent: 'NoAgent',
  exempt: 'Exempt',
  notRunning: 'NotRunning',
} as const satisfies Partial<Record<keyof SmallCounts, string>>;

const evidenceLabels = {
  none: 'None',
  declared: 'Declared',
  running: 'Running',
  reporting: 'Reporting',
  loaded: 'Loaded',
} as const satisfies Record<keyof Counts['byEvidence'], string>;

const assetLabels = {
  nodes: 'node',
  pods: 'pod',
  workloads: 'workload',
  containers: 'container',
  serverless: 'serverless',
} as const satisfies Record<keyof ReportCounts, string>;

/** Gauges that the library names like counters, which promtool refuses; beside them it has the same by type, named well. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export const createOperatorMetrics = (watches: () => readonly Watch[]): OperatorMetrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const registers = [registry];
  let report: Report | undefined;

  new Gauge({
    name: `${prefix}assets`,
    help: 'Assets by state. A workload on a virtual node counts as workload and as serverless.',
    labelNames: ['asset', 'state'],
    registers,
    collect() {
      this.reset();
      eachCount(report, (asset, counts) => {
        for (const [field, state] of entries(stateLabels)) this.set({ asset, state }, counts[field]);
      });
    },
  });
  new Gauge({
    name: `${prefix}assets_by_evidence`,
    help: 'Assets by the strongest evidence behind their state, exempt and not running ones left out.',
    labelNames: ['asset', 'evidence'],
    registers,
    collect() {
      this.reset();
      eachCount(report, (asset, counts) => {
        for (const [field, evidence] of entries(evidenceLabels))
          this.set({ asset, evidence }, counts.byEvidence[field]);
      });
    },
  });
  new Gauge({
    name: `${prefix}gaps`,
    help: 'Distinct gaps, each a reason with a cause, by reason.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      if (report === undefined) return;
      for (const reason of Object.keys(reasons)) this.set({ reason }, 0);
      for (const { reason } of report.gaps) this.inc({ reason });
    },
  });
  new Gauge({
    name: `${prefix}agent_nodes`,
    help: 'Nodes on which an agent works, by agent and version.',
    labelNames: ['agent', 'version'],
    registers,
    collect() {
      this.reset();
      for (const { name, versions } of report?.agents ?? []) {
        for (const { version, nodes } of versions) this.set({ agent: name, version }, nodes);
      }
    },
  });
  const evaluatedAt = new Gauge({
    name: `${prefix}report_evaluated_timestamp_seconds`,
    help: 'When a report was last written as found true, in seconds since the epoch.',
    labelNames: ['report'],
    registers,
  });
  const leader = new Gauge({
    name: `${prefix}leader`,
    help: '1 in the replica that writes, 0 in the others.',
    registers,
  });
  let isFailClosed: boolean | undefined;
  new Gauge({
    name: `${prefix}fail_closed`,
    help: '1 while pods of fail-closed namespaces are refused where the webhook does not answer, 0 since no replica has answered for too long. Only where it is switched on, in the leader.',
    registers,
    collect() {
      if (isFailClosed === undefined) this.remove();
      else this.set(isFailClosed ? 1 : 0);
    },
  });
  const evaluation = new Histogram({
    name: `${prefix}evaluation_duration_seconds`,
    help: 'How long it took to take in the changes since the last evaluation.',
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5],
    registers,
  });
  const missed = new Counter({
    name: `${prefix}watch_missed_total`,
    help: 'Objects that a watch should have brought and did not, as an hourly audit found; must stay 0.',
    labelNames: ['resource'],
    registers,
  });
  const writes = new Counter({
    name: `${prefix}writes_total`,
    help: 'Objects written to the API server, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const brokenGlass = new Counter({
    name: `${prefix}break_glass_total`,
    help: 'Pods seen to run by break-glass, each counted once, with its Event.',
    registers,
  });
  const startupTaints = new Counter({
    name: `${prefix}startup_taints_total`,
    help: 'Startup taints by what became of them: taken off a protected node, taken off at the time limit, or kept beyond it.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of taintOutcomes) startupTaints.inc({ outcome }, 0);
  watchGauges(registers, watches);
  return {
    registry,
    reflector: reflectorCounters(registers),
    transport: transportHistogram(registers),
    queue: queueMetrics(registers),
    findings: createFindingMetrics(registry),
    kubelets: createKubeletMetrics(registry),
    sinks: createSinkMetrics(registry),
    ingest: createIngestMetrics(registry),
    telemetry: telemetryMetrics(registers),
    missed: (resource, objects) => missed.inc({ resource }, objects),
    evaluated: (seconds) => evaluation.observe(seconds),
    wrote: (kind) => writes.inc({ kind }),
    brokeGlass: () => brokenGlass.inc(),
    startupTaint: (outcome) => startupTaints.inc({ outcome }),
    setReport: (next) => {
      report = next;
    },
    setEvaluatedAt: (name, at) => {
      if (at > 0) evaluatedAt.set({ report: name }, Math.floor(at / 1000));
    },
    setFailClosed: (next) => {
      isFailClosed = next;
    },
    setLeading: (leads) => {
      leader.set(leads ? 1 : 0);
      if (!leads) evaluatedAt.reset();
    },
  };
};

const eachCount = (report: Report | undefined, visit: (asset: string, counts: Counts) => void): void => {
  if (report === undefined) return;
  for (const [field, asset] of entries(assetLabels)) visit(asset, report.counts[field]);
};

const entries = <K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] => Object.entries(table) as [K, V][];

const watchGauges = (registers: Registry[], watches: () => readonly Watch[]): void => {
  const gauge = (name: string, help: string, read: (watch: Watch) => number | undefined): void => {
    new Gauge({
      name: `${prefix}watch_${name}`,
      help,
      labelNames: ['resource'],
      registers,
      collect() {
        this.reset();
        for (const watch of watches()) {
          const value = read(watch);
          if (value !== undefined) this.set({ resource: watch.name }, value);
        }
      },
    });
  };
  gauge('synced', '1 once everything of the kind has been read.', ({ reflector }) => Number(reflector.state().synced));
  gauge('objects', 'Objects held.', ({ reflector }) => reflector.state().objects);
  gauge(
    'last_heard_timestamp_seconds',
    'When the API server last sent anything on the watch, in seconds since the epoch.',
    ({ reflector }) => {
      const at = reflector.state().lastHeardAt;
      return at === undefined ? undefined : at / 1000;
    },
  );
};

const reflectorCounters = (registers: Registry[]): ReflectorMetrics => {
  const errors = new Counter({
    name: `${prefix}watch_errors_total`,
    help: 'Lists and watches that failed, by resource and kind of error.',
    labelNames: ['resource', 'kind'],
    registers,
  });
  const relists = new Counter({
    name: `${prefix}watch_relists_total`,
    help: 'Times that everything of a kind was read again.',
    labelNames: ['resource'],
    registers,
  });
  const skipped = new Counter({
    name: `${prefix}watch_skipped_total`,
    help: 'Objects or lines that could not be read.',
    labelNames: ['resource'],
    registers,
  });
  return {
    error: (resource, kind) => errors.inc({ resource, kind }),
    relist: (resource) => relists.inc({ resource }),
    skipped: (resource) => skipped.inc({ resource }),
  };
};

const transportHistogram = (registers: Registry[]): TransportMetrics => {
  const requests = new Histogram({
    name: `${prefix}kube_request_duration_seconds`,
    help: 'Requests to the API server; watches up to their first byte.',
    labelNames: ['verb', 'resource', 'code'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  return { request: (verb, resource, code, seconds) => requests.observe({ verb, resource, code }, seconds) };
};

const telemetryMetrics = (registers: Registry[]): TelemetryMetrics => {
  const scrapes = new Counter({
    name: `${prefix}telemetry_scrapes_total`,
    help: "Times that an agent's pod was asked how it is, by what came of it.",
    labelNames: ['agent', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: `${prefix}telemetry_scrape_duration_seconds`,
    help: "How long an agent's pod took to answer, or to be given up.",
    labelNames: ['agent'],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  let scraper: Parameters<TelemetryMetrics['setScraper']>[0];
  new Gauge({
    name: `${prefix}telemetry_agents_asked`,
    help: "Agents' pods that are asked once in their interval, in the leader.",
    labelNames: ['agent'],
    registers,
    collect() {
      this.reset();
      for (const [agent, pods] of scraper?.asked() ?? []) this.set({ agent }, pods);
    },
  });
  new Gauge({
    name: `${prefix}telemetry_agents_waiting`,
    help: "Agents' pods whose turn it is and that wait for a slot, in the leader; above 0 for long, agents hang or are too many.",
    registers,
    collect() {
      this.set(scraper?.load().waiting ?? 0);
    },
  });
  return {
    scraped: (agent, outcome, took) => {
      scrapes.inc({ agent, outcome });
      seconds.observe({ agent }, took);
    },
    setScraper: (next) => {
      scraper = next;
    },
  };
};

const queueMetrics = (registers: Registry[]): WorkQueueMetrics => {
  const depth = new Gauge({
    name: `${prefix}queue_depth`,
    help: 'Objects that wait for their turn.',
    labelNames: ['queue'],
    registers,
  });
  const handled = new Histogram({
    name: `${prefix}queue_work_duration_seconds`,
    help: 'Turns taken, by result.',
    labelNames: ['queue', 'result'],
    buckets: [0.001, 0.01, 0.1, 1, 10],
    registers,
  });
  return {
    depth: (queue, keys) => depth.set({ queue }, keys),
    handled: (queue, result, seconds) => handled.observe({ queue, result }, seconds),
  };
};
