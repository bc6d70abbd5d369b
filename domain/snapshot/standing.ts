// How each asset of a report stands, read from its slices: the live ones, the frozen ones, or those in a file.
import type { Tally } from '../coverage/tally.ts';

export interface StandingReason {
  readonly reason: string;
  readonly cause: string;
  readonly remedy: string;
}

export interface Standing {
  /** A state of the API, `NotRunning` among them; that of a later version is taken as it is. */
  readonly state: string;
  /** Worst first. */
  readonly reasons: readonly StandingReason[];
  readonly agents: readonly { readonly name: string; readonly version?: string | undefined }[];
}

export interface Standings {
  readonly nodes: ReadonlyMap<string, Standing>;
  readonly workloads: ReadonlyMap<string, Standing>;
}

/** What is read of a slice. */
export interface AssetSlice {
  readonly spec: { readonly assets: 'Nodes' | 'Workloads' };
  readonly profiles: readonly {
    readonly state: string;
    readonly reasons: readonly StandingReason[];
    readonly agents: Standing['agents'];
    readonly names: readonly string[];
  }[];
}

/** Assets of one profile share one standing. */
export const standingsIn = (slices: Iterable<AssetSlice>): Standings => {
  const [nodes, workloads] = [new Map<string, Standing>(), new Map<string, Standing>()];
  for (const { spec, profiles } of slices) {
    const into = spec.assets === 'Nodes' ? nodes : workloads;
    for (const { state, reasons, agents, names } of profiles) {
      const standing: Standing = { state, reasons, agents };
      for (const name of names) into.set(name, standing);
    }
  }
  return { nodes, workloads };
};

const notRunning: Standing = { state: 'NotRunning', reasons: [], agents: [] };

/** The same of what the model says now. */
export const standingsOf = (tally: Tally): Standings => {
  const [nodes, workloads] = [new Map<string, Standing>(), new Map<string, Standing>()];
  for (const bucket of tally.buckets()) {
    const { state, gaps, agents } = bucket.verdict;
    const standing: Standing = { state, reasons: gaps, agents };
    for (const { name } of bucket.nodes) nodes.set(name, standing);
    for (const { key } of bucket.workloads) workloads.set(key, standing);
  }
  for (const { key } of tally.notRunning) workloads.set(key, notRunning);
  return { nodes, workloads };
};
