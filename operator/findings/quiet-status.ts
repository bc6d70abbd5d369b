// The quiet clock of a finding ↔ what its status says of it.
import { formatDuration, parseDuration } from '../../crds/schema/duration.ts';
import type { FindingStatus } from '../../crds/schema/finding.ts';
import { parseRatio } from '../../crds/schema/ratio.ts';
import type { QuietTerms } from '../../domain/findings/classify.ts';
import { mostNodesMissing, type Hearing, type MissingEvents } from '../../domain/findings/hearing.ts';
import { quietToStore, type StoredQuiet } from '../../domain/findings/quiet-clock.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import { runsAndEnds } from '../../domain/findings/runs.ts';
import type { QuietEvidence } from '../../domain/findings/types.ts';
import { compareText } from '../../domain/order.ts';
import { cut } from '../status.ts';
import { counted, few, longest, most, optional, timeOf } from './bounds.ts';

type Quiet = NonNullable<FindingStatus['quiet']>;

export const clearsByRuns = ({ subject: { kind } }: FindingRecord): boolean => runsAndEnds(kind);

/** Eleven years: more hours have too many digits. */
const longestPeriod = 99_999 * 3_600_000;

export const quietOf = (record: FindingRecord, evidence: QuietEvidence, now: number): Quiet => {
  const { period, runs, nodes } = record.quietTerms;
  const { observedBefore, runningSince, suspended, observedRuns, hearing } = quietToStore(record.state.quiet, now);
  const isOver = record.state.phase === 'Resolved';
  const running = isOver || record.state.phase === 'RiskAccepted' ? undefined : runningSince;
  return {
    required: formatDuration(Math.min(period, longestPeriod)),
    observedBefore: formatDuration(Math.min(observedBefore, longestPeriod)),
    evidence,
    ...(clearsByRuns(record)
      ? { requiredRuns: counted(runs, most.smallCount), observedRuns: counted(observedRuns, most.smallCount) }
      : {}),
    ...optional({
      runningSince: timeOf(running),
      clearsAt: timeOf(running === undefined || clearsByRuns(record) ? undefined : running + period - observedBefore),
      suspendedReason: isOver ? undefined : suspended?.reason,
      suspendedMessage: isOver || suspended === undefined ? undefined : cut(suspended.message, 1024),
      requiredNodes: percentOf(nodes),
      heard: isOver ? undefined : heardOf(hearing),
      missing: isOver ? undefined : missingOf(hearing, suspended),
    }),
  };
};

export const storedQuietOf = (quiet: FindingStatus['quiet']): StoredQuiet => ({
  observedBefore: quiet === undefined ? 0 : parseDuration(quiet.observedBefore),
  runningSince: quiet?.runningSince === undefined ? undefined : Date.parse(quiet.runningSince),
  suspended:
    quiet?.suspendedReason === undefined
      ? undefined
      : { reason: quiet.suspendedReason, message: quiet.suspendedMessage ?? '' },
  observedRuns: quiet?.observedRuns ?? 0,
  hearing: quiet && hearingAsStored(quiet),
});

/** Undefined for all of them. As the API writes a share: at most four places, and never 100. */
const percentOf = (share: number): string | undefined =>
  share >= 0 && share < 1 ? `${Math.min(Math.floor(share * 1_000_000) / 10_000, 99.9999)}%` : undefined;

const heardOf = (hearing: Hearing | undefined): Quiet['heard'] =>
  hearing === undefined || hearing.heard >= hearing.of
    ? undefined
    : { nodes: counted(hearing.heard, most.smallCount), of: counted(hearing.of, most.smallCount) };

/** Where the clock stands because delivery is not proven, that nothing is known to be missing is said, too: to say nothing is to doubt all. */
const missingOf = (hearing: Hearing | undefined, suspended: StoredQuiet['suspended']): Quiet['missing'] =>
  hearing === undefined || (hearing.missing.length === 0 && suspended?.reason !== 'DeliveryUnproven')
    ? undefined
    : hearing.missing
        .toSorted((a, b) => compareText(a.agent, b.agent))
        .slice(0, most.agents)
        .map(({ agent, nodes }) => ({
          agent: cut(agent, longest.name),
          ...(nodes === 'All' || nodes.length > mostNodesMissing
            ? {}
            : { nodes: few(nodes, mostNodesMissing, longest.name) }),
        }));

/** Undefined where nothing is said of it. */
const hearingAsStored = ({ heard, missing, suspendedReason }: Quiet): Hearing | undefined => {
  if (missing === undefined && suspendedReason === 'DeliveryUnproven') return undefined;
  return {
    heard: heard?.nodes ?? 0,
    of: heard?.of ?? 0,
    missing: (missing ?? []).map(({ agent, nodes }): MissingEvents => ({ agent, nodes: nodes ?? 'All' })),
  };
};

/** A policy that has gone since must not be forgotten sooner because the operator was restarted. */
export const termsAsStored = (terms: QuietTerms, { required, requiredRuns, requiredNodes }: Quiet): QuietTerms => ({
  ...terms,
  period: parseDuration(required),
  runs: requiredRuns ?? terms.runs,
  nodes: requiredNodes === undefined ? terms.nodes : parseRatio(requiredNodes),
});
