// Agents that answer for as long as their pods are there. A Falco pod that is made anew has the rules that the cluster's objects declare at
// that moment, as kubelet and Falco would have it; one that stays has its old ones until it is told to reload.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentsFromPods, type AgentPodLike } from '../../agents/from-pods.ts';
import { simulate } from '../../agents/simulate.ts';
import type { Behaviour, SimulatedAgent } from '../../agents/simulated-agent.ts';
import type { World } from './world.ts';

export interface LivingAgents {
  /** How the agent on a node behaves, also after its pod was made anew. */
  readonly tell: (node: string, change: Partial<Behaviour>) => void;
  /** Falco on these nodes takes what is declared now. */
  readonly reload: (nodes: readonly string[]) => Promise<void>;
  /** Whose agents answer. */
  readonly nodes: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface LivingAgentsOptions {
  /** Of Falco's rules files, name and content as they are declared now. */
  readonly rulesFiles: () => Promise<Readonly<Record<string, string>>>;
  /** On these nodes nobody answers until `tell` says something. */
  readonly mute?: readonly string[];
}

const lookEveryMs = 300;

export const liveAgents = async (
  world: World,
  { rulesFiles, mute: muteAtFirst = [] }: LivingAgentsOptions,
): Promise<LivingAgents> => {
  const simulation = await simulate([], { listen: 'each' });
  const mute = new Set(muteAtFirst);
  const behaviours = new Map<string, Partial<Behaviour>>();
  /** By the UID of its pod. */
  const living = new Map<string, SimulatedAgent>();
  const stop = new AbortController();

  const rulesNow = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(Object.entries(await rulesFiles()).map(([name, content]) => [name, digestOf(content)]));

  const begin = async (uid: string, found: SimulatedAgent): Promise<void> => {
    const behaviour = behaviours.get(found.node ?? '');
    const agent: SimulatedAgent = {
      ...found,
      ...(found.agent === 'falco' ? { rulesFiles: await rulesNow(), startedAt: Date.now() } : {}),
      ...(behaviour === undefined ? {} : { behaviour }),
    };
    living.set(uid, agent);
    await simulation.add([agent]);
  };

  const look = async (): Promise<void> => {
    const pods = await world.cluster.list<AgentPodLike & { readonly metadata: { readonly uid: string } }>('v1', 'Pod');
    const there = new Map(pods.flatMap((pod) => agentsFromPods([pod]).map((agent) => [pod.metadata.uid, agent])));
    for (const [uid, { ip, agent }] of living) {
      if (there.has(uid)) continue;
      living.delete(uid);
      await simulation.remove({ ips: [ip], agent });
    }
    for (const [uid, agent] of there) if (!living.has(uid) && !mute.has(agent.node ?? '')) await begin(uid, agent);
  };

  const looking = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => process.stderr.write(`cannot see the agents' pods: ${String(error)}\n`));
      await delay(lookEveryMs);
    }
  })();

  return {
    tell: (node, change) => {
      behaviours.set(node, { ...behaviours.get(node), ...change });
      mute.delete(node);
      simulation.tell({ nodes: [node] }, change);
    },
    reload: async (nodes) => {
      for (const [uid, agent] of living)
        if (agent.agent === 'falco' && nodes.includes(agent.node ?? '')) await begin(uid, agent);
    },
    nodes: () => [...living.values()].map(({ node }) => node ?? '').toSorted(),
    close: async () => {
      stop.abort();
      await looking;
      await simulation.close();
    },
  };
};

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
