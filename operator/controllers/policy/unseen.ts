// What a policy waits for and nobody in this cluster can see: by the agents that are installed, what they have loaded, and what they have
// told already.
import { object, text, texts } from '../../../facts/read.ts';
import { mayStillTell, unseenBehaviours, type InstalledAgent, type Unseen } from '../../../agents/sight.ts';
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { Ruleset } from '../../../domain/telemetry/ruleset.ts';
import type { AgentDefinition, Policy } from '../../../domain/types.ts';
import type { Aspect } from '../../status.ts';
import type { RawObject } from '../../watches.ts';

export interface UnseenOptions {
  readonly installed: () => { readonly agents: InstalledAgents };
  readonly findings: () => Iterable<RawObject>;
  readonly asksKubelets: boolean;
}

export type InstalledAgents = readonly InstalledAgent[] | undefined;

export const createUnseen =
  ({ installed, findings, asksKubelets }: UnseenOptions) =>
  ({ posture, selector }: Policy): readonly Unseen[] => {
    if (posture.length === 0) return [];
    const { agents } = installed();
    const unseen = unseenBehaviours({ posture, selector, agents, asksKubelets });
    if (unseen.length === 0 || agents === undefined) return unseen;
    // A rule under any name, such as one of the user's own, has shown that it sees it.
    const told = new Set<string>();
    const waitedFor = new Set(unseen.map(({ behaviour }) => behaviour));
    // Thousands of findings may have been told by the same rules.
    const asked = new Set<string>();
    for (const finding of findings()) {
      const status = object(object(finding).status);
      const behaviour = text(status.behaviour);
      // What is left of a finding tells of what was.
      if (!waitedFor.has(behaviour) || told.has(behaviour) || status.tombstone !== undefined) continue;
      const [names, rules] = [texts(status.agents), texts(status.rules)];
      const question = JSON.stringify([behaviour, names, rules]);
      if (asked.has(question)) continue;
      asked.add(question);
      if (agents.some((agent) => names.includes(agent.name) && mayStillTell(agent, rules))) told.add(behaviour);
    }
    return unseen.filter(({ behaviour }) => !told.has(behaviour));
  };

/** Undefined as long as there are no nodes: nothing runs there that could tell, and nothing that could behave. */
export const installedAgents = (model: Pick<CoverageModel, 'inventory' | 'agents' | 'catalogue'>): InstalledAgents => {
  const { nodes } = model.inventory;
  if (nodes.size === 0) return undefined;
  const loaded = new Map<string, Set<Ruleset | undefined>>();
  for (const { presences } of nodes.values()) {
    for (const { agent, evidence, ruleset } of presences) {
      if (evidence === undefined) continue;
      const rulesets = loaded.get(agent) ?? new Set();
      loaded.set(agent, rulesets.add(ruleset));
    }
  }
  return model.agents().flatMap((agent) => {
    const rulesets = loaded.get(agent.name);
    const { name, type } = agent;
    if (rulesets !== undefined) return [{ name, type, rulesets: [...rulesets] }];
    return isExpected(model, agent) ? [{ name, type, rulesets: [undefined] }] : [];
  });
};

/** Its pods are yet to come, or it is in those of others. */
const isExpected = (
  { inventory, catalogue }: Pick<CoverageModel, 'inventory' | 'catalogue'>,
  agent: AgentDefinition,
) => {
  const { installationsOf, sidecarsIn } = catalogue();
  if (installationsOf(agent).length > 0) return true;
  if (agent.sidecar === undefined) return false;
  for (const { facts } of inventory.eachPod()) {
    if (sidecarsIn(facts.shape).some((sidecar) => sidecar.agent.name === agent.name)) return true;
  }
  return false;
};

/** Only where there is something that nobody sees. */
export const unseenAspects = (unseen: readonly Unseen[]): readonly Aspect[] => {
  if (unseen.length === 0) return [];
  const message = `Nobody here can see ${unseen.length === 1 ? 'one behaviour' : `${unseen.length} behaviours`} of spec.posture, so that there will be no finding of it. ${unseen.map(({ behaviour, why }) => `${behaviour}: ${why}.`).join(' ')}`;
  return [{ type: 'BehavioursVisible', status: 'False', reason: 'NobodySees', message }];
};
