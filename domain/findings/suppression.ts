// Agents that tell of the same behaviour only once in a while. Until then their silence is their own, and not the workload's.
import type { AgentDefinition, Policy } from '../types.ts';
import { nodeStandings } from './node-standing.ts';

const hour = 3_600_000;

/** By the type of the agent: Datadog's rules keep what they have told for an hour, Kubescape's cool down for as long. */
const windows: ReadonlyMap<string, number> = new Map([
  ['Datadog', hour],
  ['Kubescape', hour],
]);

export interface ShortSilence {
  /** Of the policy's posture. */
  readonly index: number;
  readonly agent: string;
  readonly window: number;
}

/** What a policy takes for silence although one of the agents may only not have said it again. */
export const shortSilences = (
  agents: readonly Pick<AgentDefinition, 'name' | 'type'>[],
  { posture }: Pick<Policy, 'posture'>,
): readonly ShortSilence[] =>
  posture.flatMap(({ behaviour, quietPeriod }, index) =>
    // What a node says of itself no agent keeps to itself.
    nodeStandings.includes(behaviour)
      ? []
      : agents.flatMap(({ name, type }) => {
          const window = windows.get(type) ?? 0;
          return quietPeriod <= window ? [{ index, agent: name, window }] : [];
        }),
  );
