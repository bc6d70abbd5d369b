// For how long something that arrived from a node proves that more would; and a canary that comes too seldom for the silence asked for.
import type { AgentDefinition, Policy } from '../types.ts';

/** One that comes late, or is lost, is no sign yet. */
const canariesMissed = 3;

type Singing = Pick<AgentDefinition, 'name' | 'telemetry' | 'canary'>;

export const provesForMs = ({ telemetry, canary = 0 }: Pick<Singing, 'telemetry' | 'canary'>): number =>
  Math.max(telemetry.staleAfter, canariesMissed * canary);

/** What comes as often as this is worth waiting for, before a finding is resolved. */
const worthWaitingMs = 30_000;

/** Whether something arrives so often that one more arrival can be waited for; of what posts three intervals make it stale. */
export const arrivesOften = ({ telemetry, canary }: Pick<Singing, 'telemetry' | 'canary'>): boolean =>
  (canary ?? Number.POSITIVE_INFINITY) <= worthWaitingMs ||
  (telemetry.mode === 'Push' && telemetry.staleAfter <= 3 * worthWaitingMs);

export interface SlowCanary {
  readonly agent: string;
  readonly policy: string;
  readonly behaviour: string;
}

/** Where one event would prove delivery for longer than the silence lasts that is to be observed. */
export const slowCanaries = (
  agents: readonly Singing[],
  policies: readonly Pick<Policy, 'name' | 'posture'>[],
): readonly SlowCanary[] =>
  agents.flatMap(({ name: agent, canary = 0 }) =>
    policies.flatMap(({ name: policy, posture }) =>
      posture
        .filter(({ quietPeriod }) => canary * canariesMissed > quietPeriod)
        .map(({ behaviour }) => ({ agent, policy, behaviour })),
    ),
  );
