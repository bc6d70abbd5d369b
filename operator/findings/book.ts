// All findings of the cluster, in the leader's memory: events come in from the journal, time passes, people work on cases; and what
// differs from what is stored is written, with the places in the journal that it includes.
import type { Finding } from '../../crds/schema/finding.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import { attribute, type AttributionInput, type UnattributedReason } from '../../domain/findings/attribute.ts';
import {
  behavioursNamedBy,
  classify,
  countsAnywhere,
  defaultQuiet,
  termsOf,
  type ClassifyContext,
  type TermsMemory,
} from '../../domain/findings/classify.ts';
import { seeCase } from '../../domain/findings/case-stamp.ts';
import { advance, seeAgain, type FindingCase, type Transition } from '../../domain/findings/life-cycle.ts';
import { isSameChange } from '../../domain/findings/image-change.ts';
import { matchesSubject } from '../../domain/findings/match.ts';
import { observe, type ListeningNode } from '../../domain/findings/observe.ts';
import {
  longestLookMs,
  mustStoreQuiet,
  quietToStore,
  storedQuiet,
  wouldCountTooMuch,
  type Listening,
  type QuietClock,
} from '../../domain/findings/quiet-clock.ts';
import {
  addSighting,
  isCounted,
  openRecord,
  withHistory,
  type EvidenceEvent,
  type FindingRecord,
  type JournalPlace,
  type Sighting,
} from '../../domain/findings/record.ts';
import { lookAtRuns, type Runs } from '../../domain/findings/runs.ts';
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';
import type { FindingSubject, QuietEvidence, SecurityEvent } from '../../domain/findings/types.ts';
import type { NodeFacts, Policy } from '../../domain/types.ts';
import type { PolicySet } from '../../domain/policy/resolve.ts';
import type { Listeners } from './ears.ts';
import { createPlaces, findingKey, identityOf, type FindingIdentity } from './identity.ts';
import type { ObjectReader } from './object-reader.ts';
import { lookAtImages } from './running-images.ts';
import { observeStanding, standingNodes, type StandingNode } from './standing-nodes.ts';
import { clearsByRuns, recordOf } from './status.ts';

/** What becomes of an event. */
export const eventOutcomes = [
  'finding',
  'signal',
  'internal',
  'counted',
  'refused',
  'unattributed',
  'capped',
  'held',
] as const;
/** Counted: a replay, already in a finding. Capped: the namespace has as many findings as it may. Held: until its node has been asked. */
export type EventOutcome = (typeof eventOutcomes)[number];

export interface TakenEvent {
  readonly event: SecurityEvent;
  /** The node that its sender is limited to. */
  readonly senderNode: string | undefined;
  readonly receivedAt: number;
  /** Where it lay first, by which a replay is known. */
  readonly place: JournalPlace;
  /** In the journal that is being worked in. */
  readonly position: number;
}

export interface LiveFinding {
  record: FindingRecord;
  readonly identity: FindingIdentity;
  readonly key: string;
  /** It is to be written, and whoever writes has been told; further events need not say so again. */
  isQueued: boolean;
  case: FindingCase;
  evidence: QuietEvidence;
  /** Grows with everything that is to be written. */
  version: number;
  written: number;
  /** The first event that is not written yet. */
  pending: number | undefined;
  /** The first event since the write that is under way, or was last, began. */
  since: number | undefined;
  isLetGo: boolean;
  readonly podsKnown: Set<string>;
  /** Pods that were told apart before a restart and are known no more, all of them made before then. */
  forgotten: { readonly pods: number; readonly before: number };
  /** The clock as the write that is under way, or was last, has it. */
  storing: QuietClock | undefined;
  /** Of a subject that runs and ends: undefined until it is looked at after the behaviour was last seen. */
  runs: Runs | undefined;
  /** Of the last event that this process has counted, in the journal that is worked in: one item may hold several alerts. */
  lastPosition: number | undefined;
}

export interface FindingBook {
  readonly take: (taken: TakenEvent) => EventOutcome;
  /** Time has passed, or the fleet has changed: who listens now, and what follows. `deaf`: the operator itself heard nothing in that time. */
  readonly look: (listeners: Listeners, now: number, elapsed: number, deaf?: Listening) => void;
  readonly get: (key: string) => LiveFinding | undefined;
  readonly all: () => Iterable<LiveFinding>;
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly full: () => readonly string[];
  /** What stands in the cluster, as the watch brings it; undefined where it is gone. */
  readonly seen: (key: string, finding: Finding | undefined) => void;
  /** Follows what people have decided at once, or of two decisions that come together one would be lost. */
  readonly follow: (key: string, now: number) => void;
  /** The record is about to be written: what comes from now on is not in it. */
  readonly writing: (key: string) => void;
  /** The record has been written as it was at this version. */
  readonly wrote: (key: string, version: number, now: number) => void;
  /** Of what the API server refuses for good: `included` waits for it no longer, until it has been written after all. */
  readonly letGo: (key: string) => void;
  /** Whether the next leader may be told that this one still lives: false where it would then count time that nobody observed. */
  readonly mayClaimToLive: (now: number) => boolean;
  /** Everything up to here has been worked in and written. */
  readonly included: (processed: number) => number;
}

export interface FindingBookOptions {
  readonly model: Pick<CoverageModel, 'inventory' | 'agents' | 'namespaceLabels'>;
  readonly policies: () => readonly Policy[];
  readonly pod: AttributionInput['pod'];
  readonly container: AttributionInput['container'];
  /** The containers of the node may tell whose the event is. True: it will be brought again once they are known. */
  readonly hold: (node: string) => boolean;
  /** What the node's kubelet says of its control groups. */
  readonly cgroups: (facts: NodeFacts) => CgroupAnswer;
  readonly operatorNamespace: string;
  /** Findings of one namespace, with those that are resolved and kept; further ones are counted and not made. */
  readonly mostPerNamespace: number;
  readonly isTerminating: (namespace: string) => boolean;
  readonly enqueue: (key: string, isUrgent: boolean) => void;
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
  readonly onUnattributed: (
    node: string | undefined,
    reason: UnattributedReason,
    message: string,
    event: SecurityEvent,
    agent: string | undefined,
  ) => void;
  /** What the model does not keep of objects. */
  readonly reader: Pick<ObjectReader, 'peek'>;
  /** When the last leader was known to live. */
  readonly aliveUntil: () => number | undefined;
}

/** Pods of one finding that are told apart; past it each further one counts as new. */
const mostPodsKnown = 10_000;

export const createFindingBook = (options: FindingBookOptions): FindingBook => {
  const { model, policies, operatorNamespace, enqueue } = options;
  const findings = new Map<string, LiveFinding>();
  const perNamespace = new Map<string, number>();
  const full = new Set<string>();
  let named: { readonly of: readonly Policy[]; readonly names: ReadonlySet<string> } | undefined;

  const places = createPlaces(operatorNamespace);
  const memory: TermsMemory = new WeakMap();

  const namedBehaviours = (): ReadonlySet<string> => {
    const all = policies();
    if (named?.of !== all) named = { of: all, names: behavioursNamedBy(all) };
    return named.names;
  };

  /** Urgent: more has changed than how often and when it was seen. */
  const touch = (finding: LiveFinding, isUrgent: boolean): void => {
    finding.version++;
    if (finding.isQueued && !isUrgent) return;
    finding.isQueued = true;
    enqueue(finding.key, isUrgent);
  };

  const add = (identity: FindingIdentity, record: FindingRecord): LiveFinding => {
    const finding: LiveFinding = {
      record,
      identity,
      key: findingKey(identity),
      isQueued: false,
      case: { phase: 'New', riskAcceptedUntil: undefined, actor: '' },
      evidence: 'Running',
      version: 0,
      written: 0,
      pending: undefined,
      since: undefined,
      isLetGo: false,
      podsKnown: new Set(record.pods),
      forgotten: { pods: record.podsSeen - record.pods.length, before: record.state.lastSeen },
      storing: undefined,
      runs: undefined,
      lastPosition: undefined,
    };
    findings.set(finding.key, finding);
    if (isCapped(record.subject)) {
      perNamespace.set(identity.namespace, (perNamespace.get(identity.namespace) ?? 0) + 1);
    }
    return finding;
  };

  const drop = (key: string): void => {
    const finding = findings.get(key);
    if (finding === undefined) return;
    findings.delete(key);
    const { namespace } = finding.identity;
    if (!isCapped(finding.record.subject)) return;
    perNamespace.set(namespace, (perNamespace.get(namespace) ?? 1) - 1);
    // There is room again; whether it is enough, the next event tells.
    full.delete(namespace);
  };

  /** `position`: in the journal; undefined for what no event told. */
  const sight = (
    sighting: Sighting,
    receivedAt: number,
    position: number | undefined,
    podCreatedAt?: number,
  ): EventOutcome => {
    const { identity, key } = places.of(sighting.behaving.behaviour, sighting.subject);
    const known = findings.get(key);
    if (known !== undefined && known.lastPosition !== position && isSeen(known, sighting)) return 'counted';
    if (known === undefined) {
      const isFull = (perNamespace.get(identity.namespace) ?? 0) >= options.mostPerNamespace;
      if (isFull && isCapped(sighting.subject)) {
        full.add(identity.namespace);
        return 'capped';
      }
      if (options.isTerminating(identity.namespace)) return 'capped';
    }
    const finding = known ?? add(identity, openRecord(sighting, receivedAt));
    const before = known?.record.history.at(-1);
    if (known !== undefined) {
      const isNewPod = isUnknownPod(known, sighting.pod) && !isForgotten(known, podCreatedAt);
      finding.record = addSighting(known.record, sighting, isNewPod, receivedAt);
    }
    if (sighting.pod !== undefined && finding.podsKnown.size < mostPodsKnown) finding.podsKnown.add(sighting.pod);
    // The history is cut in its middle, so that its length tells nothing.
    const transition = finding.record.history.at(-1);
    const isNew = transition !== undefined && transition !== before;
    if (isNew) options.onTransition(finding, transition);
    finding.runs = undefined;
    finding.pending ??= position;
    finding.since ??= position;
    finding.lastPosition = position;
    touch(finding, isNew);
    return 'finding';
  };

  const isNode = (name: string): boolean => model.inventory.nodes.get(name)?.facts !== undefined;

  const take = (taken: TakenEvent): EventOutcome => {
    const { event, senderNode, receivedAt, place, position } = taken;
    if (event.isInternal === true) return 'internal';
    const whose = attribute({
      origin: event.origin,
      senderNode,
      pod: options.pod,
      isNode,
      container: options.container,
    });
    if (whose.kind === 'Refused') return 'refused';
    if (whose.kind === 'Unattributed') {
      if (whose.lookUp !== undefined && options.hold(whose.lookUp.node)) return 'held';
      options.onUnattributed(
        whose.node,
        whose.reason,
        whose.message,
        event,
        agentOf(model, event.agentType, whose.node),
      );
      return 'unattributed';
    }
    const subject: FindingSubject =
      whose.kind === 'Node'
        ? { kind: 'Node', namespace: undefined, name: whose.node, container: undefined }
        : places.subjectOf(whose.pod.workload, whose.pod.namespace, whose.container);
    const pod = whose.kind === 'Container' ? whose.pod : undefined;
    const image = whose.kind === 'Container' ? whose.image : undefined;
    const context: ClassifyContext = {
      namespace: subject.namespace,
      workload: subject.kind === 'Node' ? undefined : subject.name,
      container: subject.container,
      image,
      podAge: pod && happenedAt(event.at, receivedAt, pod.createdAt) - pod.createdAt,
      selecting: selectingOf(model, subject, pod),
      named: namedBehaviours(),
      memory,
    };
    const behaviours = classify(event, context);
    if (behaviours.length === 0) return 'signal';
    const agent = agentOf(model, event.agentType, whose.node);
    // No event happened after it was received, whatever the clock of its node says.
    const kept = evidenceOf(event, Math.min(event.at, receivedAt), agent, whose.node, pod?.name);
    const outcomes = behaviours.map((behaving) =>
      sight(
        { subject, behaving, image, pod: pod?.name, node: whose.node, agent, event: kept, place },
        receivedAt,
        position,
        pod?.createdAt,
      ),
    );
    return outcomes.includes('finding') ? 'finding' : (outcomes[0] ?? 'signal');
  };

  /** A node that stands so is seen once, and once more when it has stood otherwise in between; each further look only says when last. */
  const sightNode = ({ subject, uid, standing }: StandingNode, now: number): void => {
    const { behaving, message, saidAt } = standing;
    const at = saidAt ?? now;
    const key = findingKey(identityOf(behaving.behaviour, subject, operatorNamespace));
    const known = findings.get(key);
    if (known !== undefined && isStillPresent(known)) {
      const { state, transitions } = seeAgain(known.record.state, { count: 0, first: at, last: at }, now);
      known.record = withHistory({ ...known.record, state }, transitions);
      for (const transition of transitions) options.onTransition(known, transition);
      if (transitions.length > 0) touch(known, true);
      return;
    }
    const event = { ...noEvent, at, node: subject.name, message };
    const sighting = { subject, behaving, node: subject.name, event, ...noOrigin };
    if (sight(sighting, now, undefined) !== 'finding') return;
    const finding = findings.get(key);
    if (finding === undefined) return;
    const { state } = finding.record;
    // At once, since nobody looks at the clock of a finding whose risk is accepted: it would be seen anew at every look.
    const quiet = { ...state.quiet, listening: { listening: false, reason: 'StillPresent', message } as const };
    finding.record = { ...finding.record, uid, state: { ...state, quiet } };
  };

  /** Answers how many runs have ended clean since the last look. */
  const lookAtPods = (
    finding: LiveFinding,
    listeners: Listeners,
    evidence: QuietEvidence | undefined,
    elapsed: number,
    isDeaf: boolean,
  ): number => {
    const pods = listeners.podsOf(finding.record).map(({ key, phase, node }) => ({
      key,
      phase,
      isHeard: node && !isDeaf && observe({ nodes: [node], evidence, share: 1 }).listening.listening,
    }));
    const { runs, clean } = lookAtRuns(finding.runs, pods, elapsed > 2 * longestLookMs);
    finding.runs = runs;
    return clean;
  };

  const lookAt = (
    finding: LiveFinding,
    listeners: Listeners,
    now: number,
    elapsed: number,
    deaf: Listening | undefined,
  ): void => {
    const { record } = finding;
    const nodes = listeners.nodesOf(record);
    const { subject, image } = record;
    const where = { namespace: subject.namespace, workload: subject.name, container: subject.container, image };
    const terms = termsOf(
      record.behaviour,
      selectingOf(model, subject, undefined),
      ({ exclude }) => subject.kind === 'Node' || !matchesSubject(exclude, where),
    );
    const quietTerms = terms?.quiet ?? record.quietTerms;
    const standing = observeStanding(model, record, { named: namedBehaviours(), cgroups: options.cgroups });
    const observation =
      standing ?? observe({ nodes: nodes ?? [], evidence: quietTerms.evidence, share: quietTerms.nodes });
    const { listening } = observation;
    const isCounted = terms !== undefined || countsAnywhere(record.behaviour, namedBehaviours());
    const heard = listening.listening && standing === undefined && !isCounted ? uncounted : listening;
    const isDeaf = deaf !== undefined || !isCounted;
    const cleanRuns = clearsByRuns(record) ? lookAtPods(finding, listeners, quietTerms.evidence, elapsed, isDeaf) : 0;
    const imageChange = lookAtImages(model, options.reader, record, now);
    const { state, transitions } = advance(record.state, {
      now,
      // What a node says of itself stays said.
      elapsed: standing !== undefined && deaf !== undefined ? 0 : elapsed,
      listening: standing === undefined ? (deaf ?? heard) : heard,
      case: finding.case,
      required: quietTerms.period,
      requiredRuns: clearsByRuns(record) ? quietTerms.runs : undefined,
      cleanRuns,
      imageChange,
      isGone: nodes === undefined,
    });
    const severity = (standing ?? terms)?.severity ?? record.severity;
    const declaredRules = withDeclared(record.declaredRules, nodes ?? []);
    const isOther =
      severity !== record.severity ||
      !isSameChange(imageChange, record.imageChange) ||
      declaredRules !== record.declaredRules ||
      quietTerms.period !== record.quietTerms.period ||
      quietTerms.runs !== record.quietTerms.runs ||
      observation.evidence !== finding.evidence ||
      state.fixedAt !== record.state.fixedAt;
    finding.record = withHistory({ ...record, state, quietTerms, severity, imageChange, declaredRules }, transitions);
    finding.evidence = observation.evidence;
    for (const transition of transitions) options.onTransition(finding, transition);
    const mustStore = state.phase !== 'Resolved' && state.phase !== 'RiskAccepted' && mustStoreQuiet(state.quiet, now);
    // Whether a clock runs is urgent, too: what is not written yet is what a restart may count too much.
    if (transitions.length > 0 || isOther || mustStore) touch(finding, true);
  };

  return {
    take,
    look: (listeners, now, elapsed, deaf) => {
      const circumstances = { named: namedBehaviours(), cgroups: options.cgroups };
      for (const node of standingNodes(model, circumstances)) sightNode(node, now);
      for (const finding of findings.values()) {
        if (finding.record.state.phase !== 'Resolved') lookAt(finding, listeners, now, elapsed, deaf);
      }
    },
    get: (key) => findings.get(key),
    all: () => findings.values(),
    full: () => [...full].toSorted(),
    seen: (key, object) => {
      const known = findings.get(key);
      if (object === undefined) {
        // An event that is not written yet must not go with the object: that is made anew.
        if (known?.pending === undefined || options.isTerminating(known.identity.namespace)) drop(key);
        else touch(known, true);
        return;
      }
      const { namespace = '', name } = object.metadata;
      const restored = known === undefined ? recordOf(object, defaultQuiet, options.aliveUntil()) : undefined;
      const finding = known ?? (restored && add({ namespace, name }, restored));
      if (finding === undefined) return;
      finding.case = caseOf(object, finding.case);
      // As it is written, so that nothing is written because another leader reads it.
      if (known === undefined) finding.evidence = object.status?.quiet?.evidence ?? finding.evidence;
    },
    follow: (key, now) => {
      const finding = findings.get(key);
      if (finding === undefined) return;
      const { record } = finding;
      const { state, transitions } = advance(record.state, {
        now,
        elapsed: 0,
        listening: record.state.quiet.listening,
        case: finding.case,
        // Silence is judged where somebody looks who listens.
        required: Number.POSITIVE_INFINITY,
        requiredRuns: undefined,
        cleanRuns: 0,
        isGone: false,
      });
      if (transitions.length === 0 && state.fixedAt === record.state.fixedAt) return;
      finding.record = withHistory({ ...record, state }, transitions);
      for (const transition of transitions) options.onTransition(finding, transition);
      touch(finding, true);
    },
    writing: (key) => {
      const finding = findings.get(key);
      if (finding === undefined) return;
      finding.since = undefined;
      finding.storing = finding.record.state.quiet;
    },
    wrote: (key, version, now) => {
      const finding = findings.get(key);
      if (finding === undefined) return;
      finding.written = version;
      finding.isLetGo = false;
      // One that events come to without a pause must not hold the whole journal back.
      finding.pending = finding.version === version ? undefined : finding.since;
      const { record } = finding;
      // As it was written: since then somebody may have fallen silent.
      const quiet = storedQuiet(record.state.quiet, quietToStore(finding.storing ?? record.state.quiet, now));
      finding.record = { ...record, state: { ...record.state, quiet } };
    },
    letGo: (key) => {
      const finding = findings.get(key);
      if (finding !== undefined) finding.isLetGo = true;
    },
    mayClaimToLive: (now) => {
      for (const { record, isLetGo } of findings.values()) {
        const { phase, quiet } = record.state;
        if (!isLetGo && phase !== 'Resolved' && phase !== 'RiskAccepted' && wouldCountTooMuch(quiet, now)) return false;
      }
      return true;
    },
    included: (processed) => {
      let first = processed + 1;
      for (const { pending, isLetGo } of findings.values()) {
        if (pending !== undefined && !isLetGo) first = Math.min(first, pending);
      }
      return first - 1;
    },
  };
};

/** Whoever may make workloads may make any number of them; of nodes there are as many as there are. */
const isCapped = ({ kind }: FindingSubject): boolean => kind !== 'Node';

/** An event of it would be a signal, and left alone: that none comes proves nothing. */
const uncounted: Listening = {
  listening: false,
  reason: 'RuleNotLoaded',
  message:
    'no policy that selects it names the behaviour any more, or those that do exclude it, so that nothing of it would be counted',
};

/** Whether the node stands so still: nobody, neither this process nor the one before it, has seen it stand otherwise since. */
const isStillPresent = ({ record: { state } }: LiveFinding): boolean => {
  if (state.phase === 'Resolved') return false;
  const { listening, observed, stored } = state.quiet;
  if (listening.listening) return false;
  return listening.reason === 'StillPresent' || (observed === 0 && stored.runningSince === undefined);
};

const noEvent: EvidenceEvent = {
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
};
const noOrigin = { image: undefined, pod: undefined, agent: undefined, place: undefined };

/** A replay; or what its sender sent again to this replica, since the one that counted it was lost before it could answer or tell us. */
const isSeen = ({ record }: LiveFinding, { place, event }: Sighting): boolean =>
  (place !== undefined && isCounted(record, place)) ||
  (event.id !== undefined && record.evidence.some(({ id, at }) => id === event.id && at === event.at));

const isUnknownPod = ({ podsKnown }: LiveFinding, pod: string | undefined): boolean =>
  pod !== undefined && !podsKnown.has(pod);

/** Only some of the pods are stored: as many as were forgotten are taken for those, or a restart would count them anew. */
const isForgotten = (finding: LiveFinding, createdAt = Number.POSITIVE_INFINITY): boolean => {
  const { pods, before } = finding.forgotten;
  if (pods <= 0 || createdAt > before) return false;
  finding.forgotten = { pods: pods - 1, before };
  return true;
};

/** By the agent's clock, unless that is behind the pod's beginning: events may come late, or be of a node whose clock is wrong. */
const happenedAt = (at: number, receivedAt: number, podCreatedAt: number): number =>
  at >= podCreatedAt ? Math.min(at, receivedAt) : receivedAt;

/** Policies that select the subject: a node by its own set, a workload by those of the pod that behaved so, or of all its pods. */
const selectingOf = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  { kind, namespace, name }: FindingSubject,
  pod: { readonly namespace: string; readonly name: string } | undefined,
): readonly Policy[] => {
  if (kind === 'Node') return inventory.nodes.get(name)?.set?.selecting ?? [];
  const ofPod: PolicySet | undefined = pod && inventory.pod(pod.namespace, pod.name)?.set;
  return ofPod?.selecting ?? inventory.workloads.get(`${namespace}/${kind}/${name}`)?.set?.selecting ?? [];
};

/**
 * The ProtectionAgent of that type which is on the node; the first of that type where none is known to be. Agents of the type Custom have
 * nothing in common: one that is not there has not seen it.
 */
const agentOf = (
  { inventory, agents }: Pick<CoverageModel, 'inventory' | 'agents'>,
  type: string,
  node: string | undefined,
): string | undefined => {
  const candidates = agents().filter((agent) => agent.type === type);
  const isCustom = type === 'Custom';
  if (candidates.length < 2 && !isCustom) return candidates[0]?.name;
  const present = node === undefined ? [] : (inventory.nodes.get(node)?.presences ?? []);
  const found = candidates.find(({ name }) =>
    present.some(({ agent, evidence }) => agent === name && evidence !== undefined),
  );
  return (found ?? (isCustom ? undefined : candidates[0]))?.name;
};

/** As it came: a million events are a handful of writes, and what they may hold of secrets is masked when it is written. */
const evidenceOf = (
  { id, rule, process, file, destination, message }: SecurityEvent,
  at: number,
  agent: string | undefined,
  node: string,
  pod: string | undefined,
): EvidenceEvent => ({
  id,
  at,
  agent,
  rule,
  node,
  pod,
  executable: process?.executable,
  arguments: process?.arguments,
  parent: process?.parentName,
  user: process?.user,
  file,
  destination,
  message,
});

const caseOf = ({ metadata, spec }: Finding, before: FindingCase): FindingCase => {
  const { phase, riskAcceptedUntil } = spec.case;
  const { uid, generation, annotations } = metadata;
  const until = riskAcceptedUntil === undefined ? undefined : Date.parse(riskAcceptedUntil);
  return seeCase({ uid, generation, annotations, phase, riskAcceptedUntil: until }, before);
};

/** What is declared once is remembered, so that its end is told from a rule that nobody ever declared. */
const withDeclared = (known: readonly string[], nodes: readonly ListeningNode[]): readonly string[] => {
  const found = nodes.flatMap(({ ears }) => ears.flatMap((ear) => ear.declaredRules));
  const fresh = new Set(found.filter((rule) => !known.includes(rule)));
  return fresh.size === 0 ? known : [...known, ...fresh].toSorted();
};
