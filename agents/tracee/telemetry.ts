// What Tracee's metrics say: what it lost and where it fails. No version is in them, and no policy.
import type { Drops, HealthIssue } from '../../domain/telemetry/types.ts';
import type { ReadInput, ReadResult } from '../agent.ts';
import { bodyOf } from '../answer.ts';
import { someOf } from '../bounded.ts';
import { createCounters, dropsOf, type Counters } from '../counters.ts';
import { parseExposition, samplesOf, totalOf, type Exposition } from '../exposition.ts';

export const readTracee = ({ answers, at, memory }: ReadInput): ReadResult => {
  const answer = bodyOf(answers, 'metrics');
  if ('failed' in answer) return answer;
  const exposition = parseExposition(answer.body, wanted);
  if (exposition.samples.size === 0) {
    return {
      failed: "what it answered holds none of Tracee's metrics: check telemetry.port and telemetry.path of the agent",
    };
  }
  const counters = createCounters(memory);
  const passed = growthOf(exposition, counters, 'events_total');
  const lost = growthOf(exposition, counters, 'lostevents_total');
  const drop = dropsOf('kernel buffer', lost, passed);
  const drops: readonly Drops[] | undefined = lost === undefined ? undefined : drop === undefined ? [] : [drop];
  return {
    reading: {
      at,
      ...(drops === undefined ? {} : { drops }),
      issues: [...failingDetectors(exposition, counters), ...manyErrors(exposition, counters, passed)],
    },
    memory: counters.memory(),
  };
};

/** `tracee_ebpf` in older versions. Losses of captured files and packets are no losses of events, so they are not counted. */
const prefixes = ['tracee', 'tracee_ebpf'] as const;
const detectorErrors = 'tracee_detectors_errors_total';

const wanted: ReadonlySet<string> = new Set([
  ...prefixes.flatMap((prefix) =>
    ['events_total', 'lostevents_total', 'errors_total'].map((name) => `${prefix}_${name}`),
  ),
  detectorErrors,
]);

const growthOf = (exposition: Exposition, { growth }: Counters, name: string): number | undefined => {
  const values = prefixes.map((prefix) => totalOf(exposition, `${prefix}_${name}`));
  return growth(
    name,
    values.find((value) => value !== undefined),
  );
};

/** A few events are always odd: processes end while they are looked at. */
const usualShare = 0.01;

const manyErrors = (exposition: Exposition, counters: Counters, passed: number | undefined): readonly HealthIssue[] => {
  const errors = growthOf(exposition, counters, 'errors_total');
  if (errors === undefined || passed === undefined || errors <= usualShare * passed) return [];
  return [
    {
      reason: 'AgentHealth',
      cause: 'Tracee fails to handle more than 1 % of its events',
      remedy: 'Look for the error in the log of the container tracee',
    },
  ];
};

/** As many as are remembered between two readings; Tracee comes with some 30. */
const maximumDetectors = 80;

const failingDetectors = (exposition: Exposition, { growth }: Counters): readonly HealthIssue[] => {
  const ids = samplesOf(exposition, detectorErrors)
    .slice(0, maximumDetectors)
    .flatMap(({ labels: { detector_id = '' }, value }) =>
      detector_id.length > 0 && detector_id.length <= 40 && (growth(`detector ${detector_id}`, value) ?? 0) > 0
        ? [detector_id]
        : [],
    );
  if (ids.length === 0) return [];
  return [
    {
      reason: 'AgentHealth',
      cause: `Detectors of Tracee fail: ${someOf([...new Set(ids)].toSorted())}`,
      remedy:
        'Look for the detector in the log of the container tracee; mend it, or take the version that fits this Tracee',
    },
  ];
};
