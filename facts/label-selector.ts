// Label selectors as our kinds write them → the domain's, in which nothing is left out.
import type { AssetSelector as WrittenAssetSelector, LabelSelector as Written } from '../crds/schema/selectors.ts';
import type { AssetSelector, LabelSelector } from '../domain/types.ts';

/** Undefined stays undefined: whether a selector is given at all may count as evidence. */
export const toLabelSelector = (selector: Written | undefined): LabelSelector | undefined =>
  selector && {
    matchLabels: selector.matchLabels ?? {},
    matchExpressions: (selector.matchExpressions ?? []).map(({ key, operator, values }) => ({
      key,
      operator,
      values: values ?? [],
    })),
  };

export const toAssetSelector = (selector: WrittenAssetSelector): AssetSelector => ({
  namespace: toLabelSelector(selector.namespaceSelector),
  pod: toLabelSelector(selector.podSelector),
  node: toLabelSelector(selector.nodeSelector),
});
