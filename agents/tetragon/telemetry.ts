// What Tetragon's metrics say. Names are those since 1.2.
import type { Drops, HealthIssue } from '../../domain/telemetry/types.ts';
import type { ReadInput, ReadResult } from '../agent.ts';
import { bodyOf } from '../answer.ts';
import { boundedVersion } from '../bounded.ts';
import { createCounters, dropsOf, type Counters } from '../counters.ts';
import { parseExposition, samplesOf, totalOf, type Exposition } from '../exposition.ts';
import { memoryMetric, readLoaded, stateMetric } from './loaded.ts';

export const readTetragon = ({ answers, at, memory }: ReadInput): ReadResult => {
  const answer = bodyOf(answers, 'metrics');
  if ('failed' in answer) return answer;
  const exposition = parseExposition(answer.body, wanted);
  if (exposition.samples.size === 0) {
    return {
      failed: "what it answered holds none of Tetragon's metrics: check telemetry.port and telemetry.path of the agent",
    };
  }
  const version = boundedVersion(samplesOf(exposition, buildMetric)[0]?.labels.version);
  const { issues, namesNone, ...loaded } = readLoaded(exposition);
  const counters = createCounters(memory);
  const drops = readDrops(exposition, counters);
  const health = readHealth(exposition, counters);
  return {
    reading: {
      at,
      ...(version === undefined ? {} : { version }),
      ...loaded,
      ...(drops === undefined ? {} : { drops }),
      issues: [...issues, ...health],
    },
    memory: counters.memory(),
    ...(namesNone ? { hint: namesAreMissing } : {}),
  };
};

const namesAreMissing =
  'Tetragon counts its policies without naming them, so which are loaded is not known: versions since 1.3 name them';

const buildMetric = 'tetragon_build_info';
const receivedMetric = 'tetragon_observer_ringbuf_events_received_total';
const exportedMetric = 'tetragon_events_exported_total';

/**
 * Where events are lost, on their way from the kernel to the log. `lost`: counters of the same losses, as seen from both ends, of
 * which the larger counts. `passed`: what got through there, where it is counted.
 */
const losses: readonly { readonly where: string; readonly lost: readonly string[]; readonly passed?: string }[] = [
  { where: 'probes that did not run', lost: ['tetragon_missed_prog_probes_total'] },
  { where: 'links of probes that did not run', lost: ['tetragon_missed_link_probes_total'] },
  { where: 'enforcer', lost: ['tetragon_enforcer_missed_notifications_total'] },
  {
    where: 'kernel ring buffer',
    lost: ['tetragon_bpf_missed_events_total', 'tetragon_observer_ringbuf_events_lost_total'],
    passed: receivedMetric,
  },
  {
    where: 'event queue',
    lost: ['tetragon_observer_ringbuf_queue_events_lost_total'],
    passed: 'tetragon_observer_ringbuf_queue_events_received_total',
  },
  { where: 'listeners that were too slow', lost: ['tetragon_notify_overflowed_events_total'] },
  {
    where: 'rate limit of the export',
    lost: ['tetragon_export_ratelimit_events_dropped_total'],
    passed: exportedMetric,
  },
];

/** Undefined at the first reading, and where nothing is counted. */
const readDrops = (exposition: Exposition, { growth }: Counters): readonly Drops[] | undefined => {
  let isCounted = false;
  const drops: Drops[] = [];
  for (const { where, lost, passed } of losses) {
    const counted = lost.flatMap((metric) => growth(metric, totalOf(exposition, metric)) ?? []);
    const grown = counted.length === 0 ? undefined : Math.max(...counted);
    const through = passed === undefined ? undefined : growth(passed, totalOf(exposition, passed));
    if (grown === undefined) continue;
    isCounted = true;
    const found = dropsOf(where, grown, through);
    if (found !== undefined) drops.push(found);
  }
  return isCounted ? drops : undefined;
};

interface Symptom extends Pick<HealthIssue, 'cause' | 'remedy'> {
  readonly metric: string;
  /** Of the metric's samples those that mean trouble; all where left out. */
  readonly counts?: (labels: Readonly<Record<string, string>>) => boolean;
  /** Share of the exported events above which it is trouble; where left out, any growth is. */
  readonly above?: number;
}

/** Processes that began before Tetragon did, and pods that have just gone, are never told in full: a few are always incomplete. */
const usualShare = 0.05;

const symptoms: readonly Symptom[] = [
  {
    metric: 'tetragon_observer_ringbuf_errors_total',
    cause: "Tetragon fails to read events from the kernel's ring buffer",
    remedy: 'Look for the error in the log of the container tetragon; restart the agent if it goes on',
  },
  {
    metric: 'tetragon_handler_errors_total',
    cause: 'Tetragon fails to handle some of the events that it receives',
    remedy:
      'Look for the error in the log of the container tetragon; a newer version of Tetragon may know these events',
  },
  {
    metric: 'tetragon_policyfilter_operations_total',
    counts: ({ error = '' }) => !['', 'none', 'success'].includes(error),
    cause: 'Tetragon fails to keep track of the pods for which policies are: policies with a selector may miss some',
    remedy: 'Look for "policyfilter" in the log of the container tetragon; restart the agent if it goes on',
  },
  {
    metric: 'tetragon_event_cache_fetch_failures_total',
    counts: ({ entry_type }) => entry_type === 'pod_info',
    above: usualShare,
    cause: 'Tetragon cannot say of which pod many of its events are',
    remedy: 'Check that the agent may list and watch pods, and that it is not short of CPU',
  },
  {
    metric: 'tetragon_events_missing_process_info_total',
    above: usualShare,
    cause: 'Tetragon cannot say of which process many of its events are',
    remedy: "Raise Tetragon's process-cache-size: processes are forgotten before their events come",
  },
];

const readHealth = (exposition: Exposition, { growth }: Counters): readonly HealthIssue[] => {
  const through = growth(exportedMetric, totalOf(exposition, exportedMetric));
  return symptoms.flatMap(({ metric, counts, above, cause, remedy }) => {
    const grown = growth(metric, sumOf(exposition, metric, counts)) ?? 0;
    const isTrouble = above === undefined ? grown > 0 : through !== undefined && grown > above * through;
    return isTrouble ? [{ reason: 'AgentHealth', cause, remedy }] : [];
  });
};

const sumOf = (exposition: Exposition, metric: string, counts: Symptom['counts']): number | undefined => {
  if (counts === undefined) return totalOf(exposition, metric);
  const samples = samplesOf(exposition, metric).filter(({ value }) => Number.isFinite(value));
  if (samples.length === 0) return undefined;
  return samples.filter(({ labels }) => counts(labels)).reduce((sum, { value }) => sum + value, 0);
};

const wanted: ReadonlySet<string> = new Set([
  buildMetric,
  stateMetric,
  memoryMetric,
  receivedMetric,
  exportedMetric,
  ...losses.flatMap(({ lost, passed }) => [...lost, ...(passed === undefined ? [] : [passed])]),
  ...symptoms.map(({ metric }) => metric),
]);
