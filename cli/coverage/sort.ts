// The orders in which assets can be listed.
import { criticalityRank, strengthOf } from '../../domain/state.ts';
import { byBadness, compareText, workloadName, type Asset } from './asset.ts';
import { versioned } from './words.ts';

export const sortKeys = ['state', 'name', 'namespace', 'kind', 'reason', 'agent', 'evidence', 'criticality'] as const;
export type SortKey = (typeof sortKeys)[number];

/** What is equal by the key comes as it does by state: the worst first. */
export const sortAssets = (assets: readonly Asset[], key: SortKey): readonly Asset[] => {
  const compare = orders[key];
  return assets.toSorted((a, b) => compare(a, b) || byBadness(a, b));
};

const byText =
  (textOf: (asset: Asset) => string) =>
  (a: Asset, b: Asset): number =>
    compareText(textOf(a), textOf(b));

const orders: Readonly<Record<SortKey, (a: Asset, b: Asset) => number>> = {
  state: byBadness,
  name: byText(({ key }) => key),
  namespace: byText(({ kind, key }) => (kind === 'Node' ? '' : workloadName(key).namespace)),
  kind: byText(({ kind, key }) => (kind === 'Node' ? kind : workloadName(key).kind)),
  // What has none comes last: there is nothing to do about it.
  reason: byText(({ profile }) => profile.reasons[0]?.reason ?? '~'),
  agent: byText(({ profile }) => profile.agents.map(versioned).join(',') || '~'),
  evidence: (a, b) => strengthOf(a.profile.evidence) - strengthOf(b.profile.evidence),
  criticality: (a, b) => rankOf(b) - rankOf(a),
};

const rankOf = ({ profile: { criticality } }: Asset): number =>
  criticality === undefined ? -1 : criticalityRank(criticality);
