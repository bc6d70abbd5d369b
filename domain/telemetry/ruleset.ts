// What one agent has loaded on a node, as far as it can be told: what it says, what is declared, and how the two agree.
import type { AttackCounts } from '../attack/types.ts';
import type { ObjectReference, PodScope, PolicySource, PolicyType, RuleFacts } from './types.ts';

/**
 * Missing: declared, and the agent's complete list does not hold it. Outdated: loaded in an older version than declared. Drifted:
 * loaded with another content. Declared: an object says so, and the agent neither confirms nor denies it.
 */
export const rulesetStatuses = [
  'Loaded',
  'Declared',
  'PartiallyLoaded',
  'Filtered',
  'Disabled',
  'Outdated',
  'Drifted',
  'Missing',
  'Failed',
] as const;
export type RulesetStatus = (typeof rulesetStatuses)[number];

export interface RulesetPolicy {
  readonly name: string;
  readonly agent: string;
  readonly status: RulesetStatus;
  /** As it is loaded, or, where nothing is, as it is declared. */
  readonly version: string | undefined;
  readonly digest: string | undefined;
  readonly source: PolicySource | undefined;
  readonly type: PolicyType | undefined;
  readonly declaredBy: ObjectReference | undefined;
  /** What makes the status so, where there is more to say. */
  readonly message: string | undefined;
  /** What mends it, where the object that declares it says so. */
  readonly remedy: string | undefined;
  /** Undefined where nobody knows what is in it. */
  readonly rules: readonly RuleFacts[] | undefined;
  /** Names of rules that are declared, and not in what is loaded. */
  readonly missing: readonly string[];
  /** Undefined for all pods on the node. */
  readonly pods: PodScope | undefined;
}

export interface Ruleset {
  /** The same for the same content, in every process. */
  readonly id: string;
  readonly agent: string;
  /** By name. */
  readonly policies: readonly RulesetPolicy[];
  /** Policies of the node that do not select the pod of which this is a view. */
  readonly notForPod: readonly RulesetPolicy[];
  /** Complete: what is not in `policies` is not loaded. None: the agent has not said what it has loaded. */
  readonly proof: 'Complete' | 'Partial' | 'None';
  /** Loaded rules by tactic and technique. */
  readonly counts: AttackCounts;
}

/** Whether rules of the policy are at work, though perhaps not all and perhaps not the newest. */
export const isInForce = ({ status }: Pick<RulesetPolicy, 'status'>): boolean =>
  status === 'Loaded' || status === 'PartiallyLoaded' || status === 'Outdated' || status === 'Drifted';
