// The fleet as entries that point at each other: node ↔ pods ↔ workload. It holds facts and what was last said of them; it
// decides nothing.
import { fnv1a } from '../hash.ts';
import type { PolicySet } from '../policy/resolve.ts';
import type { NodeFacts, OwnerFacts, PodFacts } from '../types.ts';
import type { AgentPresence } from './presence.ts';
import type { PodKinds } from './pod-kinds.ts';
import type { Verdict } from './verdict.ts';

export interface NodeEntry {
  readonly name: string;
  /** Of the name: it places the asset in a slice. */
  readonly hash: number;
  /** Undefined while only pods speak of the node. */
  facts: NodeFacts | undefined;
  readonly pods: Set<PodEntry>;
  /** Pods of agents, running here or pinned here by their DaemonSet. */
  readonly agentPods: Set<PodEntry>;
  presences: readonly AgentPresence[];
  presenceId: number;
  /** Agents whose last pod was seen to go, and when. */
  goneAt: Map<string, number> | undefined;
  set: PolicySet | undefined;
  verdict: Verdict | undefined;
  /** When a grace period on this node or its pods ends. */
  validUntil: number;
  /** When the last words of an agent here are older than something asks. */
  heardUntil: number;
}

export interface PodEntry {
  facts: PodFacts;
  node: NodeEntry | undefined;
  workload: WorkloadEntry;
  set: PolicySet | undefined;
  /** Undefined while the pod is no asset: unscheduled, ended, or on a node that is not known. */
  verdict: Verdict | undefined;
}

export interface WorkloadEntry {
  readonly key: string;
  /** Of the key: it places the asset in a slice. */
  readonly hash: number;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** The object itself is known, so that it counts even while nothing of it runs. */
  isDeclared: boolean;
  readonly pods: Set<PodEntry>;
  /** Its pods counted by what tells them apart; undefined where they are few, or must be counted anew. */
  kinds: PodKinds | undefined;
  set: PolicySet | undefined;
  /** Undefined while none of its pods runs. */
  verdict: Verdict | undefined;
  isServerless: boolean;
  /** What makes a gap here worse, as bits of `risk.ts`. */
  risk: number;
}

export interface Inventory {
  readonly nodes: ReadonlyMap<string, NodeEntry>;
  readonly workloads: ReadonlyMap<string, WorkloadEntry>;
  readonly podCount: () => number;
  readonly eachPod: () => Iterable<PodEntry>;
  readonly pod: (namespace: string, name: string) => PodEntry | undefined;
  readonly upsertNode: (facts: NodeFacts) => NodeEntry;
  readonly removeNode: (name: string) => NodeEntry | undefined;
  readonly upsertPod: (facts: PodFacts) => PodEntry;
  readonly removePod: (namespace: string, name: string) => PodEntry | undefined;
  /** Answers the workloads that gained or lost pods, or came or went, with it. */
  readonly upsertOwner: (facts: OwnerFacts) => readonly WorkloadEntry[];
  readonly removeOwner: (kind: string, namespace: string, name: string) => readonly WorkloadEntry[];
  /** Forgets a workload without pods and without object. */
  readonly prune: (workload: WorkloadEntry) => boolean;
}

/** `namespace/Kind/name`, as reports name workloads. */
export const workloadKey = (namespace: string, kind: string, name: string): string => `${namespace}/${kind}/${name}`;

export const createInventory = (): Inventory => {
  const nodes = new Map<string, NodeEntry>();
  const workloads = new Map<string, WorkloadEntry>();
  const pods = new Map<string, Map<string, PodEntry>>();
  /** Owner's key → that of its own owner: no more of them is kept, since there are ten old ReplicaSets to a Deployment. */
  const above = new Map<string, string>();
  /** Owner's key → keys of the owners right below it, nearly always one. */
  const below = new Map<string, string[]>();
  let count = 0;

  const nodeEntry = (name: string): NodeEntry => {
    const found = nodes.get(name);
    if (found !== undefined) return found;
    const created: NodeEntry = {
      name,
      hash: fnv1a(name),
      facts: undefined,
      pods: new Set(),
      agentPods: new Set(),
      presences: [],
      presenceId: -1,
      goneAt: undefined,
      set: undefined,
      verdict: undefined,
      validUntil: Number.POSITIVE_INFINITY,
      heardUntil: Number.POSITIVE_INFINITY,
    };
    nodes.set(name, created);
    return created;
  };

  const workloadEntry = (key: string): WorkloadEntry => {
    const found = workloads.get(key);
    if (found !== undefined) return found;
    const created: WorkloadEntry = {
      key,
      hash: fnv1a(key),
      ...partsOf(key),
      isDeclared: false,
      pods: new Set(),
      kinds: undefined,
      set: undefined,
      verdict: undefined,
      isServerless: false,
      risk: 0,
    };
    workloads.set(key, created);
    return created;
  };

  /** Up the chain of owners until one that we do not watch or that nobody owns. */
  const topOf = (key: string): string => {
    let top = key;
    // A chain is three long at most in practice; the bound guards against owners that own each other.
    for (let depth = 0; depth < 8; depth++) {
      const next = above.get(top);
      if (next === undefined) return top;
      top = next;
    }
    return top;
  };

  const workloadOf = ({ namespace, name, owner }: PodFacts): WorkloadEntry =>
    // A static pod is owned by its node, which is no workload: it stands for itself.
    owner === undefined || owner.kind === 'Node'
      ? workloadEntry(workloadKey(namespace, 'Pod', name))
      : workloadEntry(topOf(workloadKey(namespace, owner.kind, owner.name)));

  const ownerKeyOf = ({ namespace, owner }: PodFacts): string | undefined =>
    owner === undefined ? undefined : workloadKey(namespace, owner.kind, owner.name);

  const link = (pod: PodEntry): void => {
    pod.node?.pods.add(pod);
    pod.workload.pods.add(pod);
  };

  const unlink = (pod: PodEntry): void => {
    pod.node?.pods.delete(pod);
    pod.node?.agentPods.delete(pod);
    pod.workload.pods.delete(pod);
  };

  /** A node that is not known lives only as long as pods speak of it. */
  const dropIfEmpty = (node: NodeEntry | undefined): void => {
    if (node?.facts === undefined && node?.pods.size === 0) nodes.delete(node.name);
  };

  const placeOf = ({ node, pinnedNode }: PodFacts): NodeEntry | undefined => {
    const name = node ?? pinnedNode;
    return name === undefined ? undefined : nodeEntry(name);
  };

  /** Pods below an owner may belong to another workload now. */
  const rehome = (pods: readonly PodEntry[]): readonly WorkloadEntry[] => {
    const touched = new Set<WorkloadEntry>();
    for (const pod of pods) {
      const workload = workloadOf(pod.facts);
      if (workload === pod.workload) continue;
      touched.add(pod.workload).add(workload);
      pod.workload.pods.delete(pod);
      pod.workload.kinds = undefined;
      pod.workload = workload;
      workload.pods.add(pod);
      workload.kinds = undefined;
    }
    return [...touched];
  };

  /**
   * Looked for where they stand, at the tops of their owners: an index of pods by owner would be five megabytes that a change of owner
   * needs and nothing else. Owners can be made to own each other, so each is visited once.
   */
  const podsBelow = (key: string): readonly PodEntry[] => {
    const keys = new Set([key]);
    for (const each of keys) for (const lower of below.get(each) ?? []) keys.add(lower);
    const tops = new Set(Array.from(keys, (each) => workloads.get(topOf(each))));
    return [...tops].flatMap((top) => [...(top?.pods ?? [])].filter(({ facts }) => keys.has(ownerKeyOf(facts) ?? '')));
  };

  const setOwner = (key: string, parent: string | undefined): readonly WorkloadEntry[] => {
    const before = above.get(key);
    const pods = before === parent ? [] : podsBelow(key);
    if (parent === undefined) above.delete(key);
    else above.set(key, parent);
    if (before === parent) return [];
    if (before !== undefined) removeFrom(below, before, key);
    if (parent !== undefined) addTo(below, parent, key);
    return rehome(pods);
  };

  const declare = (
    { kind, namespace, name }: Pick<OwnerFacts, 'kind' | 'namespace' | 'name'>,
    isDeclared: boolean,
  ): readonly WorkloadEntry[] => {
    const entry = workloads.get(workloadKey(namespace, kind, name));
    if (entry === undefined || entry.isDeclared === isDeclared) return [];
    entry.isDeclared = isDeclared;
    return [entry];
  };

  return {
    nodes,
    workloads,
    podCount: () => count,
    eachPod: function* () {
      for (const named of pods.values()) yield* named.values();
    },
    pod: (namespace, name) => pods.get(namespace)?.get(name),
    upsertNode: (facts) => {
      const entry = nodeEntry(facts.name);
      entry.facts = facts;
      return entry;
    },
    removeNode: (name) => {
      const entry = nodes.get(name);
      if (entry === undefined) return undefined;
      entry.facts = undefined;
      dropIfEmpty(entry);
      return entry;
    },
    upsertPod: (facts) => {
      const named = pods.get(facts.namespace) ?? new Map<string, PodEntry>();
      pods.set(facts.namespace, named);
      const known = named.get(facts.name);
      if (known === undefined) {
        const created: PodEntry = {
          facts,
          node: placeOf(facts),
          workload: workloadOf(facts),
          set: undefined,
          verdict: undefined,
        };
        named.set(facts.name, created);
        count++;
        link(created);
        return created;
      }
      const [node, workload] = [placeOf(facts), workloadOf(facts)];
      const isMoved = node !== known.node || workload !== known.workload;
      // Whether it is an agent's is for others to say anew.
      if (!isMoved && ownerKeyOf(facts) === ownerKeyOf(known.facts)) {
        known.node?.agentPods.delete(known);
        known.facts = facts;
        return known;
      }
      unlink(known);
      const before = known.node;
      if (isMoved) known.workload.kinds = workload.kinds = undefined;
      known.facts = facts;
      known.node = node;
      known.workload = workload;
      link(known);
      dropIfEmpty(before);
      return known;
    },
    removePod: (namespace, name) => {
      const named = pods.get(namespace);
      const entry = named?.get(name);
      if (named === undefined || entry === undefined) return undefined;
      named.delete(name);
      if (named.size === 0) pods.delete(namespace);
      count--;
      unlink(entry);
      dropIfEmpty(entry.node);
      return entry;
    },
    upsertOwner: (facts) => {
      const key = workloadKey(facts.namespace, facts.kind, facts.name);
      const touched = setOwner(key, parentKey(facts));
      const isTop = facts.owner === undefined;
      if (isTop) workloadEntry(key);
      return [...touched, ...declare(facts, isTop)];
    },
    removeOwner: (kind, namespace, name) => {
      const touched = setOwner(workloadKey(namespace, kind, name), undefined);
      return [...touched, ...declare({ kind, namespace, name }, false)];
    },
    prune: (workload) => {
      if (workload.isDeclared || workload.pods.size > 0) return false;
      if (workloads.get(workload.key) === workload) workloads.delete(workload.key);
      return true;
    },
  };
};

/** As `workloadKey` has put them together: neither namespaces nor names hold a slash. */
const partsOf = (key: string): Pick<WorkloadEntry, 'namespace' | 'kind' | 'name'> => {
  const [first, last] = [key.indexOf('/'), key.lastIndexOf('/')];
  return { namespace: key.slice(0, first), kind: key.slice(first + 1, last), name: key.slice(last + 1) };
};

const parentKey = ({ namespace, owner }: OwnerFacts): string | undefined =>
  owner === undefined ? undefined : workloadKey(namespace, owner.kind, owner.name);

const addTo = (lists: Map<string, string[]>, key: string, value: string): void => {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
};

const removeFrom = (lists: Map<string, string[]>, key: string, value: string): void => {
  const others = (lists.get(key) ?? []).filter((each) => each !== value);
  if (others.length === 0) lists.delete(key);
  else lists.set(key, others);
};
