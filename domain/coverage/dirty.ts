// What the next evaluation must look at again, and what the last one changed.
import type { Inventory, NodeEntry, PodEntry, WorkloadEntry } from './inventory.ts';

export interface Dirty {
  readonly nodes: Set<NodeEntry>;
  readonly pods: Set<PodEntry>;
  readonly workloads: Set<WorkloadEntry>;
  /** Namespaces in which another set of Services faces outwards than before. */
  readonly exposedNamespaces: Set<string>;
  /** Names and keys of what stands otherwise than at the last evaluation. */
  readonly changedNodes: Set<string>;
  readonly changedWorkloads: Set<string>;
  readonly podsOf: (node: NodeEntry) => void;
  readonly podsIn: (namespace: string) => void;
  readonly podsOfRuntimeClass: (name: string) => void;
  readonly everything: () => void;
}

export const createDirty = (inventory: Inventory): Dirty => {
  const nodes = new Set<NodeEntry>();
  const pods = new Set<PodEntry>();
  return {
    nodes,
    pods,
    workloads: new Set(),
    exposedNamespaces: new Set(),
    changedNodes: new Set(),
    changedWorkloads: new Set(),
    podsOf: (node) => {
      for (const pod of node.pods) pods.add(pod);
    },
    podsIn: (namespace) => {
      for (const workload of inventory.workloads.values()) {
        if (workload.namespace === namespace) for (const pod of workload.pods) pods.add(pod);
      }
    },
    podsOfRuntimeClass: (name) => {
      for (const pod of inventory.eachPod()) if (pod.facts.shape.runtimeClass === name) pods.add(pod);
    },
    everything: () => {
      for (const node of inventory.nodes.values()) {
        // No situation is known by the old number any more.
        node.presenceId = -1;
        nodes.add(node);
      }
      for (const pod of inventory.eachPod()) pods.add(pod);
    },
  };
};
