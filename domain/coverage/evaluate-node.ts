// One node: which agents are on it and what the policies make of that.
import type { PolicySet } from '../policy/resolve.ts';
import type { AgentDefinition, NodeFacts } from '../types.ts';
import type { Context } from './context.ts';
import { hear, isLost } from './heard.ts';
import type { NodeEntry } from './inventory.ts';
import { verdictOfParts, verdictOn } from './judgements.ts';
import { presenceOn, type AgentPresence, type Said } from './presence.ts';
import type { Verdict } from './verdict.ts';

export const evaluateNode = (context: Context, node: NodeEntry, now: number): void => {
  const { facts } = node;
  if (facts === undefined) {
    forgetNode(context, node);
    return;
  }
  const { said, validUntil: heardUntil } = listen(context, facts, now);
  let presences = presencesOn(context, node, facts, said);
  if (noteGone(node, presences, now)) presences = presencesOn(context, node, facts, said);
  const situation = context.situations.of(
    presences.map((presence) => withoutSpentGrace(presence, context.maximumGrace, now)),
  );
  node.presences = situation.presences;
  if (situation.number !== node.presenceId) context.dirty.podsOf(node);
  node.presenceId = situation.number;
  const set = context.resolver.forNode(facts.labels);
  const { verdict, validUntil } = context.situations.recall(situation.number, `node ${set.id}`, now, () =>
    verdictOn(context.interner, node.presences, set, now),
  );
  // Its pods' grace periods end in it too, and they are not all judged anew with their node.
  node.validUntil = Math.min(node.validUntil > now ? node.validUntil : Number.POSITIVE_INFINITY, validUntil);
  node.heardUntil = heardUntil;
  if (facts.virtual === undefined) setVerdict(context, node, { verdict, set });
};

/** A virtual node stands as its pods do: nothing else of it could be protected. Called once they are judged. */
export const evaluateVirtualNode = (context: Context, node: NodeEntry): void => {
  if (node.facts?.virtual === undefined) return;
  const verdict = verdictOfParts(context.interner, new Set([...node.pods].flatMap((pod) => pod.verdict ?? [])));
  setVerdict(context, node, verdict && { verdict, set: context.resolver.forNode(node.facts.labels) });
};

/** A node of the same name may come back, and owes nothing to this one. */
const forgetNode = (context: Context, node: NodeEntry): void => {
  setVerdict(context, node, undefined);
  node.presences = [];
  node.presenceId = -1;
  node.goneAt = undefined;
  node.validUntil = Number.POSITIVE_INFINITY;
  node.heardUntil = Number.POSITIVE_INFINITY;
  context.dirty.podsOf(node);
};

const presencesOn = (
  { catalogue, configMap }: Context,
  node: NodeEntry,
  facts: NodeFacts,
  said: ReadonlyMap<AgentDefinition, Said>,
): readonly AgentPresence[] => {
  const pods = [...node.agentPods].map((pod) => pod.facts);
  return catalogue.agents.map((agent) => {
    const words = said.get(agent);
    return presenceOn({
      agent,
      node: facts,
      pods: pods.flatMap((pod) => catalogue.asPodOf(agent, pod) ?? []),
      installations: catalogue.installationsOf(agent),
      configMap,
      goneAt: node.goneAt?.get(agent.name),
      ...(words === undefined ? {} : { said: words }),
    });
  });
};

/** What the agents say on the node, and until when it stays so unless they speak again. */
const listen = (
  { catalogue, telemetry, rulesets, steps }: Context,
  { name, labels }: NodeFacts,
  now: number,
): { readonly said: ReadonlyMap<AgentDefinition, Said>; readonly validUntil: number } => {
  const said = new Map<AgentDefinition, Said>();
  let next = Number.POSITIVE_INFINITY;
  for (const agent of catalogue.agents) {
    const instance = telemetry.of(name, agent.name);
    const { heard, validUntil } = hear(agent, instance, steps, now);
    // What has not been confirmed for too long is only declared.
    const statement = heard === undefined || isLost(heard) ? undefined : instance?.statement;
    const ruleset = rulesets.on(agent.name, statement?.loaded, labels);
    said.set(agent, { heard, version: statement?.version, ruleset });
    next = Math.min(next, validUntil);
  }
  return { said, validUntil: next };
};

/** Remembers when an agent that was on the node left it, so that its replacement gets its time. */
const noteGone = (node: NodeEntry, presences: readonly AgentPresence[], now: number): boolean => {
  let anyGone = false;
  for (const before of node.presences) {
    if (before.evidence === undefined) continue;
    const after = presences.find(({ agent }) => agent === before.agent);
    if (after === undefined || after.evidence !== undefined) continue;
    node.goneAt ??= new Map();
    node.goneAt.set(before.agent, now);
    anyGone = true;
  }
  return anyGone;
};

/** Once every grace period is over, nodes that wait since different times are in the same situation. */
const withoutSpentGrace = (presence: AgentPresence, maximumGrace: number, now: number): AgentPresence => {
  const { expectedSince, heard } = presence;
  const isSpent = (since: number | undefined): boolean => since !== undefined && since + maximumGrace <= now;
  if (!isSpent(expectedSince) && !isSpent(heard?.askedSince)) return presence;
  return {
    ...presence,
    ...(isSpent(expectedSince) ? { expectedSince: undefined } : {}),
    ...(heard !== undefined && isSpent(heard.askedSince) ? { heard: { ...heard, askedSince: undefined } } : {}),
  };
};

const setVerdict = (
  { tally, dirty }: Context,
  node: NodeEntry,
  next: { readonly verdict: Verdict; readonly set: PolicySet } | undefined,
): void => {
  if (node.verdict === next?.verdict && node.set === next?.set) return;
  tally.removeNode(node);
  node.verdict = next?.verdict;
  node.set = next?.set;
  tally.addNode(node);
  dirty.changedNodes.add(node.name);
};
