// The spec of a pod, or of a template of pods → what decides on which nodes it may land.
import type { NodeExpression, NodeTerm, Scheduling, Toleration } from '../domain/types.ts';
import { requestedExtendedResources } from './extended-resources.ts';
import { isObject, list, object, type Raw, text, textMap, textOrNone, texts } from './read.ts';

export const projectScheduling = (podSpec: unknown): Scheduling => {
  const spec = object(podSpec);
  return {
    nodeName: textOrNone(spec.nodeName),
    nodeSelector: textMap(spec.nodeSelector),
    affinity: requiredNodeTerms(spec),
    tolerations: projectTolerations(spec.tolerations),
    extendedResources: requestedExtendedResources(spec),
    runtimeClass: textOrNone(spec.runtimeClassName),
    operatingSystem: textOrNone(object(spec.os).name),
  };
};

/** The alternatives of the required node affinity; undefined where none is required. */
export const requiredNodeTerms = (spec: Raw): readonly NodeTerm[] | undefined => {
  const required = object(object(spec.affinity).nodeAffinity).requiredDuringSchedulingIgnoredDuringExecution;
  if (!isObject(required)) return undefined;
  return list(required.nodeSelectorTerms).map((item) => {
    const term = object(item);
    return {
      expressions: list(term.matchExpressions).map(expressionOf),
      fields: list(term.matchFields).map(expressionOf),
    };
  });
};

export const projectTolerations = (tolerations: unknown): readonly Toleration[] =>
  list(tolerations).map((item) => {
    const toleration = object(item);
    const operator = tolerationOperators.find((known) => known === toleration.operator) ?? 'Equal';
    return {
      key: text(toleration.key),
      operator,
      value: text(toleration.value),
      effect: text(toleration.effect),
    };
  });

const tolerationOperators = ['Equal', 'Exists', 'Lt', 'Gt'] as const;
const nodeOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const;

const expressionOf = (item: unknown): NodeExpression => {
  const expression = object(item);
  const key = text(expression.key);
  const operator = nodeOperators.find((known) => known === expression.operator);
  // An operator of a later Kubernetes: what we cannot evaluate must not widen where the pod seems to fit.
  if (operator === undefined) return { key, operator: 'In', values: [] };
  return { key, operator, values: texts(expression.values) };
};
