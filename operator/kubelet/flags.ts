// The flags of asking kubelets.
import { durationFlag, labelFlag, switchFlag, textFlag } from '../../process/flag-kinds.ts';

export const kubeletFlags = {
  kubeletMetrics: switchFlag(
    'Ask the kubelet of each Linux node, at its own metrics port, which cgroup version it runs with: the behaviour OutdatedCgroups. The chart gives the rights for it.',
    false,
  ),
  kubeletMetricsInterval: durationFlag(
    'How often each kubelet is asked; a node that is new or has been restarted is asked at once.',
    '1h',
    { max: '24h' },
  ),
  kubeletServiceAccount: labelFlag(
    'ServiceAccount in our namespace whose short-lived token kubelets are shown. It may read the metrics of nodes and nothing else, so that a kubelet that means harm gains nothing by it.',
    'NAME',
    'workload-protection-kubelet-metrics',
  ),
  kubeletCaFile: textFlag(
    "Authorities in PEM that the kubelets' certificates are verified against; read again when it changes. Left out: the cluster's own, by which the API server is known.",
    'FILE',
  ),
  kubeletInsecureSkipVerify: switchFlag(
    "Take any certificate of a kubelet. Whoever can answer at a node's address is then shown the token, and can say of the node what they like.",
    false,
  ),
};
