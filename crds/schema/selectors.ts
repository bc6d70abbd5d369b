/** Label selectors with exactly the fields and meaning of Kubernetes' own, and the selector of assets that is made of three of them. */
import type { z } from 'zod';
import { atomicList, group, mapOf, oneOf, sourceOf, text, withRules, type Immutable } from './fields.ts';

const labelKeyPattern = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const keyMustBe = 'a label key must look like "app" or "example.com/team"';
const valueMustBe = 'a label value must be at most 63 letters, digits, "-", "_" and ".", such as "payments"';

const labelValue = () =>
  text('A label value.', { max: 63, pattern: labelValuePattern, mustBe: valueMustBe, frequent: true });

const expression = withRules(
  group('One requirement on one label.', {
    key: text('The label that the requirement is about.', {
      max: 317,
      min: 1,
      pattern: labelKeyPattern,
      mustBe: keyMustBe,
      frequent: true,
    }),
    operator: oneOf('How the label relates to the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: atomicList(
      'The values for In and NotIn; left out for Exists and DoesNotExist.',
      labelValue(),
      64,
    ).optional(),
  }),
  {
    rule: `self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0`,
    message: 'values must hold at least one value for the operators In and NotIn, and none for Exists and DoesNotExist',
    holds: ({ operator, values }) => ['In', 'NotIn'].includes(operator) === (values ?? []).length > 0,
  },
);

/** A map of a label selector may hold 64 labels: more would be a mistake, and a bound is what makes its rules cheap. */
export function labelSelector(description: string) {
  return group(description, {
    matchLabels: withRules(mapOf('Labels that must all have exactly these values.', labelValue(), 64), {
      rule: `self.all(key, key.size() <= 317 && key.matches(r'${sourceOf(labelKeyPattern)}'))`,
      message: `matchLabels: ${keyMustBe}`,
      holds: (labels) => Object.keys(labels).every((key) => key.length <= 317 && labelKeyPattern.test(key)),
    }).optional(),
    matchExpressions: atomicList('Requirements that must all hold, besides matchLabels.', expression, 16).optional(),
  }).meta({ 'x-kubernetes-map-type': 'atomic' });
}

/** Nodes, pods and workloads by three selectors that must all match. */
export function assetSelector(description: string) {
  return group(description, {
    namespaceSelector: labelSelector('Labels of the namespace. Left out, every namespace matches.').optional(),
    podSelector: labelSelector('Labels of the pod. Left out, every pod matches.').optional(),
    nodeSelector: labelSelector(
      'Labels of the node, or of the node on which the pod runs. Left out, every node matches.',
    ).optional(),
  });
}

export type LabelSelector = Immutable<z.infer<ReturnType<typeof labelSelector>>>;
export type AssetSelector = Immutable<z.infer<ReturnType<typeof assetSelector>>>;
