import { copyFile, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { versions } from '../versions.ts';
import { goBuildArguments, kubernetesGoModule } from './go-module.ts';
import { kubernetesBinaries } from './names.ts';
import type { ToolBinary } from './names.ts';
import { goBuildDetail, startProgress } from './progress.ts';
import type { ProgressOutput } from './progress.ts';
import { run } from './run.ts';

const sources = path.join(import.meta.dirname, 'kubernetes');

/** From nothing and on two cores a build takes five to seven minutes; slow disks and networks get six times that. */
const BUILD_DEADLINE_MS = 40 * 60_000;

const toolPackages: Record<ToolBinary, string> = {
  kwok: `sigs.k8s.io/kwok/cmd/kwok@v${versions.kwok}`,
  helm: `helm.sh/helm/v3/cmd/helm@v${versions.helm}`,
};

/** CGO off: the result must not depend on a C compiler. The workspace file of an outer folder must not reach in. */
const goEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, CGO_ENABLED: '0', GOWORK: 'off' });

/** Builds the five programs of Kubernetes as one executable, linked under each name, into `folder`. */
export async function buildKubernetes(version: string, folder: string, output: ProgressOutput): Promise<void> {
  const progress = startProgress(
    `building etcd and Kubernetes ${version} from Go modules (5 to 8 minutes the first time)`,
    output,
  );
  const work = await mkdtemp(path.join(os.tmpdir(), 'control-plane-build-'));
  const detail = goBuildDetail();
  const options = {
    cwd: work,
    env: goEnvironment(),
    deadlineMs: BUILD_DEADLINE_MS,
    onLine: (line: string) => {
      const text = detail(line);
      if (text !== undefined) progress.detail(text);
    },
  };
  try {
    await copyFile(path.join(sources, 'main.go'), path.join(work, 'main.go'));
    if (!(await copyCommittedModule(version, work))) {
      const downloaded = await run('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], options);
      const { GoMod } = JSON.parse(downloaded) as { readonly GoMod: string };
      await writeFile(path.join(work, 'go.mod'), kubernetesGoModule(version, await readFile(GoMod, 'utf8')));
      await run('go', ['mod', 'tidy'], options);
    }
    const built = path.join(work, 'control-plane');
    await run('go', goBuildArguments(version, built), options);
    await moveInto(built, path.join(folder, 'control-plane'));
    for (const name of kubernetesBinaries) await symlink('control-plane', path.join(folder, name));
    progress.done();
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Builds kwok or helm at its pinned version into `folder`. */
export async function buildTool(tool: ToolBinary, folder: string, output: ProgressOutput): Promise<void> {
  const progress = startProgress(
    `building ${tool} ${versions[tool]} from Go modules (1 to 3 minutes the first time)`,
    output,
  );
  const detail = goBuildDetail();
  await run('go', ['install', '-v', '-trimpath', '-ldflags', '-s -w', toolPackages[tool]], {
    // Outside of any module, or the module's own requirements would decide on versions.
    cwd: folder,
    env: { ...goEnvironment(), GOBIN: folder },
    deadlineMs: BUILD_DEADLINE_MS,
    onLine: (line) => {
      const text = detail(line);
      if (text !== undefined) progress.detail(text);
    },
  });
  progress.done();
}

export async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version'], { deadlineMs: 30_000 });
    return true;
  } catch {
    return false;
  }
}

async function copyCommittedModule(version: string, work: string): Promise<boolean> {
  try {
    await copyFile(path.join(sources, `go-${version}.mod`), path.join(work, 'go.mod'));
    await copyFile(path.join(sources, `go-${version}.sum`), path.join(work, 'go.sum'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** The temporary folder may lie on another file system than the cache. */
async function moveInto(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await copyFile(from, to);
  }
}
