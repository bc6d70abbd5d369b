/** The programs of a control plane, and which of them come together. */
export const kubernetesBinaries = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
] as const;

/** What an envtest archive, and so KUBEBUILDER_ASSETS, usually holds. */
export const envtestBinaries = ['etcd', 'kube-apiserver', 'kubectl'] as const;

export const toolBinaries = ['kwok', 'helm'] as const;

export const allBinaries = [...kubernetesBinaries, ...toolBinaries] as const;

export type KubernetesBinary = (typeof kubernetesBinaries)[number];
export type ToolBinary = (typeof toolBinaries)[number];
export type BinaryName = KubernetesBinary | ToolBinary;

export const isEnvtestBinary = (name: BinaryName): boolean => envtestBinaries.some((candidate) => candidate === name);

export const isToolBinary = (name: BinaryName): name is ToolBinary =>
  toolBinaries.some((candidate) => candidate === name);
