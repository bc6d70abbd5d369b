// Agents that answer when the operator asks them, for as long as their pods run.
import { follow } from '../agents/follow.ts';
import type { AgentPodLike } from '../agents/from-pods.ts';
import { simulate, type Which } from '../agents/simulate.ts';
import type { Behaviour } from '../agents/simulated-agent.ts';
import type { Cluster } from '../fleet/cluster.ts';
import { falcoInstall, tetragonInstall } from '../fleet/gaps.ts';
import { loadedRules } from './falco-rules.ts';

export interface Answering {
  /** How agents behave from now on; how many heard it. */
  readonly tell: (which: Which, change: Partial<Behaviour>) => number;
  /** What went wrong when pods were last looked at: somebody else has their addresses, say. */
  readonly trouble: () => string | undefined;
  readonly close: () => Promise<void>;
}

/** A pod answers about this long after it has its address. */
const lookEveryMs = 500;

export const answerForAgents = async (cluster: Cluster): Promise<Answering> => {
  // Only on the addresses of this fleet, so that another can stand beside it.
  const simulation = await simulate([], { listen: 'each' });
  const rulesFiles = loadedRules();
  const stop = new AbortController();
  let trouble: string | undefined;
  const agentPods = async (): Promise<readonly AgentPodLike[]> =>
    (
      await Promise.all(
        [falcoInstall, tetragonInstall].map(({ namespace, labelSelector }) =>
          cluster.list<AgentPodLike>('v1', 'Pod', { namespace, labelSelector }),
        ),
      )
    ).flat();
  const following = follow(
    {
      ...simulation,
      add: (agents) =>
        simulation.add(agents.map((agent) => (agent.agent === 'falco' ? { ...agent, rulesFiles } : agent))),
    },
    {
      list: async () => {
        const pods = await agentPods();
        trouble = undefined;
        return pods;
      },
      signal: stop.signal,
      everyMs: lookEveryMs,
      onError: (error) => (trouble = error instanceof Error ? error.message : String(error)),
    },
  );
  return {
    tell: (which, change) => simulation.tell(which, change),
    trouble: () => trouble,
    close: async () => {
      stop.abort();
      await following;
      await simulation.close();
    },
  };
};
