// A finding in memory, from the status of its object: what another leader, or an earlier run of this one, has written.
import type { Finding, FindingStatus } from '../../crds/schema/finding.ts';
import type { QuietTerms } from '../../domain/findings/classify.ts';
import type { Transition, TransitionReason } from '../../domain/findings/life-cycle.ts';
import { restoreQuietClock } from '../../domain/findings/quiet-clock.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import { storedQuietOf, termsAsStored } from './quiet-status.ts';
import { readEvent } from './stored-evidence.ts';

/** Undefined for an object that the operator has not written to yet, and for what is left of a finding. `aliveUntil`: when the last leader was known to live. */
export const recordOf = (
  { status, metadata }: Finding,
  terms: QuietTerms,
  aliveUntil: number | undefined,
): FindingRecord | undefined => {
  if (status === undefined || status.tombstone !== undefined) return undefined;
  const { subject, quiet } = status;
  const at = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time));
  return {
    subject: {
      kind: subject.kind,
      namespace: subject.kind === 'Node' ? undefined : (subject.namespace ?? metadata.namespace),
      name: subject.name,
      container: subject.container,
    },
    uid: subject.uid,
    behaviour: status.behaviour,
    severity: status.severity,
    policies: status.policies ?? [],
    quietTerms: quiet === undefined ? terms : termsAsStored(terms, quiet),
    tactics: status.mitre?.tactics ?? [],
    techniques: status.mitre?.techniques ?? [],
    state: {
      phase: status.phase,
      count: status.count,
      firstSeen: at(status.firstSeen) ?? 0,
      lastSeen: at(status.lastSeen) ?? 0,
      fixedAt: at(status.fixedAt),
      resolvedAt: at(status.resolvedAt),
      resolution: status.resolution,
      reopened: status.reopened,
      quiet: restoreQuietClock(storedQuietOf(quiet), aliveUntil),
    },
    image: subject.image,
    imageDigest: readDigest(subject),
    imageChange: status.imageChange && { ...status.imageChange, since: Date.parse(status.imageChange.since) },
    team: subject.team,
    pods: subject.pods ?? [],
    podsSeen: subject.podsSeen,
    nodes: subject.nodes ?? [],
    agents: status.agents ?? [],
    rules: status.rules ?? [],
    declaredRules: status.declaredRules ?? [],
    evidence: (status.evidence ?? []).map(readEvent),
    history: (status.history ?? []).map(readTransition),
    journal: new Map(Object.entries(status.journal ?? {})),
  };
};

/** It is written only while it is of the latest pod. */
const readDigest = ({
  imageDigest: digest,
  pods: [pod] = [],
}: FindingStatus['subject']): FindingRecord['imageDigest'] =>
  digest === undefined || pod === undefined ? undefined : { pod, digest };

const readTransition = (written: NonNullable<FindingStatus['history']>[number]): Transition => ({
  time: Date.parse(written.time),
  actor: written.actor,
  from: written.from,
  to: written.to,
  reason: written.reason as TransitionReason,
  message: written.message ?? '',
});
