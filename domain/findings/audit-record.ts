// The audit record of one finding: what was found and when, whose it is, what was done by whom, and on what evidence it counts as gone.
// An auditor reads it without our product; the digest tells whether it is what was written.
import { canonicalJson } from '../snapshot/canonical-json.ts';
import { behaviourNamed } from './behaviours.ts';
import type {
  CaseFile,
  CaseNote,
  EventStanding,
  ImageChangeStanding,
  QuietStanding,
  StandingFinding,
  SubjectStanding,
} from './finding-object.ts';
import { teamOf } from './finding-object.ts';
import type { FindingPhase, Severity } from './types.ts';

export interface AuditRecord {
  readonly apiVersion: 'cli.workloadprotection.dev/v1alpha1';
  readonly kind: 'FindingAuditRecord';
  readonly exportedAt: string;
  readonly cluster: string | undefined;
  readonly finding: { readonly namespace: string; readonly name: string; readonly uid: string | undefined };
  readonly found: {
    readonly behaviour: string;
    /** What it is, and why it is a risk; left out for a policy's own behaviour. */
    readonly means: string | undefined;
    readonly risk: string | undefined;
    readonly severity: Severity;
    readonly subject: SubjectStanding;
    readonly count: number;
    readonly firstSeen: string | undefined;
    readonly lastSeen: string | undefined;
    readonly agents: readonly string[];
    readonly rules: readonly string[];
    readonly policies: readonly string[];
    readonly tactics: readonly string[];
    readonly techniques: readonly string[];
    /** The last few events, the latest first; secrets are masked. */
    readonly events: readonly EventStanding[];
  };
  readonly owned: {
    readonly owner: string | undefined;
    readonly team: string | undefined;
    readonly dueDate: string | undefined;
  };
  readonly done: {
    readonly phase: CaseFile['phase'];
    readonly remediation: string | undefined;
    readonly riskAcceptedReason: string | undefined;
    readonly riskAcceptedUntil: string | undefined;
    readonly links: NonNullable<CaseFile['links']>;
    readonly notes: readonly CaseNote[];
    readonly history: readonly Step[];
  };
  readonly outcome: {
    readonly phase: FindingPhase;
    readonly resolution: 'Verified' | 'Gone' | undefined;
    readonly fixedAt: string | undefined;
    readonly resolvedAt: string | undefined;
    readonly reopened: number;
    /** All pods run another image than the one in which it was last seen: evidence of the fix, and no proof. */
    readonly imageChange: ImageChangeStanding | undefined;
    readonly quiet: QuietStanding | undefined;
    /** In a sentence, so that nobody reads more out of it than it says. */
    readonly conclusion: string;
  };
}

type Step = NonNullable<StandingFinding['status']['history']>[number];

export interface AuditContext {
  readonly exportedAt: string;
  readonly cluster: string | undefined;
}

export const auditRecord = (finding: StandingFinding, { exportedAt, cluster }: AuditContext): AuditRecord => {
  const { metadata, spec, status } = finding;
  const { case: file } = spec;
  const known = behaviourNamed(status.behaviour);
  return withoutDelete({
    apiVersion: 'cli.workloadprotection.dev/v1alpha1',
    kind: 'FindingAuditRecord',
    exportedAt,
    cluster,
    finding: { namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid },
    found: {
      behaviour: status.behaviour,
      means: known?.means,
      risk: known?.risk,
      severity: status.severity,
      subject: status.subject,
      count: status.count,
      firstSeen: status.firstSeen,
      lastSeen: status.lastSeen,
      agents: status.agents ?? [],
      rules: status.rules ?? [],
      policies: status.policies ?? [],
      tactics: status.mitre?.tactics ?? [],
      techniques: status.mitre?.techniques ?? [],
      events: status.evidence ?? [],
    },
    owned: { owner: file.owner, team: teamOf(finding), dueDate: file.dueDate },
    done: {
      phase: file.phase,
      remediation: file.remediation,
      riskAcceptedReason: file.riskAcceptedReason,
      riskAcceptedUntil: file.riskAcceptedUntil,
      links: file.links ?? [],
      notes: file.notes ?? [],
      history: status.history ?? [],
    },
    outcome: {
      phase: status.phase,
      resolution: status.resolution,
      fixedAt: status.fixedAt,
      resolvedAt: status.resolvedAt,
      reopened: status.reopened,
      imageChange: status.imageChange,
      quiet: status.quiet,
      conclusion: conclusionOf(finding),
    },
  });
};

/** People's texts may hold the control character DEL, which jq before 1.7 escapes and RFC 8785 does not: whoever checks the digest with it would be misled. */
const withoutDelete = (record: AuditRecord): AuditRecord => {
  const text = JSON.stringify(record);
  return text.includes('\u007f') ? (JSON.parse(text.replaceAll('\u007f', '\ufffd')) as AuditRecord) : record;
};

/** What is digested: everything but when it was exported, so that two exports of the same state have the same digest. */
export const digestedRecord = (record: AuditRecord): string => canonicalJson({ ...record, exportedAt: undefined });

const conclusionOf = ({ spec: { case: file }, status }: StandingFinding): string => {
  const { phase, resolution, quiet, resolvedAt = 'an unknown time' } = status;
  switch (phase) {
    case 'Resolved':
      return resolution === 'Gone'
        ? `Closed at ${resolvedAt}, since the workload or node is gone. That proves nothing about the fix.`
        : `Verified at ${resolvedAt}: the behaviour stayed away for ${silenceOf(quiet)}, counted only while an agent listened at evidence ${quiet?.evidence ?? 'unknown'} or better${quiet?.requiredNodes === undefined ? '' : ` on ${quiet.requiredNodes} of the nodes that ran it`}.`;
    case 'RiskAccepted':
      return `The risk is accepted until ${file.riskAcceptedUntil ?? 'an unknown time'}: ${file.riskAcceptedReason ?? 'no reason is known'}.`;
    case 'Verifying':
      return `A fix was claimed at ${status.fixedAt ?? 'an unknown time'} and is not proven yet.`;
    case 'Remediating':
      return 'Somebody works on it; it is not fixed.';
    case 'Open':
      return 'It is not fixed.';
  }
};

const silenceOf = (quiet: QuietStanding | undefined): string => {
  if (quiet === undefined) return 'the quiet period';
  return quiet.requiredRuns === undefined ? quiet.required : `${quiet.requiredRuns} observed runs`;
};
