// What one policy, or the baseline where none selects, asks of the agents of an asset.
import type { AgentRequirement, AttackRequirement, Evidence, Policy, PolicyRequirement } from '../types.ts';
import type { Reason } from '../reason.ts';
import type { AgentPresence } from './presence.ts';
import type { Gap } from './verdict.ts';
import { clip } from './words.ts';

/** Grace where no policy selects the asset, in milliseconds. */
export const defaultGracePeriod = 300_000;

export interface Demand {
  readonly policy: string | undefined;
  readonly agents: readonly AgentRequirement[];
  readonly evidence: Evidence;
  readonly gracePeriod: number;
  readonly policies: readonly PolicyRequirement[];
  readonly mitre: readonly AttackRequirement[];
  readonly telemetryMaxAge: number | undefined;
  readonly maxDropRatio: number | undefined;
}

export const baseline: Demand = {
  policy: undefined,
  agents: [],
  evidence: 'Running',
  gracePeriod: defaultGracePeriod,
  policies: [],
  mitre: [],
  telemetryMaxAge: undefined,
  maxDropRatio: undefined,
};

export const demandOf = ({ name, require, gracePeriod }: Policy): Demand => ({ ...require, policy: name, gracePeriod });

/** Whether only the agent itself can say that the demand is met. */
export const asksForWords = ({ evidence, policies, mitre }: Demand): boolean =>
  evidence === 'Reporting' || evidence === 'Loaded' || policies.length + mitre.length > 0;

/** Who asks, at the beginning of a sentence. */
export const demander = ({ policy }: Demand): string => (policy === undefined ? '' : `WorkloadPolicy ${policy}`);

export const gapOf = (
  { policy }: Demand,
  agent: string | undefined,
  reason: Reason,
  cause: string,
  remedy: string,
): Gap => ({
  reason,
  cause: clip(cause),
  remedy: clip(remedy),
  agent,
  policies: policy === undefined ? [] : [policy],
});

export const graceEnd = ({ expectedSince }: Pick<AgentPresence, 'expectedSince'>, gracePeriod: number): number =>
  expectedSince === undefined ? Number.NEGATIVE_INFINITY : expectedSince + gracePeriod;
