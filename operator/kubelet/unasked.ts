// What is known where kubelets are not asked.
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';

export const unasked = (): CgroupAnswer => answer;

const answer: CgroupAnswer = {
  version: undefined,
  why: 'kubelets are not asked: set --kubelet-metrics (the value operator.kubeletMetrics.enabled)',
};
