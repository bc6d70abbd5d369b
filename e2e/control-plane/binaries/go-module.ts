import { libraryVersion } from '../versions.ts';

/**
 * The go.mod for a Kubernetes version that has none committed here.
 *
 * k8s.io/kubernetes replaces its staging modules by folders of its own repository, which do not exist for whoever
 * depends on it; each is also published, under a version of its own, and that is what we put there.
 */
export function kubernetesGoModule(kubernetesVersion: string, goModOfKubernetes: string): string {
  const staging = [...goModOfKubernetes.matchAll(/^\s*(?:replace\s+)?(k8s\.io\/\S+)\s+=>\s+\.\/staging\//gm)].map(
    (match) => match[1] ?? '',
  );
  if (staging.length === 0) {
    throw new Error(
      `the go.mod of k8s.io/kubernetes v${kubernetesVersion} replaces no staging module: its form has changed`,
    );
  }
  const go = /^go (\S+)$/m.exec(goModOfKubernetes)?.[1] ?? '1.23.0';
  const library = libraryVersion(kubernetesVersion);
  return [
    'module controlplane',
    '',
    `go ${go}`,
    '',
    `require k8s.io/kubernetes v${kubernetesVersion}`,
    '',
    'replace (',
    ...staging.map((name) => `\t${name} => ${name} ${library}`),
    ')',
    '',
  ].join('\n');
}

/** The arguments of the build. Without gitVersion the API server reports an empty version and clients complain. */
export function goBuildArguments(kubernetesVersion: string, output: string): readonly string[] {
  const ldflags = `-s -w -X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`;
  return ['build', '-v', '-trimpath', '-ldflags', ldflags, '-o', output, '.'];
}
