// A finding as OCSF Detection Finding (class 2004): what a SIEM takes in without an adapter.
import { tacticOf, techniqueOf, parentOf } from '../attack/lookup.ts';
import { behaviourNamed } from './behaviours.ts';
import { findingName, teamOf, type EventStanding, type StandingFinding } from './finding-object.ts';
import type { FindingPhase, Severity } from './types.ts';

const ocsfVersion = '1.4.0';
const product = { name: 'Workload Protection Operator', vendor_name: 'workloadprotection.dev' } as const;
const classUid = 2004;

const severities: Readonly<Record<Severity, number>> = { Low: 2, Medium: 3, High: 4, Critical: 5 };

const statuses: Readonly<Record<FindingPhase, { readonly status_id: number; readonly status: string }>> = {
  Open: { status_id: 1, status: 'New' },
  Remediating: { status_id: 2, status: 'In Progress' },
  Verifying: { status_id: 2, status: 'In Progress' },
  RiskAccepted: { status_id: 3, status: 'Suppressed' },
  Resolved: { status_id: 4, status: 'Resolved' },
};

const activities = {
  Create: 1,
  Update: 2,
  Close: 3,
} as const;

export const ocsfFinding = (finding: StandingFinding, cluster: string | undefined): object => {
  const { metadata, spec, status } = finding;
  const { behaviour, severity, subject, phase } = status;
  const known = behaviourNamed(behaviour);
  const activity = activityOf(finding);
  const latest = status.history?.at(-1);
  const time = instant(latest?.time) ?? instant(status.lastSeen) ?? instant(metadata.creationTimestamp) ?? 0;
  const techniques = status.mitre?.techniques ?? [];
  return given({
    class_uid: classUid,
    class_name: 'Detection Finding',
    category_uid: 2,
    category_name: 'Findings',
    activity_id: activities[activity],
    activity_name: activity,
    type_uid: classUid * 100 + activities[activity],
    type_name: `Detection Finding: ${activity}`,
    time,
    start_time: instant(status.firstSeen),
    end_time: instant(status.lastSeen),
    count: status.count,
    severity_id: severities[severity],
    severity,
    ...statuses[phase],
    message: latest?.message ?? known?.means,
    metadata: given({
      version: ocsfVersion,
      product,
      uid: metadata.uid,
      labels: cluster === undefined ? undefined : [`cluster:${cluster}`],
    }),
    finding_info: given({
      uid: metadata.uid ?? findingName(finding),
      title: `${behaviour} of ${subject.reference}`,
      desc: known === undefined ? undefined : `${known.means} ${known.risk}`,
      types: [behaviour],
      created_time: instant(metadata.creationTimestamp) ?? instant(status.firstSeen),
      modified_time: instant(latest?.time),
      first_seen_time: instant(status.firstSeen),
      last_seen_time: instant(status.lastSeen),
      analytic: analyticOf(status.rules?.[0]),
      attacks: [
        ...techniques.map(attackOf),
        ...(techniques.length > 0 ? [] : (status.mitre?.tactics ?? []).map(tacticalAttack)),
      ],
    }),
    resources: [
      given({
        type: subject.kind,
        name: subject.name,
        namespace: subject.namespace,
        uid: subject.uid,
        labels: [
          ...(subject.container === undefined ? [] : [`container:${subject.container}`]),
          ...(subject.image === undefined ? [] : [`image:${subject.image}`]),
          ...(subject.imageDigest === undefined ? [] : [`image-digest:${subject.imageDigest}`]),
        ],
      }),
    ],
    evidences: (status.evidence ?? []).map(evidenceOf),
    remediation:
      status.remediation === undefined
        ? undefined
        : given({ desc: status.remediation.text, references: status.remediation.links }),
    comment: spec.case.remediation,
    unmapped: given({
      finding: findingName(finding),
      phase,
      resolution: status.resolution,
      actor: latest?.actor,
      reason: latest?.reason,
      case_phase: spec.case.phase,
      owner: spec.case.owner,
      team: teamOf(finding),
      due_date: spec.case.dueDate,
      image_change: status.imageChange,
      quiet: status.quiet,
      reopened: status.reopened,
      agents: status.agents,
      pods_seen: subject.podsSeen,
    }),
  });
};

const activityOf = ({ status: { phase, history = [] } }: StandingFinding): keyof typeof activities => {
  if (phase === 'Resolved') return 'Close';
  return history.length <= 1 ? 'Create' : 'Update';
};

/** Agents know their rules by their names only. */
const analyticOf = (rule: string | undefined): object | undefined =>
  rule === undefined ? undefined : { uid: rule, name: rule, type_id: 1, type: 'Rule' };

const attackOf = (id: string): object => {
  const parent = parentOf(id);
  const [tactic] = techniqueOf(id)?.tactics ?? [];
  const named = given({ uid: id, name: techniqueOf(id)?.name });
  return given({
    tactic: tactic === undefined ? undefined : tacticNamed(tactic),
    technique: parent === undefined ? named : given({ uid: parent, name: techniqueOf(parent)?.name }),
    sub_technique: parent === undefined ? undefined : named,
  });
};

const tacticNamed = (id: string): object => given({ uid: id, name: tacticOf(id)?.name });
const tacticalAttack = (id: string): object => ({ tactic: tacticNamed(id) });

const evidenceOf = (event: EventStanding): object =>
  given({
    process:
      event.executable === undefined && event.arguments === undefined
        ? undefined
        : given({
            // It must have a number or an identifier, and agents give its number for a moment only.
            uid: event.id ?? `${event.pod ?? event.node ?? 'process'}@${event.time}`,
            name: event.executable === undefined ? undefined : nameIn(event.executable),
            cmd_line: event.arguments,
            file:
              event.executable === undefined
                ? undefined
                : { path: event.executable, name: nameIn(event.executable), type_id: 1 },
            user: event.user === undefined ? undefined : { name: event.user },
          }),
    file: event.file === undefined ? undefined : { path: event.file, name: nameIn(event.file), type_id: 1 },
    data: event,
  });

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const instant = (time: string | null | undefined): number | undefined => {
  const at = time === undefined || time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
};

/** Without what is not known: a SIEM takes null for a value. */
const given = <T extends Readonly<Record<string, unknown>>>(values: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)),
  ) as Partial<T>;
