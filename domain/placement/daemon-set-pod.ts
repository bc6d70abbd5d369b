// The pod that a DaemonSet's controller would make, as it is once it runs.
import type { DaemonSetFacts, PodFacts } from '../types.ts';

export const podOfDaemonSet = (
  { namespace, name, podLabels, containers, scheduling, hostNetwork }: DaemonSetFacts,
  now: number,
): PodFacts => ({
  namespace,
  name,
  node: undefined,
  pinnedNode: undefined,
  shape: {
    labels: podLabels,
    containers,
    runtimeClass: scheduling.runtimeClass,
    privileged: false,
    hostPID: false,
    hostNetwork,
    hostPath: false,
  },
  owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name },
  phase: 'Running',
  ready: true,
  deleting: false,
  createdAt: now,
  trouble: undefined,
});
