// What a change of agents would cost: the nodes that are protected now and would not be in the changed world. An agent stays on a node
// as long as a DaemonSet in which it is recognised goes there.
import { whyAbsent } from '../coverage/absence.ts';
import type { AgentCatalogue } from '../coverage/agents.ts';
import { judge } from '../coverage/judge.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import { compareText } from '../coverage/verdict.ts';
import type { AgentDefinition, NodeFacts } from '../types.ts';
import type { ClusterPicture } from './answer.ts';
import { daemonSetTolerations, misfit } from './fit.ts';
import { protects } from './reported-presence.ts';

export interface Loss {
  /** Nodes that are protected now, as far as it is known. */
  readonly protected: number;
  /** Those of them that would not be, by name. */
  readonly lost: readonly string[];
  /** Why, on most of them. */
  readonly cause: string | undefined;
}

/** `after`: the agents and DaemonSets of the changed world. */
export const lossOf = (picture: ClusterPicture, after: AgentCatalogue, now: number): Loss => {
  const judgeOnce = createJudging(picture, after, now);
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

interface Outcome {
  /** Whether the node is protected now. */
  readonly before: boolean;
  /** Why it would not be any more; undefined where it would, or is not. */
  readonly cause: string | undefined;
}

/** Nodes with the same agents, of which they lose the same, under the same policies are judged once. */
const createJudging = (picture: ClusterPicture, after: AgentCatalogue, now: number): ((node: NodeFacts) => Outcome) => {
  const known = new Map<readonly AgentPresence[], Map<string, Outcome>>();
  return (node) => {
    const { presences } = picture.standings.situationOn(node, picture.reportOf(node.name), now);
    // Nothing is known of it; no DaemonSet protects a virtual one.
    if (presences === undefined || node.virtual !== undefined) return unprotected;
    const set = picture.resolver.forNode(node.labels);
    const gone = presences.filter((presence) => leaves(presence, node, picture.catalogue, after));
    let outcomes = known.get(presences);
    if (outcomes === undefined) known.set(presences, (outcomes = new Map()));
    const key = JSON.stringify([set.id, gone.map(({ agent }) => agent)]);
    const found = outcomes.get(key) ?? outcomeOf(presences, gone, node, after, set.judging, now);
    outcomes.set(key, found);
    return found;
  };
};

const unprotected: Outcome = { before: false, cause: undefined };

const outcomeOf = (
  presences: readonly AgentPresence[],
  gone: readonly AgentPresence[],
  node: NodeFacts,
  after: AgentCatalogue,
  policies: Parameters<typeof judge>[1],
  now: number,
): Outcome => {
  if (!protects(judge(presences, policies, now).state)) return unprotected;
  if (gone.length === 0) return { before: true, cause: undefined };
  const left = presences.flatMap((presence) => {
    if (!gone.includes(presence)) return [presence];
    const agent = after.agents.find(({ name }) => name === presence.agent);
    return agent === undefined ? [] : [absenceOf(agent, node, after)];
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

/** Whether what runs there now came from a DaemonSet that would not bring it any more. */
const leaves = (
  { agent: name, evidence }: AgentPresence,
  node: NodeFacts,
  before: AgentCatalogue,
  after: AgentCatalogue,
): boolean => evidence !== undefined && comesTo(name, node, before) && !comesTo(name, node, after);

const comesTo = (name: string, node: NodeFacts, catalogue: AgentCatalogue): boolean => {
  const agent = catalogue.agents.find((each) => each.name === name);
  return (
    agent !== undefined &&
    agent.operatingSystems.includes(node.operatingSystem) &&
    catalogue.installationsOf(agent).some(({ daemonSet: { scheduling, hostNetwork } }) => {
      const tolerations = [...scheduling.tolerations, ...daemonSetTolerations(hostNetwork)];
      return misfit({ ...scheduling, tolerations }, node) === undefined;
    })
  );
};
