// Where a pod may land, as groups of nodes on which the same policies see the same agents.
import { presencesForPod } from '../coverage/pod-presence.ts';
import type { AgentPresence } from '../coverage/presence.ts';
import type { PolicySet } from '../policy/resolve.ts';
import type { NodeExpression, NodeFacts, PodFacts, Scheduling } from '../types.ts';
import type { ClusterPicture, PlacementQuestion } from './answer.ts';
import { misfit } from './fit.ts';
import { expectedPresences, hypotheticalNodes } from './hypothetical.ts';
import type { Members, NodeClasses, Presences } from './node-classes.ts';

export interface Landing {
  readonly groups: readonly Group[];
  /** Nodes in all groups. */
  readonly total: number;
  /** None of today's nodes fits: judged by what the pod asks for. */
  readonly isHypothetical: boolean;
}

export interface Group {
  readonly set: PolicySet;
  /** Undefined where nothing is known. */
  readonly presences: Presences;
  readonly count: number;
}

export const findLanding = (question: PlacementQuestion, picture: ClusterPicture, now: number): Landing => {
  const grouping = createGrouping(question, picture, now);
  eachFitting(question.scheduling, picture, (node, presences, count) =>
    grouping.add(node, picture.isStale ? undefined : presences, count),
  );
  if (grouping.total() > 0) return { groups: grouping.groups(), total: grouping.total(), isHypothetical: false };
  for (const node of hypotheticalNodes(question.scheduling, now)) {
    grouping.add(node, expectedPresences(node, picture.catalogue), 1);
  }
  return { groups: grouping.groups(), total: grouping.total(), isHypothetical: true };
};

type Visit = (node: NodeFacts, presences: Presences, count: number) => void;

/** One node for all that are like it, and how many they are. */
const eachFitting = (pod: Scheduling, { classes, standings }: ClusterPicture, visit: Visit): void => {
  if (pod.nodeName !== undefined) {
    const placed = classes.find(pod.nodeName);
    if (placed !== undefined && misfit(pod, placed.node) === undefined) visit(placed.node, placed.presences, 1);
    return;
  }
  const named = new Set([...namedByPod(pod, classes), ...classes.namedBy(standings.nodeExpressions)]);
  const apart = new Map<Members, number>();
  for (const name of named) {
    const placed = classes.find(name);
    if (placed === undefined) continue;
    apart.set(placed.members, (apart.get(placed.members) ?? 0) + 1);
    if (misfit(pod, placed.node) === undefined) visit(placed.node, placed.presences, 1);
  }
  for (const { members } of classes.list()) {
    let fits: boolean | undefined;
    for (const [presences, nodes] of members) {
      const count = nodes.size - (apart.get(nodes) ?? 0);
      const one = count === 0 ? undefined : oneNotIn(named, nodes);
      if (one === undefined) continue;
      fits ??= misfit(pod, one) === undefined;
      if (!fits) break;
      visit(one, presences, count);
    }
  }
};

const oneNotIn = (named: ReadonlySet<string>, nodes: Members): NodeFacts | undefined => {
  for (const [name, node] of nodes) if (!named.has(name)) return node;
  return undefined;
};

/** Nodes that the pod tells from the others of their classes. */
const namedByPod = function* ({ nodeSelector, affinity = [] }: Scheduling, classes: NodeClasses): Generator<string> {
  yield* classes.namedBy(
    Object.entries(nodeSelector).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
  );
  for (const { expressions, fields } of affinity) {
    yield* classes.namedBy(expressions);
    for (const field of fields) yield* namedByField(field, classes);
  }
};

const namedByField = ({ key, operator, values }: NodeExpression, classes: NodeClasses): Iterable<string> => {
  if (key !== 'metadata.name') return [];
  return operator === 'In' || operator === 'NotIn' ? values : classes.names();
};

interface Grouping {
  readonly add: Visit;
  readonly groups: () => readonly Group[];
  readonly total: () => number;
}

const createGrouping = (question: PlacementQuestion, picture: ClusterPicture, now: number): Grouping => {
  const { catalogue, resolver } = picture;
  const { namespaceLabels, shape, handler } = question;
  const asPod = podOf(question, now);
  const sidecars = catalogue.sidecarsIn(shape);
  const groups = new Map<PolicySet, Map<string, Map<Presences, MutableGroup>>>();
  let total = 0;
  const seenByPod = (onNode: readonly AgentPresence[], virtual: string | undefined): readonly AgentPresence[] =>
    presencesForPod(onNode, catalogue.agents, asPod, handler, sidecars, virtual);
  return {
    add: (node, onNode, count) => {
      total += count;
      const set = resolver.forPod(namespaceLabels, shape.labels, node.labels);
      const byKind = memo(groups, set, () => new Map<string, Map<Presences, MutableGroup>>());
      // A virtual node is told apart, since a pod sees other agents there.
      const byPresences = memo(byKind, node.virtual ?? '', () => new Map<Presences, MutableGroup>());
      const group = memo(byPresences, onNode, () => ({
        set,
        presences: onNode && seenByPod(onNode, node.virtual),
        count: 0,
      }));
      group.count += count;
    },
    groups: () => [...groups.values()].flatMap((kinds) => [...kinds.values()].flatMap((found) => [...found.values()])),
    total: () => total,
  };
};

interface MutableGroup extends Group {
  count: number;
}

const memo = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = make()));
  return found;
};

/** As the pod will be once it runs. */
export const podOf = ({ namespace, shape, owner }: PlacementQuestion, now: number): PodFacts => ({
  namespace,
  name: '',
  node: undefined,
  pinnedNode: undefined,
  shape,
  owner,
  phase: 'Running',
  ready: true,
  deleting: false,
  createdAt: now,
  trouble: undefined,
});
