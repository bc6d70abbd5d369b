// A finding in memory, as the status of its object says it.
import type { FindingStatus } from '../../crds/schema/finding.ts';
import { behaviourNamed } from '../../domain/findings/behaviours.ts';
import type { ImageChange } from '../../domain/findings/image-change.ts';
import type { Transition } from '../../domain/findings/life-cycle.ts';
import { digestOf, type FindingRecord } from '../../domain/findings/record.ts';
import type { QuietEvidence } from '../../domain/findings/types.ts';
import { cut } from '../status.ts';
import { counted, dateOf, few, lists, longest, most, optional, shortened, timeOf } from './bounds.ts';
import { referenceOf } from './identity.ts';
import { quietOf } from './quiet-status.ts';
import { writtenEvent } from './stored-evidence.ts';

/** What is found out when a finding is written, and is not worth keeping in memory. */
export interface SubjectDetails {
  readonly services: readonly string[];
}

/** A reference of the longest kind, and its digest. */
const longestImage = 1200;

export const statusOf = (
  record: FindingRecord,
  { services }: SubjectDetails,
  evidence: QuietEvidence,
  now: number,
): Omit<FindingStatus, 'conditions' | 'observedGeneration'> => {
  const { subject, state } = record;
  return {
    behaviour: cut(record.behaviour, longest.label),
    severity: record.severity,
    subject: {
      reference: cut(referenceOf(subject), longest.reference),
      kind: cut(subject.kind, longest.label),
      name: cut(subject.name, longest.name),
      podsSeen: counted(record.podsSeen, most.smallCount),
      ...optional({
        namespace: shortened(subject.namespace, longest.label),
        uid: shortened(record.uid, longest.label),
        container: shortened(subject.container, longest.label),
        image: shortened(record.image, longest.path),
        imageDigest: digestOf(record),
        team: shortened(record.team, longest.name),
      }),
      ...lists({
        pods: few(record.pods, most.pods, longest.name),
        nodes: few(record.nodes, most.nodes, longest.name),
        services: few(services, most.services, longest.label),
      }),
    },
    phase: state.phase,
    count: counted(state.count, most.count),
    firstSeen: dateOf(state.firstSeen),
    lastSeen: dateOf(state.lastSeen),
    reopened: counted(state.reopened, most.smallCount),
    quiet: quietOf(record, evidence, now),
    ...optional({
      fixedAt: timeOf(state.fixedAt),
      resolvedAt: timeOf(state.resolvedAt),
      resolution: state.resolution,
      imageChange: record.imageChange && writtenChange(record.imageChange),
      mitre: mitreOf(record),
      remediation: remediationOf(record.behaviour),
    }),
    ...lists({
      policies: few(record.policies, most.policies, longest.name),
      agents: few(record.agents, most.agents, longest.name),
      rules: few(record.rules, most.rules, longest.name),
      declaredRules: few(record.declaredRules, most.rules, longest.name),
    }),
    evidence: record.evidence.slice(0, most.evidence).map(writtenEvent),
    history: record.history.slice(0, most.history).map(writtenTransition),
    journal: Object.fromEntries(
      [...record.journal].slice(-most.journals).map(([id, position]) => [id, counted(position, most.count)]),
    ),
  };
};

const writtenChange = ({ from, to, pods, since }: ImageChange) => ({
  from: cut(from, longestImage),
  to: to.map((image) => cut(image, longestImage)),
  pods: counted(pods, most.smallCount),
  since: dateOf(since),
});

/** What a rule says of itself may be no id at all, which the API does not take. */
const mitreOf = (record: FindingRecord): FindingStatus['mitre'] => {
  const tactics = record.tactics.filter((id) => /^TA[0-9]{4}$/.test(id)).slice(0, most.tactics);
  const techniques = record.techniques.filter((id) => /^T[0-9]{4}(?:\.[0-9]{3})?$/.test(id)).slice(0, most.techniques);
  return tactics.length + techniques.length === 0 ? undefined : { ...lists({ tactics, techniques }) };
};

const remediationOf = (behaviour: string): FindingStatus['remediation'] => {
  const known = behaviourNamed(behaviour);
  return known && { text: known.advice, ...lists({ links: known.links }) };
};

const writtenTransition = ({ time, actor, from, to, reason, message }: Transition) => ({
  time: dateOf(time),
  actor: cut(actor, 256),
  to,
  reason,
  message: cut(message, 1024),
  ...optional({ from }),
});
