// Where the cluster is and as whom we speak to it.

import type { ClusterAccess } from './access.ts';
import { inCluster, serviceAccountFolder } from './in-cluster.ts';

export type { ClusterAccess };

export interface LoadClusterOptions {
  /** A path, as given by a flag: then nothing else is looked at. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountFolder?: string;
}

/** A kubeconfig that is named; else the cluster that we run in; else the current context, as kubectl finds it. */
export async function loadCluster(options: LoadClusterOptions = {}): Promise<ClusterAccess> {
  const env = options.env ?? process.env;
  const { kubeconfig, context } = options;
  const folder = options.serviceAccountFolder ?? serviceAccountFolder;
  // A context belongs to a kubeconfig: who names one does not mean the cluster around us.
  if (kubeconfig === undefined && context === undefined) {
    const host = env['KUBERNETES_SERVICE_HOST'];
    const port = env['KUBERNETES_SERVICE_PORT'];
    if (host && port) return inCluster({ host, port, folder });
  }
  // Not even the YAML parser is needed inside a cluster.
  const { fromKubeconfig } = await import('./kubeconfig.ts');
  return fromKubeconfig({ kubeconfig, context, env });
}
