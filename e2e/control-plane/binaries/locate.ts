import path from 'node:path';
import { parseKubernetesVersion, versions } from '../versions.ts';
import { archiveUrl, fetchArchive } from './archive.ts';
import { buildKubernetes, buildTool, hasGo } from './build.ts';
import { binaryCache, installAtomically, platformName, presentIn } from './cache.ts';
import type { BinaryCache } from './cache.ts';
import { withLock } from './lock.ts';
import { allBinaries, envtestBinaries, kubernetesBinaries } from './names.ts';
import type { BinaryName } from './names.ts';
import { planBinaries } from './plan.ts';
import type { ProgressOutput } from './progress.ts';
import { run } from './run.ts';

export interface LocateOptions {
  /** Default: the version of KUBEBUILDER_ASSETS if that is set, else the pinned one. */
  readonly kubernetesVersion?: string;
  readonly wanted?: readonly BinaryName[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly output?: ProgressOutput;
}

export interface Binaries {
  readonly kubernetesVersion: string;
  readonly paths: Readonly<Record<BinaryName, string>>;
}

/** Finds every program of the control plane, fetching or building what is not there yet. */
export async function locateBinaries(options: LocateOptions = {}): Promise<Binaries> {
  const environment = options.environment ?? process.env;
  const output = options.output ?? process.stderr;
  const wanted = options.wanted ?? allBinaries;
  const platform = platformName(process.platform, process.arch);
  const cache = binaryCache(environment, platform);
  const assets = await inspectAssets(environment['KUBEBUILDER_ASSETS'], options.kubernetesVersion, output);
  const version = assets.version ?? parseKubernetesVersion(options.kubernetesVersion ?? versions.kubernetes);

  const plan = planBinaries(wanted, {
    assets: assets.names,
    cache: await cached(cache, version),
    go: true,
  });
  if (plan.build.kubernetes.length + plan.build.tools.length > 0) {
    // One lock for all versions: two builds at once would only be slower, and they share the tools.
    const lock = path.join(cache.root, 'build.lock');
    const onWait = (pid: number): void => {
      output.write(`process ${pid} is building the control plane; waiting for it\n`);
    };
    await withLock(lock, onWait, async () => fillCache(cache, version, platform, wanted, assets.names, output));
  }
  const fromAssets = new Set(plan.fromAssets);
  const pathOf = (name: BinaryName): string =>
    path.join(
      fromAssets.has(name) && assets.folder !== undefined ? assets.folder : cache.folderOf(name, version),
      name,
    );
  return {
    kubernetesVersion: version,
    paths: Object.fromEntries(allBinaries.map((name) => [name, pathOf(name)])) as Record<BinaryName, string>,
  };
}

async function fillCache(
  cache: BinaryCache,
  version: string,
  platform: string,
  wanted: readonly BinaryName[],
  assets: ReadonlySet<BinaryName>,
  output: ProgressOutput,
): Promise<void> {
  const go = await hasGo();
  // Again, now under the lock: whoever held it may have done the work.
  const plan = planBinaries(wanted, { assets, cache: await cached(cache, version), go });
  let kubernetes = plan.build.kubernetes;
  let archiveFailure = '';
  if (plan.fromArchive.length > 0) {
    try {
      output.write(`fetching ${archiveUrl(version, platform)}\n`);
      const folder = cache.folderOf('etcd', version);
      await installAtomically(folder, async (temporary) => fetchArchive(version, platform, temporary));
      kubernetes = kubernetes.filter((name) => !plan.fromArchive.includes(name));
    } catch (error) {
      archiveFailure = error instanceof Error ? error.message : String(error);
      output.write(`no envtest archive: ${archiveFailure}\n`);
    }
  }
  const missing = [...kubernetes, ...plan.build.tools];
  if (missing.length === 0) return;
  if (!go) throw new Error(missingMessage(missing, version, cache.root, archiveFailure));
  if (kubernetes.length > 0) {
    const folder = cache.folderOf('etcd', version);
    await installAtomically(folder, async (temporary) => buildKubernetes(version, temporary, output));
  }
  for (const tool of plan.build.tools) {
    const folder = cache.folderOf(tool, version);
    await installAtomically(folder, async (temporary) => buildTool(tool, temporary, output));
  }
}

export function missingMessage(
  missing: readonly BinaryName[],
  version: string,
  cacheRoot: string,
  archiveFailure: string,
): string {
  const tools = missing.filter((name) => !envtestBinaries.some((candidate) => candidate === name));
  return [
    `The control plane needs ${missing.join(', ')} (Kubernetes ${version}), which are neither in KUBEBUILDER_ASSETS nor in ${cacheRoot}.`,
    ...(archiveFailure === '' ? [] : [`The envtest archive could not be fetched: ${archiveFailure}.`]),
    'Supply them in one of three ways:',
    '  1. install Go (1.26 or newer, https://go.dev/doc/install) and run this again: all of them are then built, in about 10 minutes;',
    '  2. set KUBEBUILDER_ASSETS to a folder that holds them as executables under these names;',
    `  3. reach the internet, for the envtest archive (${envtestBinaries.join(', ')}${tools.length > 0 ? `; it lacks ${tools.join(', ')}` : ''}).`,
  ].join('\n');
}

async function cached(cache: BinaryCache, version: string): Promise<Set<BinaryName>> {
  const found = await Promise.all(allBinaries.map(async (name) => presentIn(cache.folderOf(name, version), [name])));
  return new Set(found.flatMap((names) => Array.from(names)));
}

interface Assets {
  readonly folder?: string;
  readonly version?: string;
  readonly names: ReadonlySet<BinaryName>;
}

/** The scheduler must not be newer than the API server, so the version of the assets decides on all the rest. */
async function inspectAssets(
  folder: string | undefined,
  wantedVersion: string | undefined,
  output: ProgressOutput,
): Promise<Assets> {
  if (folder === undefined || folder === '') return { names: new Set() };
  const names = await presentIn<BinaryName>(folder, allBinaries);
  if (names.size === 0) {
    throw new Error(
      `KUBEBUILDER_ASSETS is ${folder}, which holds none of ${kubernetesBinaries.join(', ')}: correct or unset it`,
    );
  }
  if (!names.has('kube-apiserver')) return { folder, names };
  const printed = await run(path.join(folder, 'kube-apiserver'), ['--version'], { deadlineMs: 60_000 });
  const version = parseKubernetesVersion(/v1\.\d+\.\d+/.exec(printed)?.[0] ?? printed);
  if (wantedVersion !== undefined && parseKubernetesVersion(wantedVersion) !== version) {
    output.write(`KUBEBUILDER_ASSETS holds Kubernetes ${version}, asked for is ${wantedVersion}: not used\n`);
    return { names: new Set() };
  }
  return { folder, version, names };
}
