// The nodes as classes of nodes that no question tells apart, so that an answer costs as much at 5,000 nodes as at fifty. Kept as
// nodes come, change and go. What is nearly unique to a node, such as its hostname, stays out of the classes; a question that names
// such a thing names nodes, and these few are looked at one by one.
import type { AgentPresence } from '../coverage/presence.ts';
import type { LabelExpression, NodeExpression, NodeFacts } from '../types.ts';
import type { NodeReport } from './reported-presence.ts';
import type { Standings } from './standings.ts';

export type Presences = readonly AgentPresence[] | undefined;

/** Alike in all that decides whether a pod fits and which policies hold, but for what `namedBy` finds. */
export interface NodeClass {
  /** By the agents that are there: undefined where nothing is known. No map is empty. */
  readonly members: ReadonlyMap<Presences, Members>;
}

/** Name → node. */
export type Members = ReadonlyMap<string, NodeFacts>;

export interface NodeClasses {
  readonly list: () => Iterable<NodeClass>;
  readonly find: (name: string) => Placed | undefined;
  /** Nodes that these expressions on labels tell from the others of their classes. */
  readonly namedBy: (expressions: Iterable<NodeExpression | LabelExpression>) => Iterable<string>;
  readonly names: () => Iterable<string>;
}

/** A node and its place among the classes. */
export interface Placed {
  readonly node: NodeFacts;
  readonly nodeClass: NodeClass;
  readonly presences: Presences;
  readonly members: Members;
}

export interface NodeClassKeeper extends NodeClasses {
  readonly put: (node: NodeFacts) => void;
  readonly remove: (name: string) => void;
  /** Something else is reported of the node. */
  readonly touch: (name: string) => void;
  /** Brings every node to its place; to be called before the classes are looked at. Whether any has moved. */
  readonly refresh: (standings: Standings, reportOf: (node: string) => NodeReport | undefined, now: number) => boolean;
}

/** Zones, pools and sizes have fewer values; of a label with more, one value names a thirtieth of the nodes at most on average. */
const mostValues = 32;

interface MutableClass extends NodeClass {
  readonly key: string;
  readonly members: Map<Presences, Map<string, NodeFacts>>;
}

interface Entry {
  node: NodeFacts;
  place: { readonly nodeClass: MutableClass; readonly presences: Presences; readonly members: Members } | undefined;
  /** When the agents there change by themselves. */
  validUntil: number;
}

/** A label with more than `maximumValues` stays out of the classes. */
export const createNodeClasses = (maximumValues = mostValues): NodeClassKeeper => {
  const entries = new Map<string, Entry>();
  const classes = new Map<string, MutableClass>();
  const dirty = new Set<string>();
  const index = createLabelIndex(maximumValues);
  let judgedBy: Standings | undefined;
  let nextChange = Number.POSITIVE_INFINITY;

  const leave = (entry: Entry): void => {
    const { place, node } = entry;
    if (place === undefined) return;
    const { nodeClass, presences } = place;
    const members = nodeClass.members.get(presences);
    members?.delete(node.name);
    if (members?.size === 0) nodeClass.members.delete(presences);
    if (nodeClass.members.size === 0) classes.delete(nodeClass.key);
    entry.place = undefined;
  };

  const join = (entry: Entry, presences: Presences): void => {
    const key = keyOf(entry.node, index.isWide);
    let nodeClass = classes.get(key);
    if (nodeClass === undefined) classes.set(key, (nodeClass = { key, members: new Map() }));
    let members = nodeClass.members.get(presences);
    if (members === undefined) nodeClass.members.set(presences, (members = new Map()));
    members.set(entry.node.name, entry.node);
    entry.place = { nodeClass, presences, members };
  };

  /** A label that has come to have too many values changes the class of every node. */
  const widened = (): void => {
    for (const [name, entry] of entries) {
      leave(entry);
      dirty.add(name);
    }
  };

  const put = (node: NodeFacts): void => {
    const { name } = node;
    const before = entries.get(name);
    if (before !== undefined) {
      leave(before);
      index.remove(before.node);
    }
    entries.set(name, { node, place: undefined, validUntil: 0 });
    dirty.add(name);
    if (index.add(node)) widened();
  };

  const remove = (name: string): void => {
    const entry = entries.get(name);
    if (entry === undefined) return;
    leave(entry);
    index.remove(entry.node);
    entries.delete(name);
    // Its going is a change, too.
    dirty.add(name);
  };

  const refresh: NodeClassKeeper['refresh'] = (standings, reportOf, now) => {
    if (standings !== judgedBy) for (const name of entries.keys()) dirty.add(name);
    else if (now >= nextChange) for (const [name, { validUntil }] of entries) if (validUntil <= now) dirty.add(name);
    judgedBy = standings;
    if (dirty.size === 0) return false;
    for (const name of dirty) {
      const entry = entries.get(name);
      if (entry === undefined) continue;
      const { presences, validUntil } = standings.situationOn(entry.node, reportOf(name), now);
      entry.validUntil = validUntil;
      if (entry.place !== undefined && entry.place.presences === presences) continue;
      leave(entry);
      join(entry, presences);
    }
    dirty.clear();
    nextChange = Number.POSITIVE_INFINITY;
    for (const { validUntil } of entries.values()) if (validUntil < nextChange) nextChange = validUntil;
    return true;
  };

  return {
    put,
    remove,
    touch: (name) => void dirty.add(name),
    refresh,
    list: () => classes.values(),
    find: (name) => {
      const entry = entries.get(name);
      return entry?.place && { node: entry.node, ...entry.place };
    },
    namedBy: index.namedBy,
    names: () => entries.keys(),
  };
};

/** All that a question can see of a node; of what is nearly unique, only whether it is there. */
const keyOf = (
  { labels, taints, unschedulable, operatingSystem, extendedResources, virtual }: NodeFacts,
  isWide: (key: string) => boolean,
): string =>
  JSON.stringify([
    Object.keys(labels)
      .toSorted()
      .map((key) => (isWide(key) ? [key] : [key, labels[key]])),
    taints,
    unschedulable,
    operatingSystem,
    extendedResources,
    virtual ?? null,
  ]);

interface LabelIndex {
  /** Whether a label has become wide by it. */
  readonly add: (node: NodeFacts) => boolean;
  readonly remove: (node: NodeFacts) => void;
  readonly isWide: (key: string) => boolean;
  readonly namedBy: NodeClasses['namedBy'];
}

/** Which nodes have which value of a label. A label that was wide once stays so: classes then never flap. */
const createLabelIndex = (maximumValues: number): LabelIndex => {
  const names = new Map<string, Map<string, Set<string>>>();
  const wide = new Set<string>();

  const namedByOne = function* ({ key, operator, values }: NodeExpression | LabelExpression): Generator<string> {
    const byValue = wide.has(key) ? names.get(key) : undefined;
    if (byValue === undefined || operator === 'Exists' || operator === 'DoesNotExist') return;
    if (operator === 'In' || operator === 'NotIn') for (const value of values) yield* byValue.get(value) ?? [];
    // Every value compares differently.
    else for (const named of byValue.values()) yield* named;
  };

  return {
    add: ({ name, labels }) => {
      let hasWidened = false;
      for (const [key, value] of Object.entries(labels)) {
        let byValue = names.get(key);
        if (byValue === undefined) names.set(key, (byValue = new Map()));
        const named = byValue.get(value);
        if (named === undefined) byValue.set(value, new Set([name]));
        else named.add(name);
        if (byValue.size <= maximumValues || wide.has(key)) continue;
        wide.add(key);
        hasWidened = true;
      }
      return hasWidened;
    },
    remove: ({ name, labels }) => {
      for (const [key, value] of Object.entries(labels)) {
        const byValue = names.get(key);
        const named = byValue?.get(value);
        named?.delete(name);
        if (named?.size === 0) byValue?.delete(value);
        if (byValue?.size === 0) names.delete(key);
      }
    },
    isWide: (key) => wide.has(key),
    namedBy: function* (expressions) {
      for (const expression of expressions) yield* namedByOne(expression);
    },
  };
};
