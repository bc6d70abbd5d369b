// Whom to ask: of each scraped agent, its one pod on each node.
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import type { Inventory, NodeEntry } from '../../domain/coverage/inventory.ts';
import type { AgentDefinition, PodFacts } from '../../domain/types.ts';
import { usesCredentials, type ScrapeSettings } from './settings.ts';

export interface Target {
  readonly node: string;
  readonly settings: ScrapeSettings;
  readonly namespace: string;
  readonly pod: string;
  readonly createdAt: number;
  /** Undefined while its pod cannot answer: it is not ready, or has no address. */
  readonly address: string | undefined;
  /** False where credentials would be sent to a pod that nobody vouches for. */
  readonly trusted: boolean;
}

export const targetsOf = (
  inventory: Pick<Inventory, 'nodes'>,
  catalogue: AgentCatalogue,
  scraped: readonly ScrapeSettings[],
): readonly Target[] => {
  const pairs = scraped.flatMap((settings) => {
    const agent = catalogue.agents.find(({ name }) => name === settings.agent);
    return agent === undefined ? [] : [{ agent, settings, vouchers: vouchersOf(agent, settings, catalogue) }];
  });
  const targets: Target[] = [];
  for (const node of inventory.nodes.values()) {
    // No node agent works on a virtual node, whatever its pods say.
    if (node.facts === undefined || node.facts.virtual !== undefined) continue;
    for (const { agent, settings, vouchers } of pairs) {
      const pod = podOf(node, agent, catalogue);
      if (pod === undefined) continue;
      const { namespace, name, createdAt, ready, deleting, address } = pod;
      targets.push({
        node: node.name,
        settings,
        namespace,
        pod: name,
        createdAt,
        address: ready && !deleting ? address : undefined,
        trusted:
          vouchers === undefined || (pod.owner?.kind === 'DaemonSet' && vouchers.has(`${namespace}/${pod.owner.name}`)),
      });
    }
  }
  return targets;
};

/** DaemonSets of the agent in its namespaces; undefined where no credentials are sent, so that nobody needs to vouch. */
const vouchersOf = (
  agent: AgentDefinition,
  settings: ScrapeSettings,
  catalogue: AgentCatalogue,
): ReadonlySet<string> | undefined => {
  if (!usesCredentials(settings)) return undefined;
  // A label alone makes nobody a trusted agent, and neither does a namespace that anyone may choose.
  if (agent.namespaces.length === 0) return new Set();
  return new Set(catalogue.installationsOf(agent).map(({ daemonSet: { namespace, name } }) => `${namespace}/${name}`));
};

/** The pod that its verdict speaks of: a ready one before one that is not, one that stays before one that goes, the newest. */
const podOf = (node: NodeEntry, agent: AgentDefinition, catalogue: AgentCatalogue): PodFacts | undefined => {
  let best: PodFacts | undefined;
  for (const { facts } of node.agentPods) {
    if (facts.node === undefined || catalogue.asPodOf(agent, facts) === undefined) continue;
    if (best === undefined || isBetter(facts, best)) best = facts;
  }
  return best;
};

const isBetter = (a: PodFacts, b: PodFacts): boolean => {
  const order =
    Number(a.ready) - Number(b.ready) ||
    Number(b.deleting) - Number(a.deleting) ||
    a.createdAt - b.createdAt ||
    (a.name < b.name ? 1 : -1);
  return order > 0;
};
