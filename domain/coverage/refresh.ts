// What an evaluation needs anew before it looks at single assets, because agents, DaemonSets, policies, Services or the hour
// changed; and which assets that touches.
import { createPolicyResolver } from '../policy/resolve.ts';
import { createAgentCatalogue } from './agents.ts';
import type { Context } from './context.ts';
import { exposureOf } from './exposure.ts';
import { stepsOf } from './heard.ts';
import { defaultGracePeriod } from './demand.ts';
import { createPodScopes } from './pod-scopes.ts';
import { createRulesets } from './rulesets.ts';
import { createSituations } from './situations.ts';
import type { Sources } from './sources.ts';
import { createVerdictInterner } from './verdict.ts';

/** Verdicts remembered before all are judged anew, so that a fleet that churns for months does not fill the memory. */
const maximumVerdicts = 20_000;

/** Situations, likewise: every node that comes has one of its own while its grace period runs. */
const maximumSituations = 50_000;

/** Rulesets, likewise, beyond twice those that agents tell at present: old verdicts hold on to those that are gone. */
const maximumRulesets = 500;

/** When the last evaluation was, and when time alone would have changed it. */
export interface Schedule {
  readonly last: number;
  readonly nextAt: number;
}

export const refresh = (context: Context, sources: Sources, { last, nextAt }: Schedule, now: number): void => {
  const { inventory, dirty } = context;
  const { stale } = sources;
  if (stale.declarations) {
    context.rulesets.forget();
    context.scopes = createPodScopes(sources.declarations, context.namespaceLabels);
    for (const node of inventory.nodes.values()) dirty.nodes.add(node);
  }
  // Which pods an agent leaves out is no matter of their nodes.
  if (stale.exclusions) for (const pod of inventory.eachPod()) dirty.pods.add(pod);
  const isFull =
    context.interner.size() > maximumVerdicts ||
    context.situations.size() > maximumSituations ||
    context.rulesets.made() > maximumRulesets + 2 * context.telemetry.size();
  // A clock that was set back makes grace periods and exemptions hold again.
  const isOutdated = stale.policies || now >= context.resolver.validUntil || now < last;
  if (isOutdated) {
    context.resolver = createPolicyResolver(sources.policies, now);
    context.steps = stepsOf(sources.policies.map(({ require }) => require));
    context.maximumGrace = Math.max(defaultGracePeriod, ...sources.policies.map(({ gracePeriod }) => gracePeriod));
  }
  if (isFull) {
    context.interner = createVerdictInterner();
    context.rulesets = createRulesets(sources.declarations);
  }
  if (isOutdated || isFull || stale.agents) {
    context.situations = createSituations();
    dirty.everything();
  }
  if (stale.agents || stale.daemonSets) {
    context.catalogue = createAgentCatalogue(sources.agents, sources.daemonSets.values());
    for (const node of inventory.nodes.values()) dirty.nodes.add(node);
  }
  if (stale.agents) findAgentPods(context);
  if (dirty.exposedNamespaces.size > 0) {
    context.exposure = exposureOf(sources.exposures.values());
    for (const workload of inventory.workloads.values()) {
      if (dirty.exposedNamespaces.has(workload.namespace)) dirty.workloads.add(workload);
    }
    dirty.exposedNamespaces.clear();
  }
  Object.assign(stale, { agents: false, daemonSets: false, policies: false, declarations: false, exclusions: false });
  if (now < nextAt) return;
  for (const node of inventory.nodes.values()) {
    // Its pods follow where it stands otherwise.
    if (node.heardUntil <= now) dirty.nodes.add(node);
    if (node.validUntil > now) continue;
    dirty.nodes.add(node);
    dirty.podsOf(node);
  }
};

const findAgentPods = ({ inventory, catalogue }: Context): void => {
  for (const pod of inventory.eachPod()) {
    if (catalogue.isAgentPod(pod.facts)) pod.node?.agentPods.add(pod);
    else pod.node?.agentPods.delete(pod);
  }
};
