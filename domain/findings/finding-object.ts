// A Finding as the API server keeps it, as far as what leaves the cluster tells of it: audit records, OCSF, CloudEvents.
import type { CasePhase, FindingPhase, QuietEvidence, Severity, SuspendedReason } from './types.ts';

type Texts = readonly string[] | undefined;

export interface FindingObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
    readonly creationTimestamp?: string | null | undefined;
  };
  readonly spec: { readonly case: CaseFile };
  /** Left out until the operator has come to it. */
  readonly status?: FindingStanding | undefined;
}

export interface CaseFile {
  readonly owner?: string | undefined;
  readonly team?: string | undefined;
  readonly phase: CasePhase;
  readonly dueDate?: string | undefined;
  readonly riskAcceptedUntil?: string | undefined;
  readonly riskAcceptedReason?: string | undefined;
  readonly remediation?: string | undefined;
  readonly links?: readonly { readonly title?: string | undefined; readonly url: string }[] | undefined;
  readonly notes?: readonly CaseNote[] | undefined;
}

export interface CaseNote {
  readonly text: string;
  readonly author?: string | undefined;
  readonly time?: string | undefined;
}

export interface FindingStanding {
  readonly behaviour: string;
  readonly severity: Severity;
  readonly subject: SubjectStanding;
  readonly phase: FindingPhase;
  readonly policies?: Texts;
  readonly count: number;
  readonly firstSeen?: string | undefined;
  readonly lastSeen?: string | undefined;
  readonly fixedAt?: string | undefined;
  readonly resolvedAt?: string | undefined;
  readonly resolution?: 'Verified' | 'Gone' | undefined;
  readonly reopened: number;
  readonly imageChange?: ImageChangeStanding | undefined;
  readonly quiet?: QuietStanding | undefined;
  readonly evidence?: readonly EventStanding[] | undefined;
  readonly agents?: Texts;
  readonly rules?: Texts;
  readonly mitre?: { readonly tactics?: Texts; readonly techniques?: Texts } | undefined;
  readonly remediation?: { readonly text: string; readonly links?: Texts } | undefined;
  readonly history?: readonly TransitionStanding[] | undefined;
  readonly conditions?:
    | readonly { readonly type: string; readonly status: string; readonly message: string }[]
    | undefined;
}

export interface SubjectStanding {
  readonly reference: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly container?: string | undefined;
  readonly image?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly pods?: Texts;
  readonly podsSeen: number;
  readonly nodes?: Texts;
  readonly services?: Texts;
  readonly team?: string | undefined;
}

export interface ImageChangeStanding {
  readonly from: string;
  readonly to: readonly string[];
  readonly pods: number;
  readonly since: string;
}

export interface QuietStanding {
  readonly required: string;
  readonly requiredRuns?: number | undefined;
  readonly observedBefore: string;
  readonly observedRuns?: number | undefined;
  readonly runningSince?: string | undefined;
  readonly clearsAt?: string | undefined;
  readonly suspendedReason?: SuspendedReason | undefined;
  readonly suspendedMessage?: string | undefined;
  readonly evidence?: QuietEvidence | undefined;
  readonly requiredNodes?: string | undefined;
  readonly heard?: { readonly nodes: number; readonly of: number } | undefined;
}

export interface EventStanding {
  readonly id?: string | undefined;
  readonly time: string;
  readonly agent?: string | undefined;
  readonly rule?: string | undefined;
  readonly node?: string | undefined;
  readonly pod?: string | undefined;
  readonly executable?: string | undefined;
  readonly arguments?: string | undefined;
  readonly parent?: string | undefined;
  readonly user?: string | undefined;
  readonly file?: string | undefined;
  readonly destination?: string | undefined;
  readonly message?: string | undefined;
}

export interface TransitionStanding {
  readonly time: string;
  readonly actor: string;
  readonly from?: FindingPhase | undefined;
  readonly to: FindingPhase;
  readonly reason: string;
  readonly message?: string | undefined;
}

/** A finding that has a status, and so says something. */
export type StandingFinding = FindingObject & { readonly status: FindingStanding };

export const isStanding = <T extends FindingObject>(finding: T): finding is T & StandingFinding =>
  finding.status !== undefined;

/** Where it stands in the cluster: `NAMESPACE/NAME`. */
export const findingName = ({ metadata: { namespace = '', name } }: FindingObject): string => `${namespace}/${name}`;

/** Whose it is: what people wrote, else what the workload's labels say. */
export const teamOf = ({ spec, status }: FindingObject): string | undefined => spec.case.team ?? status?.subject.team;

const calm: ReadonlySet<FindingPhase> = new Set(['Resolved', 'RiskAccepted']);

/** The day by which it should have been fixed is over, by the calendar of UTC, and it is not. */
export const isOverdue = ({ spec, status }: FindingObject, now: number): boolean => {
  const { dueDate } = spec.case;
  if (dueDate === undefined || (status !== undefined && calm.has(status.phase))) return false;
  return dueDate < new Date(now).toISOString().slice(0, 'YYYY-MM-DD'.length);
};
