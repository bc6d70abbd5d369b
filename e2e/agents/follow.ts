// Keeps the simulated agents in step with the pods that run: who is new answers, who is gone or has another image answers no more.
import { setTimeout as sleep } from 'node:timers/promises';
import { agentsFromPods, type AgentPodLike } from './from-pods.ts';
import type { SimulatedAgent } from './simulated-agent.ts';
import type { Simulation } from './simulate.ts';

export interface FollowOptions {
  /** The pods of agents, as they are now. */
  readonly list: () => Promise<readonly AgentPodLike[]>;
  readonly signal: AbortSignal;
  /** Looking is cheap for a few hundred pods; thousands want longer. */
  readonly everyMs?: number;
  readonly onChange?: (change: { readonly added: number; readonly removed: number }) => void;
  /** A look that failed; the next one may do better. */
  readonly onError?: (error: unknown) => void;
}

export const follow = async (simulation: Simulation, options: FollowOptions): Promise<void> => {
  const { list, signal, everyMs = 2000, onChange, onError } = options;
  while (!signal.aborted) {
    try {
      const change = await stepTo(simulation, agentsFromPods(await list()));
      if (change.added + change.removed > 0) onChange?.(change);
    } catch (error) {
      onError?.(error);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {});
  }
};

/** Agents that stay keep their numbers and what they were told. */
export const stepTo = async (
  simulation: Simulation,
  wanted: readonly SimulatedAgent[],
): Promise<{ readonly added: number; readonly removed: number }> => {
  const keyOf = ({ ip, agent, version, node }: SimulatedAgent): string => [ip, agent, version, node].join(' ');
  const there = new Map(simulation.agents().map(({ agent }) => [keyOf(agent), agent]));
  const stays = new Set(wanted.map(keyOf));
  let removed = 0;
  for (const [key, { ip, agent }] of there) {
    if (!stays.has(key)) removed += await simulation.remove({ ips: [ip], agent });
  }
  const added = wanted.filter((agent) => !there.has(keyOf(agent)));
  await simulation.add(added);
  return { added: added.length, removed };
};
