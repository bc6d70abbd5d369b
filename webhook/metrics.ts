// What the webhook measures. Names and labels are fixed; every label has a bounded number of values.
import { admissionKinds } from '../crds/schema/vocabulary.ts';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { TransportMetrics } from '../kube/transport.ts';
import type { Shed } from './load.ts';

export interface WebhookMetrics {
  readonly registry: Registry;
  readonly answered: (request: Answered) => void;
  readonly decided: (seconds: number) => void;
  readonly panicked: () => void;
  /** Of requests that are being answered. */
  readonly inFlight: (requests: number) => void;
  /** One that was not judged, since too much was asked. */
  readonly shed: (why: Shed) => void;
  readonly refusedConnection: (reason: 'malformed' | 'too_large' | 'not_json' | 'aborted') => void;
  readonly reflector: ReflectorMetrics;
  readonly transport: TransportMetrics;
}

export interface Answered {
  readonly kind: string;
  readonly operation: string;
  readonly verdict: string;
  readonly answer: 'allow' | 'warn' | 'deny';
  readonly seconds: number;
}

/** Read when Prometheus asks. */
export interface Observed {
  /** Resource → seconds since the API server was last heard about it. */
  readonly cacheStaleness: () => Readonly<Record<string, number>>;
  /** Seconds since the report was last found true; undefined where there is none. */
  readonly reportAge: () => number | undefined;
  /** Certificate → when it ends, epoch milliseconds. */
  readonly certificateExpiry: () => Readonly<Record<string, number>>;
  /** Whether the last handshake with ourselves succeeded; undefined before the first. */
  readonly selfProbe: () => boolean | undefined;
}

const prefix = 'workload_protection_webhook';
/** A decision takes a fraction of a millisecond; the API server gives up after a few seconds. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const knownKinds: ReadonlySet<string> = new Set([
  ...admissionKinds,
  'Binding',
  'WorkloadPolicy',
  'ProtectionAgent',
  'CoverageReport',
  'Finding',
]);

export function createWebhookMetrics(observed: Observed): WebhookMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: `${prefix}_requests_total`,
    help: 'Admission requests answered, by what was found and what the API server was told.',
    labelNames: ['kind', 'operation', 'verdict', 'answer'] as const,
    registers,
  });
  const duration = new Histogram({
    name: `${prefix}_request_duration_seconds`,
    help: 'Time from a whole request to its answer.',
    labelNames: ['kind'] as const,
    buckets,
    registers,
  });
  const decision = new Histogram({
    name: `${prefix}_decision_duration_seconds`,
    help: 'Time of the decision alone.',
    buckets,
    registers,
  });
  const panics = new Counter({
    name: `${prefix}_panics_total`,
    help: 'Requests on which the webhook itself failed.',
    registers,
  });
  const bad = new Counter({
    name: `${prefix}_bad_requests_total`,
    help: 'Requests that were no admission review, by what was wrong.',
    labelNames: ['reason'] as const,
    registers,
  });
  let requestsInFlight = 0;
  const inFlight = new Gauge({
    name: `${prefix}_requests_in_flight`,
    help: 'Requests that are being read, judged or answered.',
    registers,
    collect() {
      this.set(requestsInFlight);
    },
  });
  void inFlight;
  const shed = new Counter({
    name: `${prefix}_shed_total`,
    help: 'Requests that were not judged because too much was asked: late (half of the timeout was over), many (too many at a time), large (too many bytes at a time).',
    labelNames: ['reason'] as const,
    registers,
  });
  for (const reason of ['late', 'many', 'large'] as const) shed.inc({ reason }, 0);
  const watchErrors = new Counter({
    name: `${prefix}_watch_errors_total`,
    help: 'Lists and watches that failed, by kind of failure.',
    labelNames: ['resource', 'error'] as const,
    registers,
  });
  const skipped = new Counter({
    name: `${prefix}_watch_skipped_objects_total`,
    help: 'Objects that could not be read.',
    labelNames: ['resource'] as const,
    registers,
  });
  const relists = new Counter({
    name: `${prefix}_watch_relists_total`,
    help: 'Lists read again from the start.',
    labelNames: ['resource'] as const,
    registers,
  });
  const kubeRequests = new Counter({
    name: `${prefix}_kubernetes_requests_total`,
    help: 'Requests to the API server.',
    labelNames: ['verb', 'resource', 'code'] as const,
    registers,
  });
  observe(registry, observed);
  return {
    registry,
    answered: ({ kind, operation, verdict, answer, seconds }) => {
      const known = knownKinds.has(kind) ? kind : 'other';
      requests.inc({ kind: known, operation, verdict, answer });
      duration.observe({ kind: known }, seconds);
    },
    decided: (seconds) => decision.observe(seconds),
    panicked: () => panics.inc(),
    inFlight: (requests) => void (requestsInFlight = requests),
    shed: (reason) => shed.inc({ reason }),
    refusedConnection: (reason) => bad.inc({ reason }),
    reflector: {
      error: (resource, error) => watchErrors.inc({ resource, error }),
      relist: (resource) => relists.inc({ resource }),
      skipped: (resource) => skipped.inc({ resource }),
    },
    transport: { request: (verb, resource, code) => kubeRequests.inc({ verb, resource, code }) },
  };
}

const observe = (registry: Registry, { cacheStaleness, reportAge, certificateExpiry, selfProbe }: Observed): void => {
  const registers = [registry];
  const staleness = new Gauge({
    name: `${prefix}_cache_staleness_seconds`,
    help: 'Time since the API server was last heard about a resource.',
    labelNames: ['resource'] as const,
    registers,
    collect() {
      this.reset();
      for (const [resource, seconds] of Object.entries(cacheStaleness())) this.set({ resource }, seconds);
    },
  });
  const report = new Gauge({
    name: `${prefix}_report_age_seconds`,
    help: 'Time since CoverageReport cluster was last found true.',
    registers,
    collect() {
      const age = reportAge();
      // Without a report there is no age, and zero would look like a fresh one.
      if (age === undefined) this.remove();
      else this.set(age);
    },
  });
  const expiry = new Gauge({
    name: `${prefix}_certificate_expiry_timestamp_seconds`,
    help: 'When a certificate ends.',
    labelNames: ['certificate'] as const,
    registers,
    collect() {
      this.reset();
      for (const [certificate, at] of Object.entries(certificateExpiry())) this.set({ certificate }, at / 1000);
    },
  });
  const probe = new Gauge({
    name: `${prefix}_self_probe_success`,
    help: 'Whether a TLS handshake with this process, under the name and the roots that API servers go by, succeeds.',
    registers,
    collect() {
      const success = selfProbe();
      if (success === undefined) this.remove();
      else this.set(success ? 1 : 0);
    },
  });
  void [staleness, report, expiry, probe];
};
