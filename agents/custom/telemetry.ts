// What a house-made agent's metrics say, read as spec.custom says. A metric that is not there is a hint, not an error: an agent may
// have no policy yet, or have lost no event.
import type { ReadInput, ReadResult } from '../agent.ts';
import { bodyOf } from '../answer.ts';
import { boundedVersion, someOf } from '../bounded.ts';
import { createCounters, dropsOf, type Counters } from '../counters.ts';
import { parseExposition, samplesOf, totalOf, type Exposition } from '../exposition.ts';
import { labelOf } from './label.ts';
import { readLoaded } from './loaded.ts';
import { readSettings, type CustomSettings } from './settings.ts';

export const readCustom = ({ answers, at, memory, custom }: ReadInput): ReadResult => {
  const answer = bodyOf(answers, 'metrics');
  if ('failed' in answer) return answer;
  const settings = readSettings(custom);
  const exposition = parseExposition(answer.body);
  if (exposition.samples.size === 0) return { failed: 'what it answered holds no Prometheus metric at all' };
  const counters = createCounters(memory);
  const drops = readDrops(exposition, settings, counters);
  const version = readVersion(exposition, settings);
  const hint = hintOf(exposition, settings);
  return {
    reading: {
      at,
      ...(version === undefined ? {} : { version }),
      ...readLoaded(exposition, settings),
      ...(drops === undefined ? {} : { drops }),
      issues: [],
    },
    memory: counters.memory(),
    ...(hint === undefined ? {} : { hint }),
  };
};

const readVersion = (exposition: Exposition, { version }: CustomSettings): string | undefined =>
  version === undefined
    ? undefined
    : samplesOf(exposition, version.metric)
        .map((sample) => boundedVersion(labelOf(sample, version.label)))
        .find((written) => written !== undefined);

const readDrops = (exposition: Exposition, { drops }: CustomSettings, { growth }: Counters) => {
  if (drops === undefined) return undefined;
  const lost = growth('lost', totalOf(exposition, drops.metric));
  const all = drops.totalMetric === undefined ? undefined : growth('all', totalOf(exposition, drops.totalMetric));
  if (lost === undefined) return undefined;
  // The total counts lost events too; one that does not is below them at times.
  const passed = all === undefined ? undefined : Math.max(all - lost, 0);
  const found = dropsOf(drops.metric, lost, passed);
  return found === undefined ? [] : [found];
};

const hintOf = (exposition: Exposition, settings: CustomSettings): string | undefined => {
  const { version, policies, rules, drops } = settings;
  const named: readonly (readonly [field: string, metric: string | undefined])[] = [
    ['version.metric', version?.metric],
    ['policies.metric', policies?.metric],
    ['rules.metric', rules?.metric],
    ['drops.metric', drops?.metric],
    ['drops.totalMetric', drops?.totalMetric],
  ];
  const missing = named.flatMap(([field, metric]) =>
    metric === undefined || exposition.samples.has(metric) ? [] : [`${metric} (spec.custom.${field})`],
  );
  const unlabelled = labelled(settings).flatMap(({ field, metric, label }) => {
    const samples = samplesOf(exposition, metric);
    return samples.length === 0 || samples.some((sample) => labelOf(sample, label) !== undefined)
      ? []
      : [`${metric} has no label ${label} (spec.custom.${field})`];
  });
  const { unreadable } = exposition;
  if (missing.length + unlabelled.length === 0) {
    return unreadable === 0 ? undefined : `Lines of its metrics that cannot be read: ${unreadable}`;
  }
  const parts = [
    ...(missing.length === 0 ? [] : [`it does not serve ${someOf(missing)}`]),
    ...(unlabelled.length === 0 ? [] : [someOf(unlabelled)]),
  ];
  return `Check spec.custom: ${parts.join('; ')}`;
};

/** The labels without which a metric says nothing. */
const labelled = ({
  version,
  policies,
  rules,
}: CustomSettings): readonly { readonly field: string; readonly metric: string; readonly label: string }[] => [
  ...(version === undefined ? [] : [{ field: 'version.label', ...version }]),
  ...(policies === undefined
    ? []
    : [{ field: 'policies.nameLabel', metric: policies.metric, label: policies.nameLabel }]),
  ...(rules === undefined ? [] : [{ field: 'rules.nameLabel', metric: rules.metric, label: rules.nameLabel }]),
];
