// What a test expects of the product, declared by hand: never computed by the product's own code.
import type { ObjectRef } from './manifest.ts';

export interface Expectation {
  readonly state: 'NoAgent' | 'NoProtection' | 'Failed' | 'Incomplete' | 'Unknown' | 'Warning' | 'Protected';
  /** Undefined where the state is Protected. */
  readonly reason: string | undefined;
  /** Pieces that the cause, and the remedy, must contain: names and numbers, not whole sentences. */
  readonly causeContains: readonly string[];
  readonly remedyContains: readonly string[];
}

export interface ExpectedAssets {
  readonly nodes: readonly string[];
  /** Their pods all run on such nodes, so the verdict is theirs too. */
  readonly workloads: readonly ObjectRef[];
  readonly verdict: Expectation;
}

export const isProtected: Expectation = {
  state: 'Protected',
  reason: undefined,
  causeContains: [],
  remedyContains: [],
};
