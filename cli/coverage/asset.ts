// The assets behind a report, out of its slices.
import type { CoverageProfile, CoverageRuleset, CoverageSlice } from '../../crds/schema/coverage-slice.ts';
import { badnessOf } from '../../domain/state.ts';
import type { CoverageSource, SliceAssets } from './source.ts';

/** Assets of one profile share it: fifteen thousand of them are a few dozen profiles and their names. */
export interface Asset {
  readonly kind: 'Node' | 'Workload';
  /** Of a node its name, of a workload NAMESPACE/KIND/NAME. */
  readonly key: string;
  readonly profile: CoverageProfile;
  readonly ruleset: CoverageRuleset | undefined;
}

export interface WorkloadName {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

export const readAssets = async (
  source: Pick<CoverageSource, 'slices'>,
  assets: SliceAssets | undefined,
  isWanted: (asset: Asset) => boolean = () => true,
): Promise<readonly Asset[]> => {
  const found: Asset[] = [];
  await source.slices(assets, (slice) => {
    for (const asset of assetsIn(slice)) if (isWanted(asset)) found.push(asset);
  });
  return found;
};

export function* assetsIn({ spec, profiles, rulesets }: CoverageSlice): Generator<Asset> {
  const kind = spec.assets === 'Nodes' ? 'Node' : 'Workload';
  const known = new Map(rulesets.map((ruleset) => [ruleset.id, ruleset]));
  for (const profile of profiles) {
    const ruleset = known.get(profile.ruleset ?? '');
    for (const key of profile.names) yield { kind, key, profile, ruleset };
  }
}

/** A name may hold slashes, a namespace and a kind do not. */
export const workloadName = (key: string): WorkloadName => {
  const [namespace = '', kind = '', ...name] = key.split('/');
  return { namespace, kind, name: name.join('/') };
};

/** `node/NAME`, `workload/NAMESPACE/KIND/NAME`: as gaps name their examples. */
export const identityOf = ({ kind, key }: Asset): string => `${kind.toLowerCase()}/${key}`;

/** The worst first, what counts for nothing last, and by name within. */
export const byBadness = (a: Asset, b: Asset): number =>
  rankOf(b) - rankOf(a) || compareText(a.kind, b.kind) || compareText(a.key, b.key);

export const rankOf = ({ profile: { state } }: Asset): number => {
  if (state === 'NotRunning') return -2;
  return state === 'Exempt' ? -1 : badnessOf(state);
};

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
