// Nodes that no machine stands behind: pods run elsewhere, so no pod of a DaemonSet ever watches them from the node.
import type { Labels, Taint } from '../domain/types.ts';

/** What makes the node virtual, in words; undefined for a real one. The nodes of GKE Autopilot are real and run DaemonSets. */
export const virtualKindOf = (labels: Labels, taints: readonly Taint[], kubeletVersion: string): string | undefined => {
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') return 'EKS Fargate';
  const provider = taints.find(({ key }) => key === 'virtual-kubelet.io/provider')?.value;
  const isVirtualKubelet =
    labels.type === 'virtual-kubelet' || (labels['kubernetes.io/role'] === 'agent' && provider !== undefined);
  // The version of AKS's own tells it apart where its taint was switched off: v1.25.0-vk-azure-aci-1.6.2.
  if (provider === 'azure' || (isVirtualKubelet && kubeletVersion.includes('vk-azure-aci'))) {
    return 'Azure Container Instances';
  }
  if (!isVirtualKubelet) return undefined;
  return provider === undefined || provider === '' ? 'virtual-kubelet' : `virtual-kubelet (${provider})`;
};
