// One pod: its node's agents as it sees them, judged by the policies that select the pod.
import type { PolicySet } from '../policy/resolve.ts';
import type { NodeFacts, PodFacts } from '../types.ts';
import type { Sidecar } from './agents.ts';
import type { Context } from './context.ts';
import type { NodeEntry, PodEntry } from './inventory.ts';
import { verdictOn, type TimedVerdict } from './judgements.ts';
import { countKind } from './pod-kinds.ts';
import { presencesForPod } from './pod-presence.ts';
import type { AgentPresence } from './presence.ts';

/** Whether it stands otherwise than before. Its node must have been evaluated. */
export const evaluatePod = (context: Context, pod: PodEntry, now: number): boolean => {
  const [verdictBefore, setBefore] = [pod.verdict, pod.set];
  const { node } = pod;
  if (node?.facts !== undefined && runs(pod.facts)) {
    const set = setOf(context, pod.facts, node.facts, now);
    const { verdict, validUntil } = timedVerdictOn(context, pod, node, node.facts, set, now);
    const end = pod.facts.breakGlass?.until ?? Number.POSITIVE_INFINITY;
    node.validUntil = Math.min(node.validUntil, validUntil, end > now ? end : Number.POSITIVE_INFINITY);
    if (verdict === verdictBefore && set === setBefore) return false;
    uncount(context, pod);
    pod.verdict = verdict;
    pod.set = set;
    count(context, pod, 1);
  } else {
    if (verdictBefore === undefined) return false;
    uncount(context, pod);
  }
  context.dirty.workloads.add(pod.workload);
  if (node?.facts?.virtual !== undefined) context.dirty.nodes.add(node);
  return true;
};

/** Whether a policy leaves the pod alone because its annotations ask for it. */
export const breaksGlass = ({ facts, set }: PodEntry): boolean =>
  facts.breakGlass !== undefined && set !== undefined && set.exemptions.some(({ source }) => source === 'BreakGlass');

/** Takes the pod out of the counts: it goes, or what it is counted by changes. */
export const uncount = (context: Context, pod: PodEntry): void => {
  count(context, pod, -1);
  pod.verdict = undefined;
  pod.set = undefined;
};

const setOf = (
  { resolver, namespaceLabels }: Context,
  { namespace, shape, breakGlass }: PodFacts,
  node: NodeFacts,
  now: number,
): PolicySet => {
  const set = resolver.forPod(namespaceLabels(namespace), shape.labels, node.labels);
  return breakGlass !== undefined && now < breakGlass.until ? resolver.withBreakGlass(set, breakGlass) : set;
};

/** Init containers run while the pod is still Pending, so a pod counts from the moment it has a node. */
const runs = ({ node, phase }: PodFacts): boolean => node !== undefined && phase !== 'Succeeded' && phase !== 'Failed';

/** The agents of the pod's node as the pod has them: without what leaves it out or cannot see into it, with those that it carries itself. */
export const presencesOf = (context: Context, { facts: pod, node }: PodEntry): readonly AgentPresence[] =>
  node?.facts === undefined ? [] : presencesSeen(context, pod, node, node.facts);

const presencesSeen = (
  { catalogue, handlerOf, scopes }: Context,
  pod: PodFacts,
  node: NodeEntry,
  { virtual }: NodeFacts,
): readonly AgentPresence[] => {
  const { runtimeClass } = pod.shape;
  const handler = runtimeClass === undefined ? undefined : handlerOf(runtimeClass);
  const own = scopes.forPod(node.presences, pod);
  return presencesForPod(own, catalogue.agents, pod, handler, sidecarsOf(catalogue, pod), virtual);
};

/** An agent's own pod is no pod with the agent beside it. */
const sidecarsOf = (catalogue: Context['catalogue'], pod: PodFacts): readonly Sidecar[] =>
  catalogue.isAgentPod(pod) ? noSidecars : catalogue.sidecarsIn(pod.shape);

const timedVerdictOn = (
  context: Context,
  { facts: pod }: PodEntry,
  node: NodeEntry,
  facts: NodeFacts,
  set: NonNullable<PodEntry['set']>,
  now: number,
): TimedVerdict => {
  const { catalogue, handlerOf, interner, scopes, situations } = context;
  const { shape } = pod;
  const handler = shape.runtimeClass === undefined ? undefined : handlerOf(shape.runtimeClass);
  const judge = (): TimedVerdict => verdictOn(interner, presencesSeen(context, pod, node, facts), set, now);
  // A sidecar's readiness is the pod's own; everything else is shared with all pods in the same situation.
  if (sidecarsOf(catalogue, pod).length > 0) return judge();
  const situation = `${set.id} ${handler ?? ''}${scopes.keyOf(node.presences, pod)}`;
  return situations.recall(node.presenceId, situation, now, judge);
};

const noSidecars: readonly Sidecar[] = [];

const count = ({ tally }: Context, pod: PodEntry, by: 1 | -1): void => {
  const { verdict, set, facts } = pod;
  if (verdict === undefined || set === undefined) return;
  countKind(pod, by);
  const bucket = tally.bucket(verdict, set);
  bucket.pods += by;
  for (const { role } of facts.shape.containers) if (role === 'main' || role === 'sidecar') bucket.containers += by;
  if (by < 0) tally.release(bucket);
};
