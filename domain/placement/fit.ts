// Whether a pod may land on a node, by the scheduler's own filters that depend on the two alone: node name, node selector and
// affinity, taints, cordon, extended resources, operating system. Capacity, volumes and topology are left aside.
import { expressionHolds } from '../selector.ts';
import type { Labels, NodeExpression, NodeFacts, NodeTerm, Scheduling, Taint, Toleration } from '../types.ts';

/** The taint with which a node pool registers nodes until they are protected; it never decides where a pod may land. */
export const startupTaintKey = 'workloadprotection.dev/unprotected';

const unschedulableTaint: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };

/** The first thing that keeps the pod off the node. */
export type Misfit =
  | { readonly kind: 'nodeName'; readonly nodeName: string }
  | { readonly kind: 'operatingSystem'; readonly operatingSystem: string }
  | {
      readonly kind: 'nodeSelector';
      readonly key: string;
      readonly required: string;
      readonly actual: string | undefined;
    }
  | { readonly kind: 'affinity'; readonly failed: readonly FailedTerm[] }
  | { readonly kind: 'taint'; readonly taint: Taint }
  | { readonly kind: 'unschedulable' }
  | { readonly kind: 'extendedResource'; readonly resource: string };

/** A term of the affinity and which of its expressions (by index) do not hold on the node. */
export interface FailedTerm {
  readonly term: NodeTerm;
  readonly index: number;
  readonly failing: readonly number[];
  readonly fieldsHold: boolean;
}

/** What keeps the pod off the node; undefined where it may land there. */
export const misfit = (pod: Scheduling, node: NodeFacts): Misfit | undefined => {
  if (pod.nodeName !== undefined && pod.nodeName !== node.name) return { kind: 'nodeName', nodeName: pod.nodeName };
  if (pod.operatingSystem !== undefined && pod.operatingSystem !== node.operatingSystem) {
    return { kind: 'operatingSystem', operatingSystem: pod.operatingSystem };
  }
  const label = selectorMisfit(pod.nodeSelector, node.labels);
  if (label !== undefined) return label;
  const affinity = affinityMisfit(pod.affinity, node);
  if (affinity !== undefined) return affinity;
  if (pod.nodeName !== undefined) return namedNodeMisfit(pod, node);
  if (node.unschedulable && !toleratesTaint(pod.tolerations, unschedulableTaint)) return { kind: 'unschedulable' };
  const taint = untolerated(pod.tolerations, node.taints)[0];
  if (taint !== undefined) return { kind: 'taint', taint };
  const resource = pod.extendedResources.find((name) => !node.extendedResources.includes(name));
  return resource === undefined ? undefined : { kind: 'extendedResource', resource };
};

/** A pod that names its node passes the scheduler by: only what the kubelet checks still counts, and evicts. */
const namedNodeMisfit = ({ tolerations }: Scheduling, { taints }: NodeFacts): Misfit | undefined => {
  const taint = untolerated(tolerations, taints).find(({ effect }) => effect === 'NoExecute');
  return taint && { kind: 'taint', taint };
};

/** What the DaemonSet controller adds to its pods' tolerations. Source: the DaemonSet documentation of Kubernetes. */
export const daemonSetTolerations = (hostNetwork: boolean): readonly Toleration[] =>
  [
    ['node.kubernetes.io/not-ready', 'NoExecute'],
    ['node.kubernetes.io/unreachable', 'NoExecute'],
    ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
    ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
    ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
    ['node.kubernetes.io/unschedulable', 'NoSchedule'],
    ...(hostNetwork ? [['node.kubernetes.io/network-unavailable', 'NoSchedule']] : []),
  ].map(([key = '', effect = '']) => ({ key, operator: 'Exists', value: '', effect }));

/** Taints that keep the pod away; the startup taint and PreferNoSchedule never do. */
export const untolerated = (tolerations: readonly Toleration[], taints: readonly Taint[]): readonly Taint[] =>
  taints.filter(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' && taint.key !== startupTaintKey && !toleratesTaint(tolerations, taint),
  );

export const toleratesTaint = (tolerations: readonly Toleration[], taint: Taint): boolean =>
  tolerations.some((toleration) => tolerates(toleration, taint));

const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== '' && toleration.key !== taint.key) return false;
  switch (toleration.operator) {
    case 'Exists':
      return true;
    case 'Equal':
      return toleration.key !== '' && toleration.value === taint.value;
    // Numeric comparison of taint and toleration values (alpha since Kubernetes 1.35).
    case 'Lt':
      return isLess(taint.value, toleration.value);
    case 'Gt':
      return isLess(toleration.value, taint.value);
  }
};

const selectorMisfit = (selector: Labels, labels: Labels): Misfit | undefined => {
  for (const key in selector) {
    const required = selector[key];
    if (required !== undefined && labels[key] !== required) {
      return { kind: 'nodeSelector', key, required, actual: labels[key] };
    }
  }
  return undefined;
};

const affinityMisfit = (terms: readonly NodeTerm[] | undefined, node: NodeFacts): Misfit | undefined => {
  if (terms === undefined) return undefined;
  const failed: FailedTerm[] = [];
  for (const [index, term] of terms.entries()) {
    const failing = term.expressions.flatMap((expression, at) => (holdsOn(expression, node.labels) ? [] : [at]));
    const fieldsHold = term.fields.every((expression) => holdsOn(expression, { 'metadata.name': node.name }));
    const isEmpty = term.expressions.length === 0 && term.fields.length === 0;
    if (failing.length === 0 && fieldsHold && !isEmpty) return undefined;
    failed.push({ term, index, failing, fieldsHold });
  }
  return { kind: 'affinity', failed };
};

const holdsOn = ({ key, operator, values }: NodeExpression, labels: Labels): boolean => {
  if (operator === 'Gt') return isLess(values[0], valueOf(labels, key));
  if (operator === 'Lt') return isLess(valueOf(labels, key), values[0]);
  return expressionHolds({ key, operator, values }, labels);
};

const valueOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

/** Never with what is no whole number of 64 bits, which is what the scheduler can read. */
const isLess = (a: string | undefined, b: string | undefined): boolean => {
  const [x, y] = [integer(a), integer(b)];
  return x !== undefined && y !== undefined && x < y;
};

const integer = (text: string | undefined): bigint | undefined => {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  // BigInt knows no plus sign.
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
};
