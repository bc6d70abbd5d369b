// How an agent itself stands: its pods, where they are ready, in which versions, and the DaemonSets they come from.
import type { AgentDefinition } from '../types.ts';
import { isOlder } from '../version.ts';
import type { AgentCatalogue } from './agents.ts';
import type { Inventory } from './inventory.ts';
import type { AgentPod, Installation } from './presence.ts';
import { compareText } from './verdict.ts';

export interface AgentStanding {
  readonly found: number;
  readonly ready: number;
  /** Nodes on which a pod of it is ready. */
  readonly nodes: number;
  /** The most frequent first; the version is empty where neither image nor label tells it. */
  readonly versions: readonly { readonly version: string; readonly nodes: number; readonly outdated: boolean }[];
  readonly daemonSets: readonly {
    readonly namespace: string;
    readonly name: string;
    /** Pods that it has made, those that wait for their node included. */
    readonly desired: number;
    readonly ready: number;
  }[];
}

export const standingOfAgents = (
  inventory: Inventory,
  catalogue: AgentCatalogue,
): ReadonlyMap<string, AgentStanding> => {
  const pods = new Map<AgentDefinition, AgentPod[]>(catalogue.agents.map((agent) => [agent, []]));
  for (const { agentPods } of inventory.nodes.values()) {
    for (const { facts } of agentPods) {
      for (const agent of catalogue.agents) {
        const pod = catalogue.asPodOf(agent, facts);
        if (pod !== undefined) pods.get(agent)?.push(pod);
      }
    }
  }
  return new Map(
    [...pods].map(([agent, found]) => [agent.name, standing(agent, found, catalogue.installationsOf(agent))]),
  );
};

const standing = (
  agent: AgentDefinition,
  pods: readonly AgentPod[],
  installations: readonly Installation[],
): AgentStanding => {
  const ready = pods.filter(({ pod }) => pod.ready);
  const nodesByVersion = new Map<string, Set<string>>();
  for (const { pod, version = '' } of ready) {
    const nodes = nodesByVersion.get(version) ?? new Set<string>();
    nodesByVersion.set(version, nodes.add(pod.node ?? ''));
  }
  return {
    found: pods.length,
    ready: ready.length,
    nodes: new Set(ready.map(({ pod }) => pod.node)).size,
    versions: [...nodesByVersion]
      .map(([version, nodes]) => ({
        version,
        nodes: nodes.size,
        outdated: agent.minVersion !== undefined && isOlder(version, agent.minVersion) === true,
      }))
      .toSorted((a, b) => b.nodes - a.nodes || compareText(a.version, b.version)),
    daemonSets: installations.map(({ daemonSet: { namespace, name } }) => {
      const own = pods.filter(({ pod }) => pod.namespace === namespace && pod.owner?.name === name);
      return { namespace, name, desired: own.length, ready: own.filter(({ pod }) => pod.ready).length };
    }),
  };
};
