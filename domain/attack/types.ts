// What the functions on ATT&CK take and give. They know no reports: whoever reports puts the matrix into its status.
import type { RuleFacts } from '../telemetry/types.ts';

/** A tactic or technique; a sub-technique belongs to the technique before its dot. */
export interface Tactic {
  readonly id: string;
  readonly name: string;
}

export type Platform = 'Containers' | 'Linux' | 'Cloud';

export interface Technique {
  readonly id: string;
  readonly name: string;
  /** Ids of tactics, in the order of the matrix. */
  readonly tactics: readonly string[];
  readonly platforms: readonly Platform[];
}

/** The rules of one detection policy of one agent, each with its own status. */
export interface PolicyRules {
  readonly agent: string;
  readonly policy: string;
  readonly rules: readonly RuleFacts[];
}

/** What is there on some assets: all policies of all their agents. Assets that share them are best given as one. */
export interface AttackUse {
  readonly policies: readonly PolicyRules[];
  readonly nodes: number;
  readonly workloads: number;
}

/** A part of ATT&CK that must be covered. With techniques, each of them; without, the tactic by any rule. */
export interface AttackRequirement {
  /** Empty where only techniques are named. */
  readonly tactic: string;
  readonly techniques: readonly string[];
  /** Default 1. */
  readonly minimumRules?: number;
}

/** How many loaded rules cover each id; what is not in it is not covered. A sub-technique counts for its parent, too. */
export interface AttackCounts {
  readonly tactics: ReadonlyMap<string, number>;
  readonly techniques: ReadonlyMap<string, number>;
  /** Loaded rules that name no technique. */
  readonly unmapped: number;
}

/** A required technique or tactic without enough rules. */
export interface AttackShortfall {
  readonly id: string;
  /** As people know it; the id again where the table does not hold it. */
  readonly name: string;
  readonly rules: number;
  readonly minimum: number;
}

/** LoadedElsewhere: it covers some assets, and others do not have it. NotLoaded: it is declared or in a catalogue only. */
export const fillerReasons = ['LoadedElsewhere', 'Disabled', 'Filtered', 'Failed', 'NotLoaded'] as const;
export type FillerReason = (typeof fillerReasons)[number];

/** A rule that somebody has, and that would cover more if it were loaded. */
export interface Filler {
  readonly agent: string;
  readonly policy: string;
  readonly rule: string;
  readonly why: FillerReason;
}

export interface AttackTechnique {
  readonly id: string;
  /** Distinct rules that are loaded somewhere and cover it. */
  readonly rules: number;
  /** Assets with at least one of them. All others of the matrix are not covered. */
  readonly nodes: number;
  readonly workloads: number;
  readonly required: boolean;
  /** Distinct rules that would cover it and are switched off, filtered or refused somewhere, and loaded nowhere. */
  readonly disabledRules: number;
  /** Agents with how many of the rules, the most first. */
  readonly agents: readonly { readonly name: string; readonly rules: number }[];
  /** The first few rules by name. */
  readonly examples: readonly { readonly agent: string; readonly policy: string; readonly rule: string }[];
  /** The first few rules that would cover the rest; empty where all assets are covered. */
  readonly fillers: readonly Filler[];
}

export interface AttackTactic extends Tactic {
  /** Distinct loaded rules that serve it: by the tactics that they name, else by those of their techniques. */
  readonly rules: number;
  /** Covered, required, or known to a rule that is not loaded; by id. */
  readonly techniques: readonly AttackTechnique[];
}

/** An id that the table does not hold, where it comes from. */
export interface UnknownAttackId {
  readonly id: string;
  readonly agent: string;
  readonly policy: string;
  readonly rules: number;
}

export interface AttackMatrix {
  /** All tactics, in the order of the matrix. */
  readonly tactics: readonly AttackTactic[];
  /** Assets that were looked at. */
  readonly nodes: number;
  readonly workloads: number;
  /** Distinct loaded rules that name no technique. */
  readonly unmappedRules: number;
  readonly unknown: readonly UnknownAttackId[];
}
