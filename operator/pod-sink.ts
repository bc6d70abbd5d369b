// Pods go straight into the model, which holds them anyway: a store of their own would hold 150,000 of them twice.
import type { CoverageModel } from '../domain/coverage/model.ts';
import type { PodFacts } from '../domain/types.ts';
import type { Sink } from '../kube/sink.ts';

/** `leaving`: told of each pod just before the model forgets it, and what the API server said of it last, where it did. */
export const createPodSink = (
  model: CoverageModel,
  touch: () => void,
  leaving: (namespace: string, name: string, last?: unknown) => void,
): Sink<PodFacts> => {
  const { inventory } = model;
  /** Pods that the list in progress has named; undefined where there is none, or nothing was held before it. */
  let named: Set<object> | undefined;
  return {
    beginReplace: () => {
      named = inventory.podCount() === 0 ? undefined : new Set();
    },
    upsert: (pod) => {
      model.upsertPod(pod);
      const entry = named && inventory.pod(pod.namespace, pod.name);
      if (entry !== undefined) named?.add(entry);
      touch();
    },
    remove: (namespace, name, last) => {
      leaving(namespace, name, last);
      model.removePod(namespace, name);
      touch();
    },
    endReplace: () => {
      const kept = named;
      named = undefined;
      if (kept === undefined) return;
      const gone = [...inventory.eachPod()].filter((entry) => !kept.has(entry));
      for (const { facts } of gone) {
        leaving(facts.namespace, facts.name);
        model.removePod(facts.namespace, facts.name);
      }
      touch();
    },
    has: (namespace, name) => inventory.pod(namespace, name) !== undefined,
    get size() {
      return inventory.podCount();
    },
  };
};
