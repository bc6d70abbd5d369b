// What the slices of a report say of each asset.
import type { CoverageProfile, CoverageSlice } from '../../../crds/schema/coverage-slice.ts';

export type Verdict = Omit<CoverageProfile, 'names' | 'id'>;

export interface Verdicts {
  /** By name. */
  readonly nodes: ReadonlyMap<string, Verdict>;
  /** By `Kind/namespace/name`. */
  readonly workloads: ReadonlyMap<string, Verdict>;
}

/** Fails where an asset is in two slices, or a slice is missing: the detail would not add up to the report. */
export const verdictsIn = (slices: readonly Pick<CoverageSlice, 'spec' | 'profiles'>[]): Verdicts => {
  const nodes = new Map<string, Verdict>();
  const workloads = new Map<string, Verdict>();
  for (const assets of ['Nodes', 'Workloads'] as const) {
    const parts = slices.filter(({ spec }) => spec.assets === assets);
    const of = parts[0]?.spec.of ?? 0;
    if (parts.length !== of || parts.some(({ spec }) => spec.of !== of)) {
      throw new Error(`${parts.length} slices of ${assets} are there, the first says of ${of}`);
    }
    for (const { names, id: _, ...verdict } of parts.flatMap(({ profiles }) => profiles)) {
      for (const name of names) {
        const [into, key] = assets === 'Nodes' ? [nodes, name] : [workloads, workloadKey(name)];
        if (into.has(key)) throw new Error(`${assets} have ${key} twice`);
        into.set(key, verdict);
      }
    }
  }
  return { nodes, workloads };
};

/** Slices write NAMESPACE/KIND/NAME, the fleet's script thinks of Kind/namespace/name. */
const workloadKey = (name: string): string => {
  const [namespace = '', kind = '', ...rest] = name.split('/');
  return `${kind}/${namespace}/${rest.join('/')}`;
};
