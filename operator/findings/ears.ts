// Who would hear a finding's behaviour at present, as the coverage model sees it.
import { workloadKey, type NodeEntry, type WorkloadEntry } from '../../domain/coverage/inventory.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Heard } from '../../domain/coverage/heard.ts';
import type { AgentPresence } from '../../domain/coverage/presence.ts';
import type { Ear, ListeningNode } from '../../domain/findings/observe.ts';
import type { FindingRecord } from '../../domain/findings/record.ts';
import type { QuietEvidence } from '../../domain/findings/types.ts';
import { strengthOf } from '../../domain/state.ts';
import { isInForce, type Ruleset } from '../../domain/telemetry/ruleset.ts';
import type { AgentDefinition, Evidence, PodFacts, PodPhase } from '../../domain/types.ts';
import type { EndedPods } from './ended-pods.ts';

export interface Deliveries {
  /** Whether something of the agent on the node arrived within so many milliseconds. */
  readonly arrived: (node: string, agent: string, withinMs: number) => boolean;
  /** Whether events of the node, or of anybody, were refused within so many milliseconds. */
  readonly shed: (node: string, withinMs: number) => boolean;
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

/** Made anew for each round, since it remembers what agents have shown in this one. */
export const createListeners = (
  model: CoverageModel,
  deliveries: Deliveries,
  ended: Pick<EndedPods, 'of'>,
): Listeners => {
  const definitions = new Map(model.agents().map((agent) => [agent.name, agent]));
  const reachable = new Map<string, QuietEvidence>();

  const reach = (agent: string): QuietEvidence => {
    const known = reachable.get(agent);
    if (known !== undefined) return known;
    const found = reachOf(model, definitions.get(agent));
    reachable.set(agent, found);
    return found;
  };

  const earOf = (node: NodeEntry, agent: string, rules: readonly string[]): Ear => {
    const presence = node.presences.find((each) => each.agent === agent);
    const staleAfter = definitions.get(agent)?.telemetry.staleAfter ?? 0;
    return {
      agent,
      evidence: presence && currentEvidence(presence),
      silence: presence && silenceOf(presence),
      trouble: presence === undefined ? `there is no ProtectionAgent ${agent} any more` : presence.trouble?.cause,
      ruleNotLoaded: presence?.ruleset && notLoaded(presence.ruleset, agent, rules),
      delivers: deliveries.arrived(node.name, agent, staleAfter),
      reachable: reach(agent),
    };
  };

  const listeningNode = (node: NodeEntry, { agents, rules }: FindingRecord): ListeningNode => ({
    name: node.name,
    ears: agents.map((agent) => earOf(node, agent, rules)),
    isShedding: deliveries.shed(node.name, shedForMs),
  });

  return {
    nodesOf: (record) => nodesRunning(model, record)?.map((node) => listeningNode(node, record)),
    podsOf: (record) => {
      const { kind, namespace = '', name, container } = record.subject;
      const key = workloadKey(namespace, kind, name);
      const running = [...(model.inventory.workloads.get(key)?.pods ?? [])].map(({ facts }) => facts);
      return [...running, ...ended.of(key).map((facts) => ({ ...facts, phase: 'Succeeded' as const }))]
        .filter((facts) => hasContainer(facts, container))
        .map((facts) => {
          const node = facts.node === undefined ? undefined : model.inventory.nodes.get(facts.node);
          return {
            key: `${facts.name} ${facts.createdAt}`,
            phase: facts.phase,
            node: node && listeningNode(node, record),
          };
        });
    },
  };
};

/** A workload whose object is gone, and of which nothing runs, is gone; one that is scaled to nothing is not. */
const nodesRunning = (model: CoverageModel, { subject, uid }: FindingRecord): readonly NodeEntry[] | undefined => {
  const { inventory } = model;
  if (subject.kind === 'Node') {
    const node = inventory.nodes.get(subject.name);
    const isSame = node?.facts !== undefined && (uid === undefined || uid === '' || node.facts.uid === uid);
    return node !== undefined && isSame ? [node] : undefined;
  }
  const workload = inventory.workloads.get(workloadKey(subject.namespace ?? '', subject.kind, subject.name));
  if (workload === undefined) return undefined;
  const nodes = runningOn(workload, subject.container);
  return nodes.length === 0 && !workload.isDeclared && workload.pods.size === 0 ? undefined : nodes;
};

const runningOn = (workload: WorkloadEntry, container: string | undefined): readonly NodeEntry[] => {
  const nodes = new Set<NodeEntry>();
  for (const { facts, node } of workload.pods) {
    if (node !== undefined && isRunning(facts, container)) nodes.add(node);
  }
  return [...nodes];
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

/** The most that the agent has shown on any node. An agent that posts proves delivery with every heartbeat. */
const reachOf = ({ inventory }: CoverageModel, agent: AgentDefinition | undefined): QuietEvidence => {
  if (agent === undefined || agent.telemetry.mode === 'None') return 'Running';
  if (agent.telemetry.mode === 'Push') return 'Delivered';
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

/** Where one of the rules that saw it is loaded, it would be seen again; where telemetry says of none that it is, somebody must be told. */
const notLoaded = (ruleset: Ruleset, agent: string, rules: readonly string[]): string | undefined => {
  if (rules.length === 0) return undefined;
  const answers = rules.map((rule) => standingOf(ruleset, rule));
  if (answers.some((answer) => answer === undefined)) return undefined;
  return `${agent}: ${answers.find((answer) => answer !== undefined)}`;
};

/** Undefined where the rule is loaded, or nobody says that it is not. */
const standingOf = ({ policies, proof }: Ruleset, rule: string): string | undefined => {
  const holding = policies.flatMap((policy) =>
    (policy.rules ?? []).filter(({ name }) => name === rule).map((facts) => ({ policy, facts })),
  );
  if (holding.some(({ policy, facts }) => isInForce(policy) && facts.status === 'Loaded')) return undefined;
  const [first] = holding;
  if (first !== undefined) {
    return `rule ${rule} of ${first.policy.name} is ${(first.facts.status === 'Loaded' ? first.policy.status : first.facts.status).toLowerCase()}`;
  }
  const isKnownWhole = proof === 'Complete' && policies.every((policy) => policy.rules !== undefined);
  if (!isKnownWhole || policies.length === 0) return undefined;
  return `rule ${rule} is in none of the policies that it has loaded`;
};
