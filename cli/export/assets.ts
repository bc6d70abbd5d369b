// The assets of an export, one by one: the worst first.
import type { CoverageProfile } from '../../crds/schema/coverage-slice.ts';
import { assetStates } from '../../crds/schema/vocabulary.ts';
import type { CoverageDocument } from './document.ts';

export interface ExportedAsset {
  readonly kind: 'node' | 'workload';
  /** The name of a node, or NAMESPACE/KIND/NAME. */
  readonly name: string;
  /** Shared by all assets of one verdict. */
  readonly profile: CoverageProfile;
}

export const assetsIn = ({ slices }: Pick<CoverageDocument, 'slices'>): readonly ExportedAsset[] =>
  slices
    .flatMap(({ spec, profiles }) => {
      const kind = spec.assets === 'Nodes' ? ('node' as const) : ('workload' as const);
      return profiles.flatMap((profile) => profile.names.map((name): ExportedAsset => ({ kind, name, profile })));
    })
    .toSorted(
      (a, b) => rank(b) - rank(a) || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) || (a.name < b.name ? -1 : 1),
    );

/** Exempt and not running ones last: nothing is to be done about them. */
const rank = ({ profile: { state } }: ExportedAsset): number => {
  const place = assetStates.indexOf(state);
  return state === 'Exempt' ? -1 : state === 'NotRunning' ? -2 : place;
};
