// Selectors that nothing can match, whatever labels there are.
import type { LabelSelector } from '../../crds/schema/selectors.ts';

/** Which of its requirements exclude each other; undefined where something could match. */
export const emptySelector = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string | undefined => {
  for (const [key, wanted] of Object.entries(requirementsByKey(matchLabels, matchExpressions))) {
    if (wanted.mustBeAbsent && wanted.mustBeThere) return `${key} must be there and must not be`;
    if (wanted.values === undefined) continue;
    const left = [...wanted.values].filter((value) => !wanted.forbidden.has(value));
    if (left.length === 0) return `no value of ${key} is left`;
  }
  return undefined;
};

interface Requirements {
  mustBeThere: boolean;
  mustBeAbsent: boolean;
  /** Undefined: any. */
  values: ReadonlySet<string> | undefined;
  readonly forbidden: Set<string>;
}

const requirementsByKey = (
  matchLabels: Readonly<Record<string, string>>,
  matchExpressions: NonNullable<LabelSelector['matchExpressions']>,
): Readonly<Record<string, Requirements>> => {
  const byKey: Record<string, Requirements> = {};
  const of = (key: string): Requirements =>
    (byKey[key] ??= { mustBeThere: false, mustBeAbsent: false, values: undefined, forbidden: new Set() });
  const only = (key: string, values: readonly string[]): void => {
    const requirements = of(key);
    requirements.mustBeThere = true;
    requirements.values = new Set(values.filter((value) => requirements.values?.has(value) ?? true));
  };
  for (const [key, value] of Object.entries(matchLabels)) only(key, [value]);
  for (const { key, operator, values = [] } of matchExpressions) {
    switch (operator) {
      case 'In':
        only(key, values);
        break;
      case 'NotIn':
        for (const value of values) of(key).forbidden.add(value);
        break;
      case 'Exists':
        of(key).mustBeThere = true;
        break;
      case 'DoesNotExist':
        of(key).mustBeAbsent = true;
        break;
    }
  }
  return byKey;
};
