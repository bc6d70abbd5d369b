// Which policies select an asset, and from which of them it is exempt. Selectors are evaluated once per distinct set of
// labels, by the identity of the labels object: callers share one object among assets with equal labels.
import { isEverything, matchesLabels } from '../selector.ts';
import type { AssetSelector, BreakGlass, Exemption, Labels, Policy } from '../types.ts';

export interface ActiveExemption extends Omit<Exemption, 'selector'> {
  readonly policy: string;
  /** Whether it stands in the policy, or an annotation on the pod asks for it. */
  readonly source: 'Policy' | 'BreakGlass';
}

/** The policies of one kind of asset. Interned: equal sets of one resolver are the same object. */
export interface PolicySet {
  readonly id: number;
  /** Every policy that selects the asset, by name. */
  readonly selecting: readonly Policy[];
  /** Those of them that judge it: an exemption frees from its own policy only. */
  readonly judging: readonly Policy[];
  readonly exemptions: readonly ActiveExemption[];
  /** Selected, and exempted by every policy that selects it. */
  readonly isExempt: boolean;
}

export interface PolicyResolver {
  readonly forNode: (labels: Labels) => PolicySet;
  readonly forPod: (namespace: Labels, pod: Labels, node: Labels) => PolicySet;
  /** The set of a pod that breaks the glass: the policies that allow it judge the pod no more. */
  readonly withBreakGlass: (set: PolicySet, breakGlass: BreakGlass) => PolicySet;
  /** The set of several assets together, such as a workload's pods. */
  readonly union: (a: PolicySet, b: PolicySet) => PolicySet;
  /** When the next exemption ends and the resolver must be made anew; Infinity if none does. */
  readonly validUntil: number;
}

/** A policy or one of its exemptions: whatever has a selector of its own. */
interface Entry {
  readonly selector: AssetSelector;
  readonly policy: Policy;
  readonly exemption: ActiveExemption | undefined;
}

/** Which entries hold, by index, for one part of the selectors. */
interface Matches {
  readonly id: number;
  readonly indexes: ReadonlySet<number>;
}

export const createPolicyResolver = (policies: readonly Policy[], now: number): PolicyResolver => {
  const entries = policies.flatMap(entriesOf(now));
  const matches = createMatchesInterner();
  const sets = createSetInterner();
  const nodeOnly = new Set(entries.flatMap(({ selector }, index) => (isForNodes(selector) ? [index] : [])));
  const byNodeLabels = new WeakMap<Labels, Matches>();
  const byNamespaceLabels = new WeakMap<Labels, WeakMap<Labels, Matches>>();
  const combined = new Map<number, Map<number, PolicySet>>();
  const nodeSets = new Map<number, PolicySet>();

  const onNode = (labels: Labels): Matches =>
    memo(byNodeLabels, labels, () => matches(entries, ({ selector }) => holds(selector.node, labels)));

  const inNamespace = (namespace: Labels, pod: Labels): Matches =>
    memo(
      memo(byNamespaceLabels, namespace, () => new WeakMap<Labels, Matches>()),
      pod,
      () => matches(entries, ({ selector }) => holds(selector.namespace, namespace) && holds(selector.pod, pod)),
    );

  const forPod = (namespace: Labels, pod: Labels, node: Labels): PolicySet => {
    const [a, b] = [inNamespace(namespace, pod), onNode(node)];
    return memo(
      memo(combined, a.id, () => new Map<number, PolicySet>()),
      b.id,
      () => sets(entries.filter((_, index) => a.indexes.has(index) && b.indexes.has(index))),
    );
  };

  return {
    forNode: (labels) => {
      const { id, indexes } = onNode(labels);
      return memo(nodeSets, id, () => sets(entries.filter((_, index) => nodeOnly.has(index) && indexes.has(index))));
    },
    forPod,
    withBreakGlass: (set, breakGlass) => sets.withBreakGlass(set, breakGlass),
    union: (a, b) => (a === b ? a : sets.union(a, b)),
    validUntil: Math.min(
      ...policies.flatMap(({ exemptions }) => exemptions.map(({ expiresAt }) => expiresAt)).filter((end) => end > now),
    ),
  };
};

/** A node is selected only where nothing is said of namespaces and pods. */
const isForNodes = ({ namespace, pod }: AssetSelector): boolean => isEverything(namespace) && isEverything(pod);

const holds = (selector: AssetSelector['node'], labels: Labels): boolean =>
  selector === undefined || matchesLabels(selector, labels);

const entriesOf =
  (now: number) =>
  (policy: Policy): readonly Entry[] => [
    { selector: policy.selector, policy, exemption: undefined },
    ...policy.exemptions
      .filter(({ expiresAt }) => expiresAt > now)
      .map(({ selector, name, reason, expiresAt }) => ({
        selector,
        policy,
        exemption: { name, reason, expiresAt, policy: policy.name, source: 'Policy' as const },
      })),
  ];

const createMatchesInterner = (): ((entries: readonly Entry[], matches: (entry: Entry) => boolean) => Matches) => {
  const known = new Map<string, Matches>();
  return (entries, matches) => {
    const indexes = entries.flatMap((entry, index) => (matches(entry) ? [index] : []));
    return memo(known, indexes.join(), () => ({ id: known.size, indexes: new Set(indexes) }));
  };
};

interface SetInterner {
  (entries: readonly Entry[]): PolicySet;
  union(a: PolicySet, b: PolicySet): PolicySet;
  withBreakGlass(set: PolicySet, breakGlass: BreakGlass): PolicySet;
}

const createSetInterner = (): SetInterner => {
  const known = new Map<string, PolicySet>();
  const intern = (
    selecting: readonly Policy[],
    unordered: readonly ActiveExemption[],
    judging: readonly Policy[],
  ): PolicySet => {
    // Whatever the order in which policies are listed, equal sets are one.
    const exemptions = unordered.toSorted(byPolicyAndEnd);
    const key = JSON.stringify([
      selecting.map(({ name }) => name),
      judging.map(({ name }) => name),
      exemptions.map(({ policy, name, expiresAt, reason, source }) => [policy, name, expiresAt, reason, source]),
    ]);
    return memo(known, key, () => ({
      id: known.size,
      selecting,
      judging,
      exemptions,
      isExempt: selecting.length > 0 && judging.length === 0,
    }));
  };
  const of = (entries: readonly Entry[]): PolicySet => {
    const selecting = entries.filter(({ exemption }) => exemption === undefined).map(({ policy }) => policy);
    const names = new Set(selecting.map(({ name }) => name));
    const exemptions = entries.flatMap(({ exemption }) =>
      exemption !== undefined && names.has(exemption.policy) ? [exemption] : [],
    );
    const exempted = new Set(exemptions.map(({ policy }) => policy));
    return intern(byName(selecting), exemptions, byName(selecting.filter(({ name }) => !exempted.has(name))));
  };
  const unions = new Map<number, Map<number, PolicySet>>();
  const union = (a: PolicySet, b: PolicySet): PolicySet =>
    memo(
      memo(unions, a.id, () => new Map<number, PolicySet>()),
      b.id,
      () =>
        intern(
          byName([...new Set([...a.selecting, ...b.selecting])]),
          [...new Set([...a.exemptions, ...b.exemptions])],
          byName([...new Set([...a.judging, ...b.judging])]),
        ),
    );
  const withBreakGlass = (set: PolicySet, { reason, until }: BreakGlass): PolicySet => {
    const freed = set.judging.filter(({ admission }) => admission.breakGlass === 'Allowed');
    if (freed.length === 0) return set;
    const exemptions = freed.map(({ name }): ActiveExemption => ({
      policy: name,
      name: '',
      reason,
      expiresAt: until,
      source: 'BreakGlass',
    }));
    return intern(
      set.selecting,
      [...set.exemptions, ...exemptions],
      set.judging.filter((policy) => !freed.includes(policy)),
    );
  };
  return Object.assign(of, { union, withBreakGlass });
};

const byPolicyAndEnd = (a: ActiveExemption, b: ActiveExemption): number =>
  compare(a.policy, b.policy) || compare(a.name, b.name) || a.expiresAt - b.expiresAt || compare(a.reason, b.reason);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byName = (policies: readonly Policy[]): readonly Policy[] => policies.toSorted((a, b) => compare(a.name, b.name));

/** The value under the key, made where there is none yet. */
const memo = <K, V>(
  known: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V => {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
};
