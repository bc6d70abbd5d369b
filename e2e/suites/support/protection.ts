// `kubectl protection …` as a user runs it: the bundled program, found by the real kubectl in the PATH, with the rights of an account.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundle } from '../../../.ci/bundle.ts';
import type { Manifest } from '../../fleet/manifest.ts';
import { sayAll, type Said } from './said.ts';
import type { World } from './world.ts';

export interface Protection {
  /** Where it runs: paths on the command line are from here. */
  readonly folder: string;
  /** Any command, with the plugin in its PATH. */
  readonly command: (program: string, args: readonly string[], how?: How) => Promise<Said>;
  /** `kubectl protection …`. */
  readonly say: (args: readonly string[], how?: How) => Promise<Said>;
}

export interface How {
  readonly kubeconfig?: string;
  /** For standard input. */
  readonly input?: string;
}

export const installProtection = async (world: World, name: string): Promise<Protection> => {
  const folder = path.join(world.plane.directory, name);
  const bin = path.join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
  await bundle(path.join(folder, 'dist'));
  // As npm links it: under the name by which kubectl looks for it.
  await symlink(path.join(folder, 'dist', 'kubectl-protection.js'), path.join(bin, 'kubectl-protection'));
  const command: Protection['command'] = (program, args, { kubeconfig = '/nowhere/kubeconfig', input = '' } = {}) =>
    sayAll(program, args, input, {
      cwd: folder,
      env: {
        PATH: [bin, path.dirname(process.execPath), process.env['PATH']].join(path.delimiter),
        HOME: folder,
        KUBECONFIG: kubeconfig,
      },
    });
  return {
    folder,
    command,
    say: (args, how) => command(world.plane.binaries.kubectl, ['protection', ...args], how),
  };
};

/** A kubeconfig of an account with the role `view` that every cluster has, and further kinds that it may list. */
export const viewerOf = async (world: World, name: string, more: readonly string[] = []): Promise<string> => {
  const create = (object: Manifest): Promise<string> => world.kubectl(['create', '-f', '-'], object);
  const metadata = { name, namespace: 'default' };
  const bound = (binding: string, role: string): Manifest => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: binding },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  });
  await create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await create(bound(name, 'view'));
  if (more.length > 0) {
    await create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: `${name}-more` },
      rules: [{ apiGroups: ['', 'node.k8s.io'], resources: more, verbs: ['list'] }],
    });
    await create(bound(`${name}-more`, `${name}-more`));
  }
  return world.plane.kubeconfigFor({ namespace: 'default', serviceAccount: name });
};
