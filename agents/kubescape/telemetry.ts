// What node-agent's metrics say, by their names up to 0.3 (`_counter`) and by those that came after (`_total`). No version and no
// rule is in them but the ones that ran.
import type { Drops, HealthIssue } from '../../domain/telemetry/types.ts';
import type { ReadInput, ReadResult } from '../agent.ts';
import { bodyOf } from '../answer.ts';
import { someOf } from '../bounded.ts';
import { createCounters, dropsOf } from '../counters.ts';
import { parseExposition, samplesOf, totalOf, type Exposition } from '../exposition.ts';

export const readKubescape = ({ answers, at, memory }: ReadInput): ReadResult => {
  const answer = bodyOf(answers, 'metrics');
  if ('failed' in answer) {
    return {
      failed: `${answer.failed} (node-agent serves metrics only where its chart has nodeAgent.config.prometheusExporter: enable)`,
    };
  }
  const exposition = parseExposition(answer.body, wanted);
  if (exposition.samples.size === 0) {
    return {
      failed:
        "what it answered holds none of node-agent's metrics: check telemetry.port and telemetry.path of the agent",
    };
  }
  const { growth, memory: remembered } = createCounters(memory);
  const passed = growth('events', eventsIn(exposition));
  const lost = losses.map(({ where, metrics }) => ({ where, grown: growth(where, sumOver(exposition, metrics)) }));
  const drops = lost.some(({ grown }) => grown !== undefined)
    ? lost
        .map(({ where, grown }) => dropsOf(where, grown, passed))
        .filter((found): found is Drops => found !== undefined)
    : undefined;
  return {
    reading: { at, ...(drops === undefined ? {} : { drops }), issues: rejectedRules(exposition) },
    memory: remembered(),
  };
};

const losses: readonly { readonly where: string; readonly metrics: readonly string[] }[] = [
  { where: 'queue of events', metrics: ['node_agent_ebpf_events_dropped_total'] },
  {
    where: 'events that could not be read',
    metrics: ['node_agent_ebpf_events_failed_total', 'node_agent_ebpf_event_failure_counter'],
  },
];

/** One counter for all events since the renaming, one for each type before. */
const eventsMetric = 'node_agent_ebpf_events_total';
const eventCounters = [
  'exec',
  'open',
  'network',
  'dns',
  'syscall',
  'capability',
  'randomx',
  'symlink',
  'hardlink',
  'ssh',
  'http',
  'ptrace',
  'iouring',
  'kmod',
  'unshare',
  'bpf',
].map((type) => `node_agent_${type}_counter`);

/** Rules that the engine refused, since they do not declare which parts of a profile they need; by id. */
const rejections = [
  'node_agent_rule_projection_missing_decl_total',
  'rule_load_rejected_missing_declaration_total',
] as const;

const eventsIn = (exposition: Exposition): number | undefined =>
  totalOf(exposition, eventsMetric) ?? sumOver(exposition, eventCounters);

/** Undefined where none of them is there. */
const sumOver = (exposition: Exposition, metrics: readonly string[]): number | undefined => {
  const values = metrics.map((metric) => totalOf(exposition, metric)).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
};

const rejectedRules = (exposition: Exposition): readonly HealthIssue[] => {
  const ids = rejections.flatMap((metric) =>
    samplesOf(exposition, metric).flatMap(({ labels, value }) =>
      value > 0 ? [labels.rule_id ?? 'one without an id'] : [],
    ),
  );
  if (ids.length === 0) return [];
  return [
    {
      reason: 'RuleLoadFailed',
      cause: `Kubescape refused rules that do not declare which profile data they need: ${someOf([...new Set(ids)].toSorted())}`,
      remedy:
        'Add profileDataRequired to these rules in their Rules object, or take the Rules of the chart of this version',
    },
  ];
};

const wanted: ReadonlySet<string> = new Set([
  eventsMetric,
  ...eventCounters,
  ...losses.flatMap(({ metrics }) => metrics),
  ...rejections,
  // Always there, so that an agent that has seen nothing yet is known by it.
  'node_agent_rule_counter',
  'node_agent_rule_processed_total',
  'node_agent_container_start_counter',
  'node_agent_container_start_total',
]);
