import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { versions } from '../versions.ts';
import { isToolBinary } from './names.ts';
import type { BinaryName } from './names.ts';

/** Where a program lies once it was fetched or built: one folder per version and platform. */
export interface BinaryCache {
  readonly root: string;
  readonly folderOf: (name: BinaryName, kubernetesVersion: string) => string;
}

export function binaryCache(environment: NodeJS.ProcessEnv, platform: string): BinaryCache {
  const base = environment['XDG_CACHE_HOME'] || path.join(environment['HOME'] || os.homedir(), '.cache');
  const root = path.join(base, 'workload-protection-operator', 'control-plane');
  return {
    root,
    // The tools have versions of their own, so that another Kubernetes version does not build them again.
    folderOf: (name, kubernetesVersion) =>
      path.join(
        root,
        isToolBinary(name) ? `${name}-${versions[name]}-${platform}` : `${kubernetesVersion}-${platform}`,
      ),
  };
}

/** `linux-amd64`, as Go and the release archives spell it. */
export function platformName(platform: NodeJS.Platform, architecture: NodeJS.Architecture): string {
  const names: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };
  const name = names[architecture];
  if (name === undefined || (platform !== 'linux' && platform !== 'darwin')) {
    throw new Error(
      `no control plane for ${platform} on ${architecture}: Linux and macOS, on x64 and arm64, are supported`,
    );
  }
  return `${platform}-${name}`;
}

export async function presentIn<Name extends string>(folder: string, names: readonly Name[]): Promise<Set<Name>> {
  const found = await Promise.all(
    names.map(async (name) => ((await isExecutable(path.join(folder, name))) ? name : undefined)),
  );
  return new Set(found.filter((name) => name !== undefined));
}

/** Fills a temporary folder and moves it into place, so that a broken build never looks like a finished one. */
export async function installAtomically(folder: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  const temporary = await mkdtemp(`${folder}.incomplete-`);
  try {
    await fill(temporary);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
