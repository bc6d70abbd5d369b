import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { EvidenceEvent } from '../../../domain/findings/record.ts';
import type { FindingSubject } from '../../../domain/findings/types.ts';
import type { PolicySet } from '../../../domain/policy/resolve.ts';
import { matchesLabels } from '../../../domain/selector.ts';
import type { Labels, Policy } from '../../../domain/types.ts';

type Fleet = Pick<CoverageModel, 'inventory'>;

/** Policies that select the subject: a node by its own set, a workload by those of the pod that behaved so, or of all its pods. */
export const selectingOf = (
  { inventory }: Fleet,
  { kind, namespace, name }: FindingSubject,
  pod: { readonly namespace: string; readonly name: string } | undefined,
): readonly Policy[] => {
  if (kind === 'Node') return inventory.nodes.get(name)?.set?.selecting ?? [];
  const ofPod: PolicySet | undefined = pod && inventory.pod(pod.namespace, pod.name)?.set;
  return ofPod?.selecting ?? inventory.workloads.get(`${namespace}/${kind}/${name}`)?.set?.selecting ?? [];
};

/** Policies that select by now whoever was seen: where the pod is gone, those of its workload that select what runs on its node. */
export const selectingSeen = (
  model: Fleet,
  subject: FindingSubject,
  { pod, node }: EvidenceEvent,
): readonly Policy[] => {
  const { kind, namespace } = subject;
  if (kind === 'Node' || namespace === undefined) return selectingOf(model, subject, undefined);
  const named = pod === undefined ? undefined : model.inventory.pod(namespace, pod);
  if (named?.set !== undefined) return named.set.selecting;
  const ofAll = selectingOf(model, subject, undefined);
  const labels = node === undefined ? undefined : model.inventory.nodes.get(node)?.facts?.labels;
  if (labels === undefined || ofAll.every((policy) => selectsOn(policy, labels))) return ofAll;
  return ofAll.filter((policy) => selectsOn(policy, labels));
};

const selectsOn = ({ selector }: Policy, labels: Labels): boolean =>
  selector.node === undefined || matchesLabels(selector.node, labels);
