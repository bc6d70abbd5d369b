/** Every program of the control plane with its pinned version: the one place to change them. */
export const versions = {
  kubernetes: '1.36.3',
  /** The oldest version that the product supports; the suites run on it too. */
  oldestKubernetes: '1.32.2',
  kwok: '0.8.0',
  helm: '3.22.0',
} as const;

/** `1.36.3` for `1.36.3` and `v1.36.3`; throws for what is not a full release version. */
export function parseKubernetesVersion(text: string): string {
  const match = /^v?(1\.\d{1,3}\.\d{1,3})$/.exec(text.trim());
  if (match?.[1] === undefined) {
    throw new Error(`"${text}" is no Kubernetes release: give all three numbers, for example ${versions.kubernetes}`);
  }
  return match[1];
}

/** The libraries of Kubernetes 1.36.3 are published as v0.36.3. */
export const libraryVersion = (kubernetes: string): string => `v0.${kubernetes.split('.').slice(1).join('.')}`;
