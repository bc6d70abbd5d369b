// What a check finds. This is also what -o json and -o yaml print: see docs/check.md.
import type { Reason } from '../../domain/reason.ts';
import type { AdmissionMode, AssetState } from '../../domain/types.ts';
import type { PlacementVerdict } from '../../domain/placement/answer.ts';

/** `Agent`: it belongs to an agent, which never waits for itself. */
export type Verdict = PlacementVerdict | 'Exempt' | 'Agent';

export interface CheckReport {
  readonly apiVersion: 'cli.workloadprotection.dev/v1alpha1';
  readonly kind: 'CheckReport';
  /** `files`, or which cluster. */
  readonly source: string;
  readonly summary: Readonly<
    Record<'workloads' | 'protected' | 'partly' | 'unprotected' | 'unknown' | 'exempt' | 'agents', number>
  >;
  readonly exitCode: number;
  readonly results: readonly CheckResult[];
  /** Kind → how many objects of it were skipped, as they run no pods of their own. */
  readonly skipped: Readonly<Record<string, number>>;
  /** What could not be read. */
  readonly problems: readonly { readonly file?: string; readonly line?: number; readonly message: string }[];
  /** How it was judged, and what was left aside. */
  readonly notes: readonly string[];
}

export interface CheckResult {
  /** Placement: whether the workload runs protected. Reach: whether the agent, by its DaemonSets, is on every node. */
  readonly checks: 'Placement' | 'Reach';
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** As it was given; absent for standard input. */
  readonly file?: string;
  readonly line: number;
  readonly verdict: Verdict;
  /** What the verdict weighs: `Warning` where only some nodes are unprotected and no policy minds. */
  readonly state: AssetState;
  /** Nodes that it may land on; with `hypothetical` none of them exists. */
  readonly nodes: NodeCounts;
  readonly hypothetical: boolean;
  /** Pools that it may land on and how each stands; absent where nodes carry no label of a pool. */
  readonly pools?: readonly PoolResult[];
  /** The WorkloadPolicies that judge it; empty where the baseline does: some recognised agent. */
  readonly policies: readonly PolicyResult[];
  /** What is wrong, the worst first. */
  readonly gaps: readonly CheckGap[];
  /** What annotations that break the glass come to, as the end of a sentence. */
  readonly breakGlass?: string;
}

export interface NodeCounts {
  readonly total: number;
  readonly protected: number;
  readonly unprotected: number;
  readonly unknown: number;
}

export interface PoolResult {
  readonly name: string;
  readonly verdict: Verdict;
  readonly nodes: number;
}

export interface PolicyResult {
  readonly name: string;
  readonly verdict: PlacementVerdict;
  /** What the webhook would do of it in the cluster. */
  readonly admission: AdmissionMode;
  readonly nodes: NodeCounts;
}

export interface CheckGap {
  readonly state: AssetState;
  readonly reason: Reason;
  readonly cause: string;
  readonly remedy: string;
  /** Those that ask for what is missing; empty for the baseline. */
  readonly policies: readonly string[];
  /** How many of the nodes are at fault. */
  readonly nodes: number;
}
