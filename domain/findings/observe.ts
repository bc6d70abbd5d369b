// Whether a behaviour would be heard at present if it happened: its subject runs, and on the nodes where it runs an agent watches that
// can see it, on evidence as strong as asked for.
import { compareText } from '../order.ts';
import { strengthOf } from '../state.ts';
import type { Evidence } from '../types.ts';
import { mostNodesMissing, nodesAsked, type Hearing, type MissingEvents } from './hearing.ts';
import type { Listening } from './quiet-clock.ts';
import { strengthOfQuiet } from './quiet-evidence.ts';
import type { QuietEvidence } from './types.ts';

/** One agent on one node, as far as this behaviour is concerned. */
export interface Ear {
  readonly agent: string;
  /** Undefined where the agent does not work there. */
  readonly evidence: Evidence | undefined;
  /** In words: how long it has said nothing, where it should have. */
  readonly silence: string | undefined;
  /** In words, without a node's name; where it does not work. */
  readonly trouble: string | undefined;
  /** The rule that detects the behaviour is said to be missing or switched off. */
  readonly ruleNotLoaded: string | undefined;
  /** Of the rules that saw the behaviour, those that an object in the cluster declares for it. */
  readonly declaredRules: readonly string[];
  /** Why what it saw is not proven to have arrived; undefined where it is. */
  readonly undelivered: Undelivered | undefined;
  readonly proof: Proof;
  /** The most that the agent, as it is installed in this cluster, can show. */
  readonly reachable: QuietEvidence;
  /** The most that it has shown of itself, on any node. */
  readonly shown: Evidence;
}

/** When the agent on the node last showed what its silence is worth. */
export interface Proof {
  /** How long ago it was asked, and answered; 0 where it is not asked. */
  readonly answeredAgo: number;
  /** How long ago all that it had seen was proven to have arrived; 0 where nothing will prove it soon. */
  readonly deliveredAgo: number;
  /** What has not arrived may be on its way, or has not been compared yet. */
  readonly isOpen: boolean;
}

export interface Undelivered {
  /** In words. */
  readonly why: string;
  /** The agent has counted more than arrived; else nothing tells whether anything is missing. */
  readonly isMissing: boolean;
}

/** A node that runs the subject. */
export interface ListeningNode {
  readonly name: string;
  /** Agents that have seen the behaviour, or could. */
  readonly ears: readonly Ear[];
  /** Events of the node were shed lately. */
  readonly isShedding: boolean;
}

export interface ObserveInput {
  readonly nodes: readonly ListeningNode[];
  /** Undefined: the most that each agent, as installed, can show. */
  readonly evidence: QuietEvidence | undefined;
  /** Share of the nodes that must listen, from 0 to 1. */
  readonly share: number;
}

export interface Observation {
  readonly listening: Listening;
  /** What is asked for; where nobody does, what every agent concerned can reach. */
  readonly evidence: QuietEvidence;
  /** Undefined where nothing runs, or no agent is asked. */
  readonly hearing: Hearing | undefined;
}

export const observe = ({ nodes, evidence, share }: ObserveInput): Observation => {
  const asked = evidence ?? reachableOf(nodes);
  if (nodes.length === 0) {
    const message = 'nothing of it runs, so that nothing could be heard';
    return {
      listening: { listening: false, reason: 'NothingRunning', message },
      evidence: asked,
      hearing: undefined,
    };
  }
  const deafNodes = nodes.flatMap((node) => whyDeaf(node, evidence) ?? []);
  const heard = nodes.length - deafNodes.length;
  const hearing = { heard, of: nodes.length, missing: missingOn(nodes) };
  const hasLapsed = deafNodes.some((node) => node.hasLapsed);
  const deaf = (reason: Extract<Listening, { listening: false }>['reason'], message: string): Observation => ({
    listening: { listening: false, reason, message, hasLapsed },
    evidence: asked,
    hearing,
  });
  const enough: Observation = { listening: { listening: true }, evidence: asked, hearing };
  if (heard >= nodesAsked(nodes.length, share)) return enough;
  const [first] = deafNodes.toSorted((a, b) => rank(a.reason) - rank(b.reason) || compareText(a.node, b.node));
  if (first === undefined) return enough;
  const others = deafNodes.length > 1 ? ` (and on ${deafNodes.length - 1} more)` : '';
  return deaf(first.reason, `on node ${first.node}${others}: ${first.why}`);
};

/** Whoever counts so many must know it over a restart; whether delivery is asked for at present or not, it may be later. */
const missingOn = (nodes: readonly ListeningNode[]): readonly MissingEvents[] => {
  const byAgent = new Map<string, string[]>();
  for (const { name, ears } of nodes) {
    for (const { agent, undelivered } of ears) {
      if (undelivered?.isMissing === true) byAgent.set(agent, [...(byAgent.get(agent) ?? []), name]);
    }
  }
  return [...byAgent].map(([agent, names]) => ({
    agent,
    nodes: names.length > mostNodesMissing ? 'All' : names.toSorted(compareText),
  }));
};

type DeafReason = 'AgentBlind' | 'RuleNotLoaded' | 'DeliveryUnproven' | 'EventsShed';

interface Deaf {
  readonly node: string;
  readonly reason: DeafReason;
  readonly why: string;
  /** It may have been deaf since it last showed that it was not. */
  readonly hasLapsed: boolean;
}

/** What is worst is told first. */
const reasons: readonly DeafReason[] = ['AgentBlind', 'RuleNotLoaded', 'DeliveryUnproven', 'EventsShed'];
const rank = (reason: DeafReason): number => reasons.indexOf(reason);

/** One agent that hears is enough; else the one that is nearest to it says what is missing. */
export const whyDeaf = (
  { name, ears, isShedding }: ListeningNode,
  evidence: QuietEvidence | undefined,
): Deaf | undefined => {
  if (isShedding) {
    const why = 'more events came than could be taken in, and some were dropped';
    return { node: name, reason: 'EventsShed', why, hasLapsed: false };
  }
  if (ears.length === 0) {
    return { node: name, reason: 'AgentBlind', why: 'no agent there could see it', hasLapsed: true };
  }
  const answers = ears.map((ear) => whyEarIsDeaf(ear, evidence));
  if (answers.includes(undefined)) return undefined;
  const [nearest] = answers
    .flatMap((answer) => answer ?? [])
    .toSorted((a, b) => rank(b.reason) - rank(a.reason) || compareText(a.why, b.why));
  return nearest && { node: name, ...nearest };
};

export const whyEarIsDeaf = (ear: Ear, asked: QuietEvidence | undefined): Omit<Deaf, 'node'> | undefined => {
  const { agent, evidence, silence, trouble, ruleNotLoaded, undelivered } = ear;
  if (evidence === undefined || trouble !== undefined) {
    return { reason: 'AgentBlind', why: trouble ?? `${agent} does not run`, hasLapsed: true };
  }
  if (ruleNotLoaded !== undefined) return { reason: 'RuleNotLoaded', why: ruleNotLoaded, hasLapsed: true };
  const needed = neededOf(ear, asked);
  if (strengthOf(evidence) < strengthOf(needed)) {
    const because = silence === undefined ? '' : `: ${silence}`;
    return {
      reason: 'AgentBlind',
      why: `${agent} is known to be ${evidence} only, and ${needed} is asked for${because}`,
      hasLapsed: true,
    };
  }
  return mustDeliver(ear, asked) && undelivered !== undefined
    ? { reason: 'DeliveryUnproven', why: undelivered.why, hasLapsed: !ear.proof.isOpen }
    : undefined;
};

/** Where nobody asks for less, all that it can show. */
export const neededOf = ({ shown }: Ear, asked: QuietEvidence | undefined): Evidence =>
  asked === undefined ? shown : asked === 'Delivered' ? 'Running' : asked;

export const mustDeliver = ({ reachable }: Ear, asked: QuietEvidence | undefined): boolean =>
  (asked ?? reachable) === 'Delivered';

const reachableOf = (nodes: readonly ListeningNode[]): QuietEvidence => {
  const reachable = nodes.flatMap(({ ears }) => ears.map((ear) => ear.reachable));
  return reachable.toSorted((a, b) => strengthOfQuiet(a) - strengthOfQuiet(b))[0] ?? 'Running';
};
