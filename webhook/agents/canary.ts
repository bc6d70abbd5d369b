// A canary that comes too seldom: one event would prove delivery for longer than the silence lasts that a policy asks for.
import { slowCanaries } from '../../domain/findings/canary.ts';
import type { AgentDefinition, Policy } from '../../domain/types.ts';

export const warnOfSlowCanaries = (
  agents: readonly AgentDefinition[],
  policies: readonly Pick<Policy, 'name' | 'posture'>[],
): readonly string[] =>
  slowCanaries(agents, policies).map(
    ({ agent, policy, behaviour }) =>
      `three times spec.canary.interval of ProtectionAgent ${agent} is longer than the quietPeriod of ${behaviour} in WorkloadPolicy ${policy}, so that one event would prove delivery for all of it`,
  );
