import { copyFile, chmod } from 'node:fs/promises';
import path from 'node:path';
import { createPlainNodes } from '../nodes.ts';
import { startControlPlane } from '../start.ts';
import { kindUp } from './kind.ts';

export interface UpRequest {
  readonly name: string;
  readonly nodes: number;
  readonly provider: 'processes' | 'kind';
  readonly kubeconfigOut: string | undefined;
  readonly kubernetesVersion: string | undefined;
}

/** Starts a control plane that goes on running after the command has ended. */
export async function up(request: UpRequest): Promise<void> {
  if (request.provider === 'kind') {
    await kindUp(request);
    return;
  }
  const started = Date.now();
  const plane = await startControlPlane({
    name: request.name,
    detached: true,
    log: (line) => console.error(line),
    ...(request.kubernetesVersion === undefined ? {} : { kubernetesVersion: request.kubernetesVersion }),
  });
  if (request.nodes > 0) {
    console.error(`making ${request.nodes} nodes`);
    await createPlainNodes(plane.api, request.nodes);
  }
  await plane.api.close();
  let file = plane.kubeconfig;
  if (request.kubeconfigOut !== undefined) {
    file = path.resolve(request.kubeconfigOut);
    await copyFile(plane.kubeconfig, file);
    await chmod(file, 0o600);
  }
  console.log(
    [
      `Kubernetes ${plane.kubernetesVersion} "${plane.name}" is up at ${plane.url} after ${((Date.now() - started) / 1000).toFixed(1)} s.`,
      `  kubeconfig  ${file}`,
      `  try         ${plane.binaries.kubectl} --kubeconfig ${file} get nodes`,
      `  logs        ${path.join(plane.directory, 'logs')}`,
      `  stop it     npm run control-plane -- down --name ${plane.name}`,
    ].join('\n'),
  );
}
