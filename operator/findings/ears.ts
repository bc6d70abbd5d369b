// Who would hear a finding's behaviour at present, as the coverage model sees it.
import { workloadKey, type NodeEntry, type PodEntry, type WorkloadEntry } from '../../domain/coverage/inventory.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Heard } from '../../domain/coverage/heard.ts';
import type { AgentPresence } from '../../domain/coverage/presence.ts';
import { arrivesOften, provesForMs } from '../../domain/findings/canary.ts';
import type { Ear, ListeningNode, Proof, Undelivered } from '../../domain/findings/observe.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import { isDeclared, notLoaded } from '../../domain/findings/rule-standing.ts';
import { strengthOf } from '../../domain/state.ts';
import type { AgentDefinition, Evidence, PodFacts, PodPhase, PodShape } from '../../domain/types.ts';
import type { EndedPods } from './ended-pods.ts';

export interface Deliveries {
  /** Why it is not proven that what the agent on the node saw has arrived; undefined where it is. */
  readonly undelivered: (question: DeliveryQuestion) => Undelivered | undefined;
  /** How long ago, at most, the agent on the node was asked, and answered; where only an earlier leader did, it was no older than `staleAfter`. */
  readonly answeredAgo: (node: string, agent: string, staleAfter: number) => number;
  readonly delivered: (question: DeliveryQuestion) => Delivered;
  /** Whether the agent has shown, on any node, that it counts what it sees. */
  readonly counts: (agent: string) => boolean;
  /** Whether events of the node, or of anybody, were refused within so many milliseconds. */
  readonly shed: (node: string, withinMs: number) => boolean;
}

export interface DeliveryQuestion {
  readonly node: string;
  readonly agent: string;
  /** Those that matter, beside all that are known to arrive. */
  readonly rules: readonly string[];
  /** Something that arrived within so many milliseconds proves it. */
  readonly withinMs: number;
  /** Counters that are older prove nothing; undefined where they cannot be told from those of another agent. */
  readonly staleAfter: number | undefined;
  /** Something arrives so often that the next arrival can be waited for. */
  readonly isOften: boolean;
}

export interface Delivered {
  /** How long ago, at most, all that the agent had seen was proven to have arrived; 0 where nothing will prove it soon. */
  readonly ago: number;
  /** What has not arrived may be on its way, or has not been compared yet. */
  readonly isOpen: boolean;
}

export interface Listeners {
  /** The nodes that run the subject, or the node itself; undefined where there is no such subject any more. */
  readonly nodesOf: (record: FindingRecord) => readonly ListeningNode[] | undefined;
  /** The pods of a subject that runs and ends, with those that have just ended. */
  readonly podsOf: (record: FindingRecord) => readonly ListeningPod[];
}

export interface ListeningPod {
  readonly key: string;
  readonly phase: PodPhase;
  /** Undefined while it is on no node that is known. */
  readonly node: ListeningNode | undefined;
}

/** How long a node counts as one whose events were shed: longer than two looks at a clock. */
const shedForMs = 60_000;

/** Of nobody who is there. */
const unproven: Proof = { answeredAgo: 0, deliveredAgo: 0, isOpen: false };

type Reach = Pick<Ear, 'reachable' | 'shown'>;

/** Made anew for each round, since it remembers what agents have shown in this one. */
export const createListeners = (
  model: CoverageModel,
  deliveries: Deliveries,
  ended: Pick<EndedPods, 'of'>,
): Listeners => {
  const definitions = new Map(model.agents().map((agent) => [agent.name, agent]));
  const reaches = new Map<string, Reach>();

  const reach = (agent: string): Reach => {
    const known = reaches.get(agent);
    if (known !== undefined) return known;
    const found = reachOf(model, definitions.get(agent), deliveries.counts(agent));
    reaches.set(agent, found);
    return found;
  };

  const question = (node: NodeEntry, definition: AgentDefinition, rules: readonly string[]): DeliveryQuestion => {
    const { name: agent, type, telemetry } = definition;
    const alike = node.presences.filter(
      (other) => other.evidence !== undefined && definitions.get(other.agent)?.type === type,
    );
    return {
      node: node.name,
      agent,
      rules,
      withinMs: provesForMs(definition),
      // An event does not say which of two of a kind it is of.
      staleAfter: alike.length > 1 ? undefined : telemetry.staleAfter,
      isOften: arrivesOften(definition),
    };
  };

  const proofOf = (node: NodeEntry, { name, telemetry }: AgentDefinition, asking: DeliveryQuestion): Proof => {
    const { mode, staleAfter } = telemetry;
    const { ago, isOpen } = deliveries.delivered(asking);
    const answeredAgo = mode === 'Scrape' ? deliveries.answeredAgo(node.name, name, staleAfter) : 0;
    return { answeredAgo, deliveredAgo: ago, isOpen };
  };

  const absence = ({ facts }: NodeEntry, agent: string): string =>
    definitions.has(agent) && facts === undefined
      ? 'the node is gone, and its pods are not yet'
      : `there is no ProtectionAgent ${agent} any more`;

  const earOf = ({ node, presences }: Place, agent: string, { rules, declaredRules }: FindingRecord): Ear => {
    const presence = presences.find((each) => each.agent === agent);
    const definition = definitions.get(agent);
    const asking = definition && question(node, definition, rules);
    return {
      agent,
      evidence: presence && currentEvidence(presence),
      silence: presence && silenceOf(presence),
      trouble: presence === undefined ? absence(node, agent) : presence.trouble?.cause,
      ruleNotLoaded: notLoaded(presence?.ruleset, agent, rules, declaredRules),
      declaredRules: rules.filter((rule) => isDeclared(presence?.ruleset, rule)),
      undelivered:
        asking === undefined
          ? { why: `there is no ProtectionAgent ${agent} any more`, isMissing: false }
          : deliveries.undelivered(asking),
      proof: definition === undefined || asking === undefined ? unproven : proofOf(node, definition, asking),
      ...reach(agent),
    };
  };

  const listeningNode = (place: Place, record: FindingRecord): ListeningNode => ({
    name: place.node.name,
    ears: record.agents.map((agent) => earOf(place, agent, record)),
    isShedding: deliveries.shed(place.node.name, shedForMs),
  });

  const listeningPod = (facts: PodFacts, place: Place | undefined, record: FindingRecord): ListeningPod => ({
    key: `${facts.name} ${facts.createdAt}`,
    phase: facts.phase,
    node: place && listeningNode(place, record),
  });

  return {
    nodesOf: (record) => {
      const places = placesRunning(model, record);
      return places && oncePerNode(places.map((place) => listeningNode(place, record)));
    },
    podsOf: (record) => {
      const { kind, namespace = '', name, container } = record.subject;
      const key = workloadKey(namespace, kind, name);
      const running = [...(model.inventory.workloads.get(key)?.pods ?? [])]
        .filter(({ facts }) => hasContainer(facts, container))
        .map((pod) => listeningPod(pod.facts, pod.node && placeOf(model, pod, pod.node), record));
      const over = ended
        .of(key)
        .filter((facts) => hasContainer(facts, container))
        .map((facts) => {
          const node = facts.node === undefined ? undefined : model.inventory.nodes.get(facts.node);
          const place = node && { node, presences: node.presences };
          return listeningPod({ ...facts, phase: 'Succeeded' }, place, record);
        });
      return [...running, ...over];
    },
  };
};

/** All pods of the subject on a node must be heard: of each agent counts what it is to the pod that it hears least. */
const oncePerNode = (nodes: readonly ListeningNode[]): readonly ListeningNode[] => {
  const byName = new Map<string, ListeningNode>();
  for (const node of nodes) {
    const known = byName.get(node.name);
    const ears = known?.ears.map((ear, index) => worseOf(ear, node.ears[index] ?? ear));
    byName.set(node.name, ears === undefined ? node : { ...node, ears });
  }
  return [...byName.values()];
};

const worseOf = (a: Ear, b: Ear): Ear => (deafnessOf(b) > deafnessOf(a) ? b : a);
const deafnessOf = ({ evidence, trouble, ruleNotLoaded }: Ear): number =>
  evidence === undefined || trouble !== undefined ? 10 : ruleNotLoaded === undefined ? -strengthOf(evidence) : 9;

/** A node, with its agents as the subject has them there. */
interface Place {
  readonly node: NodeEntry;
  readonly presences: readonly AgentPresence[];
}

const placeOf = (model: CoverageModel, pod: PodEntry, node: NodeEntry): Place => ({
  node,
  presences: model.presencesOf(pod),
});

/** A workload whose object is gone, and of which nothing runs, is gone; one that is scaled to nothing is not. */
const placesRunning = (model: CoverageModel, { subject, uid }: FindingRecord): readonly Place[] | undefined => {
  const { inventory } = model;
  if (subject.kind === 'Node') {
    const node = inventory.nodes.get(subject.name);
    const isSame = node?.facts !== undefined && (uid === undefined || uid === '' || node.facts.uid === uid);
    return node !== undefined && isSame ? [{ node, presences: node.presences }] : undefined;
  }
  const workload = inventory.workloads.get(workloadKey(subject.namespace ?? '', subject.kind, subject.name));
  if (workload === undefined) return undefined;
  const places = runningOn(model, workload, subject.container);
  return places.length === 0 && !workload.isDeclared && workload.pods.size === 0 ? undefined : places;
};

/** Each node once for all pods that look alike: agents may leave out some, and a sidecar is each pod's own. */
const runningOn = (model: CoverageModel, workload: WorkloadEntry, container: string | undefined): readonly Place[] => {
  const looks = new Map<NodeEntry, Map<PodShape, Set<boolean>>>();
  const places: Place[] = [];
  for (const pod of workload.pods) {
    const { facts, node } = pod;
    if (node === undefined || !isRunning(facts, container)) continue;
    const onNode = looks.get(node) ?? new Map<PodShape, Set<boolean>>();
    const seen = onNode.get(facts.shape) ?? new Set<boolean>();
    if (seen.has(facts.ready)) continue;
    looks.set(node, onNode.set(facts.shape, seen.add(facts.ready)));
    places.push(placeOf(model, pod, node));
  }
  return places;
};

/** A pod counts as running while its containers crash, one after the other: what waits to be started again does nothing. */
const isRunning = (facts: PodFacts, container: string | undefined): boolean =>
  facts.phase === 'Running' &&
  hasContainer(facts, container) &&
  facts.trouble?.containers.find(({ name }) => name === container)?.waitingReason === undefined;

const hasContainer = ({ shape }: PodFacts, container: string | undefined): boolean =>
  container === undefined || shape.containers.some(({ name }) => name === container);

/** What was said too long ago says nothing about now. */
const currentEvidence = ({ evidence, heard }: AgentPresence): Evidence | undefined =>
  heard !== undefined && isStale(heard) && strengthOf(evidence) > strengthOf('Running') ? 'Running' : evidence;

const isStale = ({ olderThan, staleAfter }: Heard): boolean => olderThan >= staleAfter;

const silenceOf = ({ heard }: AgentPresence): string | undefined => {
  if (heard === undefined || !heard.hasAnswered || !isStale(heard)) return undefined;
  return `for more than ${heard.olderThan / 1000} s it has said nothing${heard.failure === undefined ? '' : ` (${heard.failure})`}`;
};

/** The most that the agent can show. One that posts proves delivery with every heartbeat; one that counts, by its counters. */
const reachOf = (model: CoverageModel, agent: AgentDefinition | undefined, counts: boolean): Reach => {
  if (agent === undefined) return { shown: 'Running', reachable: 'Running' };
  const { telemetry, canary } = agent;
  const shown = telemetry.mode === 'Scrape' ? mostShown(model, agent) : 'Running';
  const delivers = telemetry.mode === 'Push' || canary !== undefined || (telemetry.mode === 'Scrape' && counts);
  return { shown, reachable: delivers ? 'Delivered' : shown };
};

/** On any node. */
const mostShown = ({ inventory }: CoverageModel, agent: AgentDefinition): Exclude<Evidence, 'Declared'> => {
  let best: Evidence = 'Running';
  for (const { presences } of inventory.nodes.values()) {
    const presence = presences.find(({ agent: name }) => name === agent.name);
    const shown = presence && shownBy(presence);
    if (strengthOf(shown) > strengthOf(best)) best = shown ?? best;
  }
  return best === 'Declared' ? 'Running' : best;
};

/** One that has answered could do so again: its silence, even everywhere, is no reason to ask for less. */
const shownBy = ({ evidence, heard }: AgentPresence): Evidence | undefined =>
  evidence === 'Running' && heard?.hasAnswered === true ? 'Reporting' : evidence;
