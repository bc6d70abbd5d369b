// Kubernetes label selectors, as the API server evaluates them.
import type { LabelExpression, Labels, LabelSelector } from './types.ts';

export const matchesLabels = (selector: LabelSelector, labels: Labels): boolean => {
  for (const key in selector.matchLabels) if (labels[key] !== selector.matchLabels[key]) return false;
  return selector.matchExpressions.every((expression) => expressionHolds(expression, labels));
};

export const isEverything = (selector: LabelSelector | undefined): boolean =>
  selector === undefined || (selector.matchExpressions.length === 0 && Object.keys(selector.matchLabels).length === 0);

/** `env=production,tier in (web,api),!legacy`, as kubectl writes selectors. */
export const describeSelector = (selector: LabelSelector): string => {
  const labels = Object.entries(selector.matchLabels).map(([key, value]) => `${key}=${value}`);
  return [...labels, ...selector.matchExpressions.map(describeExpression)].join(',') || 'everything';
};

export const expressionHolds = ({ key, operator, values }: LabelExpression, labels: Labels): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    // A label that is absent is not among the values either.
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
};

const describeExpression = ({ key, operator, values }: LabelExpression): string => {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
};
