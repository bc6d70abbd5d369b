import { run } from '../binaries/run.ts';
import type { UpRequest } from './up.ts';

/** kind pulls an image of about 350 MB first. */
const KIND_DEADLINE_MS = 10 * 60_000;

/** A cluster of kind, with real kubelets, for those who have Docker. */
export async function kindUp(request: UpRequest): Promise<void> {
  await requireKind();
  if (request.nodes > 0) {
    throw new Error('--nodes makes nodes of kwok, which kind does not run: leave it out with --provider kind');
  }
  await run(
    'kind',
    [
      'create',
      'cluster',
      '--name',
      request.name,
      '--wait',
      '120s',
      ...(request.kubeconfigOut === undefined ? [] : ['--kubeconfig', request.kubeconfigOut]),
      ...(request.kubernetesVersion === undefined ? [] : ['--image', `kindest/node:v${request.kubernetesVersion}`]),
    ],
    { deadlineMs: KIND_DEADLINE_MS, onLine: (line) => console.error(line) },
  );
  const where = request.kubeconfigOut ?? 'your default kubeconfig';
  console.log(`kind cluster "${request.name}" is up; its context kind-${request.name} is in ${where}.`);
}

export async function kindDown(name: string): Promise<void> {
  await requireKind();
  await run('kind', ['delete', 'cluster', '--name', name], {
    deadlineMs: KIND_DEADLINE_MS,
    onLine: (line) => console.error(line),
  });
}

async function requireKind(): Promise<void> {
  const works = async (command: string, args: readonly string[]): Promise<boolean> => {
    try {
      await run(command, args, { deadlineMs: 15_000 });
      return true;
    } catch {
      return false;
    }
  };
  // Without a daemon `docker info` still ends well in some versions; the server's version is what proves one.
  const docker = await works('docker', ['version', '--format', '{{.Server.Version}}']);
  const kind = await works('kind', ['version']);
  if (docker && kind) return;
  const missing = [...(docker ? [] : ['a Docker daemon that answers']), ...(kind ? [] : ['kind on the PATH'])];
  throw new Error(
    `--provider kind needs ${missing.join(' and ')}; leave the option out to run plain processes instead`,
  );
}
