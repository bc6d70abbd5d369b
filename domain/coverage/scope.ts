// The part of a fleet that a report is about, counted on its own.
import { matchesLabels } from '../selector.ts';
import type { Labels, LabelSelector } from '../types.ts';
import type { Inventory, NodeEntry, WorkloadEntry } from './inventory.ts';
import { createTally, type Tally } from './tally.ts';

export interface Scope {
  readonly namespaceSelector: LabelSelector | undefined;
  readonly nodeSelector: LabelSelector | undefined;
}

/**
 * Pods in scope are those whose namespace and node both match; workloads, those with such a pod, standing as they stand as a
 * whole. Nodes match by their labels; where namespaces are selected, only nodes that run a pod in scope count.
 */
export const tallyScope = (inventory: Inventory, namespaceLabels: (name: string) => Labels, scope: Scope): Tally => {
  const tally = createTally();
  const nodes = new Set<NodeEntry>();
  const workloads = new Set<WorkloadEntry>();
  const isNodeIn = (node: NodeEntry): boolean =>
    node.facts !== undefined &&
    (scope.nodeSelector === undefined || matchesLabels(scope.nodeSelector, node.facts.labels));
  const namespaces = new Map<string, boolean>();
  const isNamespaceIn = (name: string): boolean => {
    if (scope.namespaceSelector === undefined) return true;
    const known = namespaces.get(name) ?? matchesLabels(scope.namespaceSelector, namespaceLabels(name));
    namespaces.set(name, known);
    return known;
  };
  const nodesIn = new Set([...inventory.nodes.values()].filter(isNodeIn));
  if (scope.namespaceSelector === undefined) for (const node of nodesIn) nodes.add(node);
  for (const pod of inventory.eachPod()) {
    const { node, verdict, set } = pod;
    if (verdict === undefined || set === undefined || node === undefined) continue;
    if (!nodesIn.has(node) || !isNamespaceIn(pod.facts.namespace)) continue;
    nodes.add(node);
    workloads.add(pod.workload);
    const bucket = tally.bucket(verdict, set);
    bucket.pods++;
    bucket.containers += pod.facts.shape.containers.filter(({ role }) => role === 'main' || role === 'sidecar').length;
  }
  for (const node of nodes) tally.addNode(node);
  for (const workload of workloads) tally.addWorkload(workload);
  if (scope.nodeSelector === undefined) {
    for (const workload of inventory.workloads.values()) {
      if (workload.verdict === undefined && isNamespaceIn(workload.namespace)) tally.addWorkload(workload);
    }
  }
  return tally;
};
