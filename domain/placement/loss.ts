// What a change of agents would cost: the nodes that are protected now and would not be in the changed world. An agent stays on a node
// as long as a DaemonSet in which it is recognised goes there, and protects as long as no template switches its protection off.
import { whyAbsent } from '../coverage/absence.ts';
import type { AgentCatalogue } from '../coverage/agents.ts';
import { judge } from '../coverage/judge.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import { protectionSwitchedOn } from '../coverage/protection-switch.ts';
import { compareText } from '../coverage/verdict.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts } from '../types.ts';
import type { ClusterPicture } from './answer.ts';
import { podOfDaemonSet } from './daemon-set-pod.ts';
import { daemonSetTolerations, misfit } from './fit.ts';
import { protects } from './reported-presence.ts';

export interface Loss {
  /** Nodes that are protected now, as far as it is known; not counted where the change concerns no agent. */
  readonly protected: number;
  /** Those of them that would not be, by name. */
  readonly lost: readonly string[];
  /** Why, on most of them. */
  readonly cause: string | undefined;
}

/** `after`: the agents and DaemonSets of the changed world. */
export const lossOf = (picture: ClusterPicture, after: AgentCatalogue, now: number): Loss => {
  const concerned = concernedAgents(picture.catalogue, after);
  // Most DaemonSets of a cluster are nobody's agent, and are changed all the time.
  if (concerned.size === 0) return { protected: 0, lost: [], cause: undefined };
  const judgeOnce = createJudging(picture, after, concerned, now);
  const lost: string[] = [];
  const causes = new Map<string, number>();
  let isProtected = 0;
  for (const node of picture.nodes()) {
    const { before, cause } = judgeOnce(node);
    if (!before) continue;
    isProtected += 1;
    if (cause === undefined) continue;
    lost.push(node.name);
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }
  const [leading] = [...causes].toSorted(([a, x], [b, y]) => y - x || compareText(a, b));
  return { protected: isProtected, lost: lost.toSorted(compareText), cause: leading?.[0] };
};

/** Agents that are defined or installed otherwise than before. */
const concernedAgents = (before: AgentCatalogue, after: AgentCatalogue): ReadonlySet<string> =>
  new Set(before.agents.map(({ name }) => name).filter((name) => contentOf(name, before) !== contentOf(name, after)));

const contentOf = (name: string, catalogue: AgentCatalogue): string => {
  const agent = agentIn(catalogue, name);
  return JSON.stringify([agent, agent && catalogue.installationsOf(agent)]);
};

interface Outcome {
  /** Whether the node is protected now. */
  readonly before: boolean;
  /** Why it would not be any more; undefined where it would, or is not. */
  readonly cause: string | undefined;
}

/** Nodes with the same agents, of which they lose the same, under the same policies are judged once. */
const createJudging = (
  picture: ClusterPicture,
  after: AgentCatalogue,
  concerned: ReadonlySet<string>,
  now: number,
): ((node: NodeFacts) => Outcome) => {
  const known = new Map<readonly AgentPresence[], Map<string, Outcome>>();
  return (node) => {
    const { presences } = picture.standings.situationOn(node, picture.reportOf(node.name), now);
    // Nothing is known of it; no DaemonSet protects a virtual one.
    if (presences === undefined || node.virtual !== undefined) return unprotected;
    const set = picture.resolver.forNode(node.labels);
    const gone = presences.flatMap((presence) => {
      const what = concerned.has(presence.agent) ? lossOfAgent(presence, node, picture.catalogue, after) : undefined;
      return what === undefined ? [] : [{ presence, what }];
    });
    let outcomes = known.get(presences);
    if (outcomes === undefined) known.set(presences, (outcomes = new Map()));
    const key = JSON.stringify([set.id, gone.map(({ presence, what }) => [presence.agent, what])]);
    const found = outcomes.get(key) ?? outcomeOf(presences, gone, node, after, set.judging, now);
    outcomes.set(key, found);
    return found;
  };
};

const unprotected: Outcome = { before: false, cause: undefined };

/** The agent would not come to the node any more; or this says in which words its protection would be off there. */
type AgentLoss = 'leaves' | { readonly off: string };

const outcomeOf = (
  presences: readonly AgentPresence[],
  gone: readonly { readonly presence: AgentPresence; readonly what: AgentLoss }[],
  node: NodeFacts,
  after: AgentCatalogue,
  policies: Parameters<typeof judge>[1],
  now: number,
): Outcome => {
  if (!protects(judge(presences, policies, now).state)) return unprotected;
  if (gone.length === 0) return { before: true, cause: undefined };
  const left = presences.flatMap((presence) => {
    const what = gone.find((each) => each.presence === presence)?.what;
    if (what === undefined) return [presence];
    const agent = agentIn(after, presence.agent);
    if (agent === undefined) return [];
    if (what === 'leaves') return [absenceOf(agent, node, after)];
    const trouble = { reason: 'ProtectionDisabled', cause: what.off, remedy: agent.protectionRemedy } as const;
    return [{ ...presence, trouble }];
  });
  const { state, gaps } = judge(left, policies, now);
  return { before: true, cause: protects(state) ? undefined : (gaps[0]?.cause ?? 'no agent is left') };
};

/** No grace: what is asked is how the node will stand in the end. */
const absenceOf = (agent: AgentDefinition, node: NodeFacts, after: AgentCatalogue): AgentPresence => ({
  ...whyAbsent({
    agent,
    node,
    pods: [],
    installations: after.installationsOf(agent),
    configMap: () => undefined,
    goneAt: undefined,
  }),
  expectedSince: undefined,
});

/** Of what came from a DaemonSet: nobody else's coming and going is in question. */
const lossOfAgent = (
  { agent: name, evidence }: AgentPresence,
  node: NodeFacts,
  before: AgentCatalogue,
  after: AgentCatalogue,
): AgentLoss | undefined => {
  const [then, soon] = [comingTo(name, node, before), comingTo(name, node, after)];
  if (evidence === undefined || then.length === 0) return undefined;
  if (soon.length === 0) return 'leaves';
  const off = wordsOff(name, node, soon, after);
  // What the templates said before counts for nothing where the operator has seen more.
  return off === undefined || wordsOff(name, node, then, before) !== undefined ? undefined : { off };
};

/** The DaemonSets that bring the agent to the node. */
const comingTo = (name: string, node: NodeFacts, catalogue: AgentCatalogue): readonly DaemonSetFacts[] => {
  const agent = agentIn(catalogue, name);
  if (agent === undefined || !agent.operatingSystems.includes(node.operatingSystem)) return [];
  return catalogue
    .installationsOf(agent)
    .map(({ daemonSet }) => daemonSet)
    .filter(({ scheduling, hostNetwork }) => {
      const tolerations = [...scheduling.tolerations, ...daemonSetTolerations(hostNetwork)];
      return misfit({ ...scheduling, tolerations }, node) === undefined;
    });
};

/** That all of them have the protection switched off; undefined where one has not, or it cannot be told without a ConfigMap. */
const wordsOff = (
  name: string,
  node: NodeFacts,
  daemonSets: readonly DaemonSetFacts[],
  catalogue: AgentCatalogue,
): string | undefined => {
  const agent = agentIn(catalogue, name);
  if (agent === undefined) return undefined;
  const switches = daemonSets.map((daemonSet) =>
    protectionSwitchedOn(agent, node, podOfDaemonSet(daemonSet, 0), daemonSet, () => undefined),
  );
  const words = switches.flatMap((each) => (each.known && !each.on ? [each.cause] : []));
  return words.length === switches.length ? words[0] : undefined;
};

const agentIn = ({ agents }: AgentCatalogue, name: string): AgentDefinition | undefined =>
  agents.find((each) => each.name === name);
