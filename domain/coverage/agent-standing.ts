// How an agent itself stands: its pods, where they are ready, in which versions, and the DaemonSets they come from.
import type { AgentDefinition } from '../types.ts';
import { isOlder } from '../version.ts';
import type { AgentCatalogue } from './agents.ts';
import type { Inventory } from './inventory.ts';
import type { AgentPod, AgentPresence, Installation } from './presence.ts';
import { compareText } from './verdict.ts';

export interface AgentStanding {
  readonly found: number;
  readonly ready: number;
  /** Nodes on which a pod of it is ready. */
  readonly nodes: number;
  /** Nodes on which it works, and those of them from which it has been heard lately. */
  readonly telemetry: { readonly working: number; readonly speaking: number };
  /** The most frequent first; the version is empty where neither the agent nor its image nor a label tells it. */
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
  const heard = new Map<string, { working: number; speaking: number }>();
  for (const { agentPods, presences } of inventory.nodes.values()) {
    for (const presence of presences) listen(heard, presence);
    for (const { facts } of agentPods) {
      for (const agent of catalogue.agents) {
        const pod = catalogue.asPodOf(agent, facts);
        if (pod === undefined) continue;
        const version = facts.ready ? versionSaid(presences, agent) : undefined;
        pods.get(agent)?.push(version === undefined ? pod : { ...pod, version });
      }
    }
  }
  return new Map(
    [...pods].map(([agent, found]) => [
      agent.name,
      {
        ...standing(agent, found, catalogue.installationsOf(agent)),
        telemetry: heard.get(agent.name) ?? { working: 0, speaking: 0 },
      },
    ]),
  );
};

const listen = (into: Map<string, { working: number; speaking: number }>, presence: AgentPresence): void => {
  const { agent, heard } = presence;
  if (heard === undefined) return;
  const counts = into.get(agent) ?? { working: 0, speaking: 0 };
  into.set(agent, counts);
  counts.working++;
  if (heard.hasAnswered && heard.olderThan === 0) counts.speaking++;
};

/** As the agent itself says, where it works; which is what its image tag says where it does not speak. */
const versionSaid = (presences: readonly AgentPresence[], { name }: AgentDefinition): string | undefined =>
  presences.find(({ agent }) => agent === name)?.version;

const standing = (
  agent: AgentDefinition,
  pods: readonly AgentPod[],
  installations: readonly Installation[],
): Omit<AgentStanding, 'telemetry'> => {
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
