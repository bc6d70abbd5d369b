// What Falco answers → a reading. /versions is there wherever its web server is; /metrics only where a setting switches it on.
import type { Answer, Probe, ReadInput, ReadResult } from '../agent.ts';
import { bodyOf } from '../answer.ts';
import { parseExposition, samplesOf, type Exposition } from '../exposition.ts';
import { object, textOrNone } from '../read.ts';
import { emittedIn, matchesMetric } from './emitted.ts';
import { engineIssue, readingOf, unknownState, type FalcoState } from './state.ts';

export const falcoProbes = (path: string): readonly Probe[] => [
  { name: 'versions', path: '/versions', needed: true },
  { name: 'metrics', path, needed: false },
];

export const readFalco = ({ answers, at, memory }: ReadInput): ReadResult => {
  const version = readVersion(answers);
  const metrics = readMetrics(answers);
  if ('failed' in metrics) return metrics;
  if (metrics.state !== undefined) {
    const { state } = metrics;
    const told = 'version' in version ? version.version : state.version;
    return { ...readingOf({ ...state, version: told }, at, memory), ...hintFor(state) };
  }
  if ('failed' in version) return version;
  return { ...readingOf({ ...unknownState, version: version.version }, at, memory), hint: metricsAreOff };
};

const metricsAreOff =
  'Falco serves no metrics, so neither its rules files nor lost events are known: set metrics.enabled=true in the values of the Falco chart (falco-operator has it on)';

const kernelCountersAreOff =
  'Falco does not count lost events: set metrics.kernelEventCountersEnabled=true in the values of the Falco chart';

/** A Falco that watches no system calls has none to lose, and another problem. */
const hintFor = ({ lost, engines }: FalcoState): { readonly hint?: string } =>
  lost === undefined && engineIssue(engines).length === 0 ? { hint: kernelCountersAreOff } : {};

const readVersion = (
  answers: ReadonlyMap<string, Answer>,
): { readonly version: string } | { readonly failed: string } => {
  const answer = bodyOf(answers, 'versions');
  if ('failed' in answer) return answer;
  let content: unknown;
  try {
    content = JSON.parse(answer.body);
  } catch {
    return { failed: 'what it answered when asked for its versions is not JSON' };
  }
  const version = textOrNone(object(content).falco_version);
  return version === undefined ? { failed: 'its versions do not contain falco_version' } : { version };
};

/** No state: it serves none. What fails for another reason may work the next time, and is no ground to forget what was loaded. */
const readMetrics = (
  answers: ReadonlyMap<string, Answer>,
): { readonly state: FalcoState | undefined } | { readonly failed: string } => {
  const answer = answers.get('metrics');
  if (answer === undefined || ('status' in answer && answer.status === 404)) return { state: undefined };
  const found = bodyOf(answers, 'metrics');
  if ('failed' in found) return found;
  const exposition = parseExposition(found.body, wanted);
  if (exposition.samples.size === 0) return { failed: 'its metrics contain none of those that Falco has' };
  return { state: stateOf(exposition) };
};

const metric = {
  version: 'falcosecurity_falco_version_info',
  files: 'falcosecurity_falco_sha256_rules_files_info',
  engine: 'falcosecurity_scap_engine_name_info',
  started: 'falcosecurity_falco_start_timestamp_nanoseconds',
  seconds: 'falcosecurity_falco_duration_seconds_total',
  reloaded: 'falcosecurity_falco_reload_timestamp_nanoseconds',
  events: 'falcosecurity_scap_n_evts_total',
  lost: 'falcosecurity_scap_n_drops_total',
  lostAlerts: 'falcosecurity_falco_outputs_queue_num_drops_total',
  fullThreadTable: 'falcosecurity_scap_n_drops_full_threadtable_total',
} as const;

const wanted: ReadonlySet<string> = new Set([...Object.values(metric), matchesMetric]);

const stateOf = (exposition: Exposition): FalcoState => {
  const files = samplesOf(exposition, metric.files);
  const startedAt = millisecondsOf(greatestOf(exposition, metric.started));
  const reloadedAt = millisecondsOf(greatestOf(exposition, metric.reloaded));
  // With its rules it takes its counters anew.
  const since = startedAt === undefined ? undefined : Math.max(startedAt, reloadedAt ?? 0);
  return {
    version: samplesOf(exposition, metric.version)[0]?.labels['version'],
    // A build without these digests has none, and no Falco runs without any rules file.
    files:
      files.length === 0
        ? undefined
        : files.map(({ labels }) => ({ name: labels['file_name'] ?? '', sha256: labels['sha256'] ?? '' })),
    engines: samplesOf(exposition, metric.engine).map(({ labels }) => ({
      name: labels['engine_name'] ?? '',
      source: labels['evt_source'] ?? '',
    })),
    startedAt,
    reloadedAt,
    events: greatestOf(exposition, metric.events),
    lost: greatestOf(exposition, metric.lost),
    lostAlerts: greatestOf(exposition, metric.lostAlerts),
    unfollowedThreads: greatestOf(exposition, metric.fullThreadTable),
    emitted: emittedIn(exposition, { startedAt, since, seconds: greatestOf(exposition, metric.seconds) }),
  };
};

/** None of these has labels: where Falco tells one for each of its sources of events, it tells the same again. */
const greatestOf = (exposition: Exposition, name: string): number | undefined => {
  const values = samplesOf(exposition, name).flatMap(({ value }) => (Number.isFinite(value) ? [value] : []));
  return values.length === 0 ? undefined : values.reduce((a, b) => Math.max(a, b));
};

const millisecondsOf = (nanoseconds: number | undefined): number | undefined =>
  nanoseconds === undefined ? undefined : Math.round(nanoseconds / 1e6);
