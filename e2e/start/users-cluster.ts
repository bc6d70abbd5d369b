// A cluster of the user's as something to install into: kubectl and Helm as they are found, tokens by TokenRequest.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { locateBinaries } from '../control-plane/binaries/locate.ts';
import { presentIn } from '../control-plane/binaries/cache.ts';
import type { ServiceAccountAccess } from '../control-plane/control-plane.ts';
import { kubectlFor, runTool, type Target } from '../installation/target.ts';
import { UsageError } from './arguments.ts';

const deadlineMs = 60_000;

export interface UsersContext {
  readonly name: string;
  readonly kubeconfig: string | undefined;
}

/** Writes a kubeconfig with nothing but this context into `directory`, so that nothing else can be reached by mistake. */
export const targetOf = async ({ name, kubeconfig }: UsersContext, directory: string): Promise<Target> => {
  const binaries = { kubectl: await find('kubectl'), helm: await find('helm') };
  const file = path.join(directory, 'kubeconfig');
  const from = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
  const view = ['config', 'view', '--minify', '--flatten', '--raw', '--output=json', '--context', name];
  let text: string;
  try {
    text = await runTool(binaries.kubectl, [...from, ...view], { deadlineMs });
  } catch (error) {
    throw new UsageError(
      `there is no context ${name} in ${kubeconfig ?? 'your kubeconfig'}: kubectl config get-contexts lists them`,
      {
        cause: error,
      },
    );
  }
  await writeFile(file, text, { mode: 0o600 });
  const target = { binaries, kubeconfig: file, directory };
  const kubectl = kubectlFor(target);
  const version = JSON.parse(await kubectl(['version', '--output=json'])) as Versions;
  return {
    ...target,
    kubernetesVersion: version.serverVersion.gitVersion.replace(/^v/, ''),
    kubeconfigFor: async (account) => {
      const token = await tokenFor(kubectl, account);
      const { clusters } = JSON.parse(text) as Kubeconfig;
      const own = path.join(directory, `${account.serviceAccount}.kubeconfig`);
      await writeFile(own, JSON.stringify(kubeconfigWith(clusters[0], token)), { mode: 0o600 });
      return own;
    },
  };
};

/** The user's own where there is one; it is fetched or built otherwise. */
const find = async (name: 'kubectl' | 'helm'): Promise<string> => {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (folder !== '' && (await presentIn(folder, [name])).has(name)) return path.join(folder, name);
  }
  return (await locateBinaries({ wanted: [name] })).paths[name];
};

const tokenFor = async (
  kubectl: ReturnType<typeof kubectlFor>,
  { namespace, serviceAccount, expirationSeconds }: ServiceAccountAccess,
): Promise<string> => {
  const duration = expirationSeconds === undefined ? [] : [`--duration=${expirationSeconds}s`];
  return (await kubectl(['create', 'token', serviceAccount, '--namespace', namespace, ...duration])).trim();
};

const kubeconfigWith = (cluster: unknown, token: string): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ ...(cluster as object), name: 'cluster' }],
  users: [{ name: 'program', user: { token } }],
  contexts: [{ name: 'program', context: { cluster: 'cluster', user: 'program' } }],
  'current-context': 'program',
});

interface Versions {
  readonly serverVersion: { readonly gitVersion: string };
}

interface Kubeconfig {
  readonly clusters: readonly unknown[];
}
