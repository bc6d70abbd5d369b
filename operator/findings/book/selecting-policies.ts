import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { FindingSubject } from '../../../domain/findings/types.ts';
import type { PolicySet } from '../../../domain/policy/resolve.ts';
import type { Policy } from '../../../domain/types.ts';

/** Policies that select the subject: a node by its own set, a workload by those of the pod that behaved so, or of all its pods. */
export const selectingOf = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  { kind, namespace, name }: FindingSubject,
  pod: { readonly namespace: string; readonly name: string } | undefined,
): readonly Policy[] => {
  if (kind === 'Node') return inventory.nodes.get(name)?.set?.selecting ?? [];
  const ofPod: PolicySet | undefined = pod && inventory.pod(pod.namespace, pod.name)?.set;
  return ofPod?.selecting ?? inventory.workloads.get(`${namespace}/${kind}/${name}`)?.set?.selecting ?? [];
};
