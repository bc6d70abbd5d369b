// Label selectors out of objects that no schema of ours has seen.
import type { PodScope } from '../domain/telemetry/types.ts';
import type { LabelExpression, LabelSelector } from '../domain/types.ts';
import { isObject, list, object, text, textMap, texts } from './read.ts';

/** Undefined where none is given, or an empty one: either selects everything. */
export const readLabelSelector = (value: unknown): LabelSelector | undefined => {
  if (!isObject(value)) return undefined;
  const matchLabels = textMap(value.matchLabels);
  const matchExpressions = list(value.matchExpressions).map(readExpression);
  return Object.keys(matchLabels).length + matchExpressions.length === 0
    ? undefined
    : { matchLabels, matchExpressions };
};

const operators: readonly LabelExpression['operator'][] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** An operator that is none of Kubernetes' selects nothing, so that nobody is said to be covered who may not be. */
const readExpression = (value: unknown): LabelExpression => {
  const { key, operator, values } = object(value);
  const known = operators.find((candidate) => candidate === operator);
  return known === undefined
    ? { key: text(key), operator: 'In', values: [] }
    : { key: text(key), operator: known, values: texts(values) };
};

/** For what watches hosts alone: no namespace is among none. */
export const noPods: PodScope = {
  namespaceSelector: {
    matchLabels: {},
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [] }],
  },
};

/** Namespaces by their names, as the label says that every namespace has. */
export const namespacesNamed = (operator: 'In' | 'NotIn', names: readonly string[]): LabelSelector => ({
  matchLabels: {},
  matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator, values: names }],
});
