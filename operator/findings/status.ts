// A finding in memory ↔ the status of its object. What is read back is what another leader, or an earlier run of this one, has written.
import { formatDuration, parseDuration } from '../../crds/schema/duration.ts';
import type { Finding, FindingStatus } from '../../crds/schema/finding.ts';
import { behaviourNamed } from '../../domain/findings/behaviours.ts';
import type { QuietTerms } from '../../domain/findings/classify.ts';
import { hasFixFailed, type Transition, type TransitionReason } from '../../domain/findings/life-cycle.ts';
import { imagesNow, type ImageChange } from '../../domain/findings/image-change.ts';
import { maskSecrets } from '../../domain/findings/mask.ts';
import { quietToStore, restoreQuietClock, type StoredQuiet } from '../../domain/findings/quiet-clock.ts';
import { digestOf, type EvidenceEvent, type FindingRecord } from '../../domain/findings/record.ts';
import { runsAndEnds } from '../../domain/findings/runs.ts';
import type { QuietEvidence } from '../../domain/findings/types.ts';
import type { Aspect } from '../status.ts';
import { cut, rfc3339 } from '../status.ts';
import { referenceOf } from './identity.ts';

/** What is found out when a finding is written, and is not worth keeping in memory. */
export interface SubjectDetails {
  readonly services: readonly string[];
}

export const clearsByRuns = ({ subject: { kind } }: FindingRecord): boolean => runsAndEnds(kind);

/** A reference of the longest kind, and its digest. */
const longestImage = 1200;
/** Five such images would be no sentence any more. */
const longestSentence = 2048;
/** What the API takes. One value too long or too many, and the finding could never be written, nor the journal given back. */
const most = {
  pods: 20,
  nodes: 20,
  services: 20,
  policies: 32,
  agents: 16,
  rules: 32,
  tactics: 16,
  techniques: 32,
  evidence: 10,
  history: 100,
  journals: 16,
  count: Number.MAX_SAFE_INTEGER,
  smallCount: 2 ** 31 - 1,
} as const;
const longest = { name: 253, label: 63, reference: 400, path: 1024 } as const;
/** Eleven years: more hours have too many digits. */
const longestPeriod = 99_999 * 3_600_000;

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
      rules: few(record.rules.map(maskSecrets), most.rules, longest.name),
      declaredRules: few(record.declaredRules.map(maskSecrets), most.rules, longest.name),
    }),
    evidence: record.evidence.slice(0, most.evidence).map(writtenEvent),
    history: record.history.slice(0, most.history).map(writtenTransition),
    journal: Object.fromEntries(
      [...record.journal].slice(-most.journals).map(([id, position]) => [id, counted(position, most.count)]),
    ),
  };
};

export const aspectsOf = ({ state, image, imageChange, subject }: FindingRecord): readonly Aspect[] => {
  const verified = state.phase === 'Resolved' && state.resolution === 'Verified';
  const failed = hasFixFailed(state);
  return [
    {
      type: 'Verified',
      status: verified ? 'True' : 'False',
      reason: verified ? 'SilenceObserved' : 'NotObserved',
      message: verified
        ? 'The behaviour stayed away for the whole quiet period, and somebody listened.'
        : 'The quiet period has not been observed.',
    },
    {
      type: 'FixFailed',
      status: failed ? 'True' : 'False',
      reason: failed ? 'SeenSince' : 'NotSeenSince',
      message: failed
        ? 'The behaviour was seen again after a fix was claimed. Claim it anew once it is fixed: set spec.case.phase to Remediating, then to Fixed.'
        : 'The behaviour has not been seen since a fix was claimed, or none was.',
    },
    ...(image === undefined ? [] : [imageAspect(subject.name, image, imageChange)]),
  ];
};

const imageAspect = (name: string, image: string, change: ImageChange | undefined): Aspect => ({
  type: 'ImageChanged',
  status: change === undefined ? 'False' : 'True',
  reason: change === undefined ? 'NotObserved' : 'AnotherRuns',
  message: cut(
    change === undefined
      ? `The behaviour was last seen in ${image}; that all pods run another image has not been observed.`
      : `${name} runs ${imagesNow(change)} on ${change.pods === 1 ? 'its only pod' : `all ${change.pods} pods`}; the behaviour was last seen in ${change.from}.`,
    longestSentence,
  ),
});

const writtenChange = ({ from, to, pods, since }: ImageChange) => ({
  from: cut(from, longestImage),
  to: to.map((image) => cut(image, longestImage)),
  pods: counted(pods, most.smallCount),
  since: dateOf(since),
});

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

/** A policy that has gone since must not be forgotten sooner because the operator was restarted. */
const termsAsStored = (
  terms: QuietTerms,
  { required, requiredRuns }: NonNullable<FindingStatus['quiet']>,
): QuietTerms => ({ ...terms, period: parseDuration(required), runs: requiredRuns ?? terms.runs });

/** It is written only while it is of the latest pod. */
const readDigest = ({
  imageDigest: digest,
  pods: [pod] = [],
}: FindingStatus['subject']): FindingRecord['imageDigest'] =>
  digest === undefined || pod === undefined ? undefined : { pod, digest };

const quietOf = (record: FindingRecord, evidence: QuietEvidence, now: number): FindingStatus['quiet'] => {
  const { period, runs } = record.quietTerms;
  const { observedBefore, runningSince, suspended, observedRuns } = quietToStore(record.state.quiet, now);
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
    }),
  };
};

const storedQuietOf = (quiet: FindingStatus['quiet']): StoredQuiet => ({
  observedBefore: quiet === undefined ? 0 : parseDuration(quiet.observedBefore),
  runningSince: quiet?.runningSince === undefined ? undefined : Date.parse(quiet.runningSince),
  suspended:
    quiet?.suspendedReason === undefined
      ? undefined
      : { reason: quiet.suspendedReason, message: quiet.suspendedMessage ?? '' },
  observedRuns: quiet?.observedRuns ?? 0,
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

/** Secrets end here: nothing of an event leaves the process in another way. */
const writtenEvent = (event: EvidenceEvent): NonNullable<FindingStatus['evidence']>[number] => ({
  time: new Date(withinYears(event.at)).toISOString(),
  ...optional({
    id: written(event.id, 128),
    agent: shortened(event.agent, longest.name),
    rule: written(event.rule, longest.name),
    node: shortened(event.node, longest.name),
    pod: shortened(event.pod, longest.name),
    executable: written(event.executable, longest.path),
    arguments: written(event.arguments, longest.path),
    parent: written(event.parent, longest.path),
    user: written(event.user, longest.name),
    file: written(event.file, longest.path),
    destination: written(event.destination, longest.name),
    message: written(event.message, 2000),
  }),
});

const written = (text: string | undefined, length: number): string | undefined =>
  text === undefined ? undefined : cut(maskSecrets(text), length);

const readEvent = ({ time, ...event }: NonNullable<FindingStatus['evidence']>[number]): EvidenceEvent => ({
  id: event.id,
  at: Date.parse(time),
  agent: event.agent,
  rule: event.rule,
  node: event.node,
  pod: event.pod,
  executable: event.executable,
  arguments: event.arguments,
  parent: event.parent,
  user: event.user,
  file: event.file,
  destination: event.destination,
  message: event.message,
});

const writtenTransition = ({ time, actor, from, to, reason, message }: Transition) => ({
  time: dateOf(time),
  actor: cut(actor, 256),
  to,
  reason,
  message: cut(message, 1024),
  ...optional({ from }),
});

const readTransition = (written: NonNullable<FindingStatus['history']>[number]): Transition => ({
  time: Date.parse(written.time),
  actor: written.actor,
  from: written.from,
  to: written.to,
  reason: written.reason as TransitionReason,
  message: written.message ?? '',
});

const timeOf = (time: number | undefined): string | undefined => (time === undefined ? undefined : dateOf(time));

const dateOf = (time: number): string => rfc3339(withinYears(time));

/** No clock is so wrong; but what can be no date would be an error each time that it is to be written. */
const withinYears = (time: number): number => (time > 0 ? Math.min(time, lastTime) : 0);
const lastTime = Date.UTC(9999, 0);

const counted = (count: number, largest: number): number => (count > 0 ? Math.min(Math.floor(count), largest) : 0);

const shortened = (text: string | undefined, length: number): string | undefined =>
  text === undefined ? undefined : cut(text, length);

const few = (texts: readonly string[], count: number, length: number): readonly string[] =>
  texts.slice(0, count).map((text) => cut(text, length));

/** Without what is not there: the API server would prune it, and it would look like a change. */
const optional = <T extends Readonly<Record<string, unknown>>>(
  values: T,
): { readonly [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '')) as {
    readonly [K in keyof T]?: NonNullable<T[K]>;
  };

const lists = <T extends Readonly<Record<string, readonly string[]>>>(values: T): { readonly [K in keyof T]?: T[K] } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value.length > 0)) as {
    readonly [K in keyof T]?: T[K];
  };
