// A finding as an alert of Alertmanager. What a label says tells one alert from another, so none of them is anything that changes while
// people work.
import { findingName, isOverdue, teamOf, type StandingFinding } from '../../domain/findings/finding-object.ts';
import { behaviourNamed } from '../../domain/findings/behaviours.ts';

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Longer than several rounds: an alert must not end because one of them failed. */
export const activeForMs = 300_000;
/** As Prometheus does, so that an Alertmanager that was away hears of the end, too. */
const endedForMs = 900_000;

/** Undefined where there is nothing to say of it any more. */
export const alertOf = (finding: StandingFinding, cluster: string, now: number): Alert | undefined => {
  const { status, spec } = finding;
  const ended = endOf(finding);
  if (ended !== undefined && now - ended > endedForMs) return undefined;
  const { behaviour, severity, subject } = status;
  const team = teamOf(finding);
  return {
    labels: given({
      alertname: 'WorkloadProtectionFinding',
      behaviour,
      severity: severity.toLowerCase(),
      cluster: cluster === '' ? undefined : cluster,
      namespace: finding.metadata.namespace,
      finding: finding.metadata.name,
      kind: subject.kind,
      workload: subject.kind === 'Node' ? undefined : subject.name,
      node: subject.kind === 'Node' ? subject.name : undefined,
      container: subject.container,
      team,
    }),
    annotations: given({
      summary: `${behaviour} of ${subject.reference}`,
      description: behaviourNamed(behaviour)?.means,
      remediation: status.remediation?.text,
      phase: status.phase,
      case: spec.case.phase,
      owner: spec.case.owner,
      due: spec.case.dueDate,
      overdue: String(isOverdue(finding, now)),
      events: String(status.count),
      command: `kubectl protection findings show ${findingName(finding)}`,
    }),
    startsAt: beginningOf(finding, now),
    endsAt: new Date(ended ?? now + activeForMs).toISOString(),
  };
};

/** Of what is resolved, and of what somebody has decided to live with. */
const endOf = ({ status }: StandingFinding): number | undefined => {
  const { phase, resolvedAt, history = [] } = status;
  if (phase !== 'Resolved' && phase !== 'RiskAccepted') return undefined;
  return Date.parse((phase === 'Resolved' ? resolvedAt : undefined) ?? history.at(-1)?.time ?? '') || 0;
};

/** Since it was opened last. */
const beginningOf = ({ status: { history = [], firstSeen } }: StandingFinding, now: number): string => {
  const opened = history.findLast(({ to, from }) => to === 'Open' && (from === undefined || from === 'Resolved'));
  const at = Date.parse(opened?.time ?? firstSeen ?? '');
  return new Date(Number.isNaN(at) ? now : at).toISOString();
};

const given = (values: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''));
