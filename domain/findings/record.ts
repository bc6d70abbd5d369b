// One finding with everything that is known of it, and what an event adds. Everything in it is bounded: ten thousand replicas that run
// gcc are one finding with a few of their names.
import type { Behaving, QuietTerms } from './classify.ts';
import type { ImageChange } from './image-change.ts';
import { openFinding, seeAgain, type FindingState, type Transition } from './life-cycle.ts';
import { storedRule } from './rule-name.ts';
import type { FindingSubject, Severity } from './types.ts';

/** One event as it is kept. */
export interface EvidenceEvent {
  readonly id: string | undefined;
  readonly at: number;
  readonly agent: string | undefined;
  readonly rule: string | undefined;
  readonly node: string | undefined;
  readonly pod: string | undefined;
  readonly executable: string | undefined;
  readonly arguments: string | undefined;
  readonly parent: string | undefined;
  readonly user: string | undefined;
  readonly file: string | undefined;
  readonly destination: string | undefined;
  readonly message: string | undefined;
  /**
   * The type of the agent. Every event has one: where it is missing, the event was stored before this and the four below were kept, so that
   * nothing is known of them.
   */
  readonly agentType: string | undefined;
  /** The detection policy of the agent. */
  readonly policy: string | undefined;
  /** Name of the process. */
  readonly process: string | undefined;
  readonly tags: readonly string[];
  /** Of the pod when it happened; undefined where it was not known. */
  readonly podAge: number | undefined;
  /** Of what is outdated, where the node itself says it. */
  readonly version: string | undefined;
  /** Digest of the rules by which it counted; undefined where it was stored before this was kept. */
  readonly countedBy: string | undefined;
}

/** Of an event of which nothing is known. */
export const emptyEvidence: EvidenceEvent = {
  id: undefined,
  at: 0,
  agent: undefined,
  rule: undefined,
  node: undefined,
  pod: undefined,
  executable: undefined,
  arguments: undefined,
  parent: undefined,
  user: undefined,
  file: undefined,
  destination: undefined,
  message: undefined,
  agentType: undefined,
  policy: undefined,
  process: undefined,
  tags: [],
  podAge: undefined,
  version: undefined,
  countedBy: undefined,
};

/** Where an event lay first: each journal counts its own. */
export interface JournalPlace {
  readonly journal: string;
  readonly position: number;
}

export interface FindingRecord {
  readonly subject: FindingSubject;
  /** UID of the workload or node; undefined where it is not known. */
  readonly uid: string | undefined;
  readonly behaviour: string;
  readonly severity: Severity;
  readonly policies: readonly string[];
  readonly quietTerms: QuietTerms;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  readonly state: FindingState;
  /** In which the behaviour was last seen. */
  readonly image: string | undefined;
  /** Of the image, as the pod's own status says; undefined until the pod has been asked. */
  readonly imageDigest: { readonly pod: string; readonly digest: string | undefined } | undefined;
  /** Undefined while anything may still run that image. */
  readonly imageChange: ImageChange | undefined;
  /** As labels and annotations said when they were last read. */
  readonly team: string | undefined;
  /** The latest first. */
  readonly pods: readonly string[];
  readonly podsSeen: number;
  readonly nodes: readonly string[];
  readonly agents: readonly string[];
  readonly rules: readonly string[];
  /** Of these, those that an object in the cluster has declared: one that none declares any more sees nothing. */
  readonly declaredRules: readonly string[];
  readonly evidence: readonly EvidenceEvent[];
  /** The oldest first. */
  readonly history: readonly Transition[];
  /** Up to where the events of each journal are counted here. */
  readonly journal: ReadonlyMap<string, number>;
}

/** One event that is one behaviour of one subject. */
export interface Sighting {
  readonly subject: FindingSubject;
  readonly behaving: Behaving;
  readonly image: string | undefined;
  readonly pod: string | undefined;
  readonly node: string;
  /** The ProtectionAgent. */
  readonly agent: string | undefined;
  readonly event: EvidenceEvent;
  /** Undefined for what no event told. */
  readonly place: JournalPlace | undefined;
}

const most = { evidence: 10, pods: 20, nodes: 20, agents: 16, rules: 32, history: 100, journals: 16 } as const;

/** Whether the record counts the event already: a replay brings it again. */
export const isCounted = ({ journal }: FindingRecord, { journal: id, position }: JournalPlace): boolean =>
  (journal.get(id) ?? 0) >= position;

export const openRecord = (sighting: Sighting, now: number): FindingRecord => {
  const { subject, behaving, event } = sighting;
  const { state, transitions } = openFinding({ count: 1, first: event.at, last: event.at }, now);
  const empty: FindingRecord = {
    subject,
    uid: undefined,
    ...termsIn(behaving),
    state,
    image: undefined,
    imageDigest: undefined,
    imageChange: undefined,
    team: undefined,
    pods: [],
    podsSeen: 0,
    nodes: [],
    agents: [],
    rules: [],
    declaredRules: [],
    evidence: [],
    history: transitions,
    journal: new Map(),
  };
  return remember(empty, sighting, true);
};

/** `isNewPod`: it has not been seen to behave so before. */
export const addSighting = (
  record: FindingRecord,
  sighting: Sighting,
  isNewPod: boolean,
  now: number,
): FindingRecord => {
  const { event, behaving } = sighting;
  const { state, transitions } = seeAgain(record.state, { count: 1, first: event.at, last: event.at }, now);
  return remember(withHistory({ ...record, ...termsIn(behaving), state }, transitions), sighting, isNewPod);
};

/** What is seen of it has changed, though it has not been seen anew. */
export const addEvidence = (record: FindingRecord, event: EvidenceEvent): FindingRecord => ({
  ...record,
  evidence: withEvidence(record.evidence, event),
});

/** The first transition and the latest stay, so that the beginning is always told. */
export const withHistory = (record: FindingRecord, transitions: readonly Transition[]): FindingRecord => {
  if (transitions.length === 0) return record;
  const all = [...record.history, ...transitions];
  const excess = all.length - most.history;
  return { ...record, history: excess <= 0 ? all : [...all.slice(0, 1), ...all.slice(1 + excess)] };
};

const termsIn = ({ behaviour, severity, policies, quiet, tactics, techniques }: Behaving) => ({
  behaviour,
  severity,
  policies,
  quietTerms: quiet,
  tactics,
  techniques,
});

/** Where the image was asked for of another pod than the latest, it may be another: a tag can be moved. */
export const digestOf = ({ imageDigest, pods }: FindingRecord): string | undefined =>
  imageDigest?.pod === pods[0] ? imageDigest?.digest : undefined;

const remember = (record: FindingRecord, sighting: Sighting, isNewPod: boolean): FindingRecord => {
  const { event, pod, node, agent, place } = sighting;
  // An event may come late, after one of the next image.
  const isLatest = record.image === undefined || event.at >= record.state.lastSeen;
  const image = isLatest ? (sighting.image ?? record.image) : record.image;
  return {
    ...record,
    image,
    imageChange: image === record.image ? record.imageChange : undefined,
    pods: pod === undefined ? record.pods : latestFirst(record.pods, pod, most.pods),
    podsSeen: record.podsSeen + (pod !== undefined && isNewPod ? 1 : 0),
    nodes: latestFirst(record.nodes, node, most.nodes),
    agents: agent === undefined ? record.agents : known(record.agents, agent, most.agents),
    rules: event.rule === undefined ? record.rules : withRule(record.rules, event.rule),
    evidence: withEvidence(record.evidence, event),
    journal: place === undefined ? record.journal : withPlace(record.journal, place),
  };
};

/**
 * The latest first; of two of one time the one that came later. Past the limit the oldest goes of which a later one tells the same: of a
 * behaviour that two programs show, neither must be forgotten because the other is more frequent.
 */
const withEvidence = (kept: readonly EvidenceEvent[], event: EvidenceEvent): readonly EvidenceEvent[] => {
  const place = kept.findIndex(({ at }) => at <= event.at);
  if (kept.length < most.evidence) return kept.toSpliced(place < 0 ? kept.length : place, 0, event);
  const all = place === 0 ? [event, ...kept] : kept.toSpliced(place < 0 ? kept.length : place, 0, event);
  const repeated = all.findLastIndex((each, index) => isRepeated(all, each, index));
  all.splice(repeated < 0 ? all.length - 1 : repeated, 1);
  return all;
};

const isRepeated = (all: readonly EvidenceEvent[], event: EvidenceEvent, end: number): boolean => {
  for (let index = 0; index < end; index++) {
    const later = all[index];
    if (later !== undefined && isAlike(later, event)) return true;
  }
  return false;
};

/** Not by its arguments, which are seldom the same. */
const isAlike = (a: EvidenceEvent, b: EvidenceEvent): boolean =>
  a.rule === b.rule &&
  a.process === b.process &&
  a.executable === b.executable &&
  a.parent === b.parent &&
  a.agentType === b.agentType;

/** It may be one of those that are kept as they are: to mask each takes long. */
const withRule = (rules: readonly string[], rule: string): readonly string[] =>
  rules.includes(rule) ? rules : known(rules, storedRule(rule), most.rules);

const latestFirst = (list: readonly string[], name: string, length: number): readonly string[] =>
  list[0] === name ? list : [name, ...list.filter((each) => each !== name)].slice(0, length);

const known = (list: readonly string[], name: string, length: number): readonly string[] =>
  list.includes(name) || list.length >= length ? list : [...list, name].toSorted();

/** A journal that has not been heard of for longest is forgotten: its replica is gone for good. */
const withPlace = (
  journal: ReadonlyMap<string, number>,
  { journal: id, position }: JournalPlace,
): ReadonlyMap<string, number> => {
  const next = new Map(journal);
  next.delete(id);
  next.set(id, Math.max(journal.get(id) ?? 0, position));
  for (const oldest of next.keys()) {
    if (next.size <= most.journals) break;
    next.delete(oldest);
  }
  return next;
};
