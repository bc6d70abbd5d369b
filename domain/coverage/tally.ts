// Counts of assets by what was said of them, kept as the fleet changes. Assets with the same verdict under the same policies
// are counted together; a verdict's nodes and workloads are kept by reference for examples and slices.
import type { PolicySet } from '../policy/resolve.ts';
import type { Criticality } from '../types.ts';
import type { RememberedMatrix } from './attack-report.ts';
import { addState, noCounts, type SmallCounts } from './counts.ts';
import { showsNode, showsWorkload } from './examples.ts';
import type { NodeEntry, WorkloadEntry } from './inventory.ts';
import type { RememberedLoaded } from './loaded-report.ts';
import { createShelves, type Shelves } from './shelves.ts';
import type { Profiled } from './slices.ts';
import type { Verdict } from './verdict.ts';

/** The assets of one verdict under one set of policies. */
export interface Bucket {
  readonly verdict: Verdict;
  readonly set: PolicySet;
  readonly nodes: ReadonlySet<NodeEntry>;
  readonly workloads: ReadonlySet<WorkloadEntry>;
  pods: number;
  containers: number;
  serverless: number;
  /** What gaps show of nodes and workloads, kept until these change. */
  derived: Derived | undefined;
  /** The verdict as slices tell it; it never changes. */
  profiled: Profiled | undefined;
  /** What each of the verdict's gaps is worth; it never changes. */
  worth: readonly Criticality[] | undefined;
}

export interface Derived {
  /** Bits of `risk.ts`. */
  readonly risk: number;
  /** The first few by name. */
  readonly nodeNames: readonly string[];
  readonly workloadKeys: readonly string[];
}

export interface Tally {
  readonly buckets: () => Iterable<Bucket>;
  readonly notRunning: ReadonlySet<WorkloadEntry>;
  /** All that is counted, by where slices place it. */
  readonly placed: { readonly Nodes: Shelves<NodeEntry>; readonly Workloads: Shelves<WorkloadEntry> };
  /** Workloads by namespace and state. */
  readonly namespaces: ReadonlyMap<string, SmallCounts>;
  /** The bucket of a verdict under a set, made where there is none. */
  readonly bucket: (verdict: Verdict, set: PolicySet) => Bucket;
  /** The ATT&CK matrix of the last report. */
  attack: RememberedMatrix | undefined;
  /** What the last report said of detection policies and rules. */
  loaded: RememberedLoaded | undefined;
  /** Drops the bucket if nothing is left in it. */
  readonly release: (bucket: Bucket) => void;
  /** Counts the node as it stands; nothing is counted where it does not stand at all. */
  readonly addNode: (node: NodeEntry) => void;
  /** Takes it out again, as it was counted: before it stands otherwise. */
  readonly removeNode: (node: NodeEntry) => void;
  readonly addWorkload: (workload: WorkloadEntry) => void;
  readonly removeWorkload: (workload: WorkloadEntry) => void;
}

interface OpenBucket extends Bucket {
  readonly nodes: Set<NodeEntry>;
  readonly workloads: Set<WorkloadEntry>;
}

export const createTally = (): Tally => {
  const known = new Map<Verdict, Map<PolicySet, OpenBucket>>();
  const notRunning = new Set<WorkloadEntry>();
  const namespaces = new Map<string, SmallCounts>();
  const placed = { Nodes: createShelves<NodeEntry>(), Workloads: createShelves<WorkloadEntry>() };

  const bucket = (verdict: Verdict, set: PolicySet): OpenBucket => {
    let bySet = known.get(verdict);
    if (bySet === undefined) known.set(verdict, (bySet = new Map()));
    let found = bySet.get(set);
    if (found === undefined) {
      found = {
        verdict,
        set,
        nodes: new Set(),
        workloads: new Set(),
        pods: 0,
        containers: 0,
        serverless: 0,
        derived: undefined,
        profiled: undefined,
        worth: undefined,
      };
      bySet.set(set, found);
    }
    return found;
  };

  const release = ({ verdict, set, nodes, workloads, pods, serverless }: Bucket): void => {
    if (nodes.size + workloads.size + pods + serverless > 0) return;
    const bySet = known.get(verdict);
    bySet?.delete(set);
    if (bySet?.size === 0) known.delete(verdict);
  };

  const countIn = (namespace: string, count: (counts: SmallCounts) => void): void => {
    const counts = namespaces.get(namespace) ?? noCounts();
    namespaces.set(namespace, counts);
    count(counts);
    if (counts.total === 0) namespaces.delete(namespace);
  };

  return {
    buckets: function* () {
      for (const bySet of known.values()) yield* bySet.values();
    },
    notRunning,
    placed,
    namespaces,
    bucket,
    attack: undefined,
    loaded: undefined,
    release,
    addNode: (node) => {
      if (node.verdict === undefined || node.set === undefined) return;
      const into = bucket(node.verdict, node.set);
      into.nodes.add(node);
      placed.Nodes.add(node);
      if (into.derived !== undefined && showsNode(into.derived, node.name)) into.derived = undefined;
    },
    removeNode: (node) => {
      if (node.verdict === undefined || node.set === undefined) return;
      const from = bucket(node.verdict, node.set);
      from.nodes.delete(node);
      placed.Nodes.remove(node);
      if (from.derived !== undefined && showsNode(from.derived, node.name)) from.derived = undefined;
      release(from);
    },
    addWorkload: (workload) => {
      const { verdict, set, namespace, isServerless } = workload;
      placed.Workloads.add(workload);
      if (verdict === undefined || set === undefined) {
        notRunning.add(workload);
        countIn(namespace, (counts) => countNotRunning(counts, 1));
        return;
      }
      const into = bucket(verdict, set);
      into.workloads.add(workload);
      if (into.derived !== undefined && showsWorkload(into.derived, workload)) into.derived = undefined;
      if (isServerless) into.serverless++;
      countIn(namespace, (counts) => addState(counts, verdict.state, 1));
    },
    removeWorkload: (workload) => {
      const { verdict, set, namespace, isServerless } = workload;
      placed.Workloads.remove(workload);
      if (notRunning.delete(workload)) countIn(namespace, (counts) => countNotRunning(counts, -1));
      if (verdict === undefined || set === undefined) return;
      const from = bucket(verdict, set);
      if (from.workloads.delete(workload)) {
        if (from.derived !== undefined && showsWorkload(from.derived, workload)) from.derived = undefined;
        if (isServerless) from.serverless--;
        countIn(namespace, (counts) => addState(counts, verdict.state, -1));
      }
      release(from);
    },
  };
};

const countNotRunning = (counts: SmallCounts, by: 1 | -1): void => {
  counts.total += by;
  counts.notRunning += by;
};
