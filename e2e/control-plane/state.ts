import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Ports } from './arguments.ts';
import type { Binaries } from './binaries/locate.ts';
import { isOurs, isRunning, stopProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';

/** Stopped from the outside in: whoever needs another goes first, or it spends its last seconds on errors. */
export const stopOrder = ['kwok', 'kube-controller-manager', 'kube-scheduler', 'kube-apiserver', 'etcd'] as const;
export type ProcessName = (typeof stopOrder)[number];

/** All that another process must know to use, show or stop a control plane; kept as `state.json` in its folder. */
export interface ControlPlaneState {
  readonly name: string;
  readonly directory: string;
  readonly startedAt: string;
  readonly binaries: Binaries;
  readonly url: string;
  readonly ports: Ports;
  readonly adminToken: string;
  readonly processes: Readonly<Partial<Record<ProcessName, ManagedProcess>>>;
  /** The process on whose behalf it runs; absent where it shall outlive its starter. */
  readonly ownerPid?: number;
  readonly apiServerArguments: readonly string[];
}

export function stateRoot(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_STATE_HOME'] || path.join(environment['HOME'] || os.homedir(), '.local', 'state');
  return path.join(base, 'workload-protection-operator');
}

/** A name becomes a folder and a kubeconfig context. */
export function checkName(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(name)) {
    throw new Error(`"${name}" is no name for a control plane: use lower-case letters, digits and hyphens, at most 42`);
  }
  return name;
}

export async function writeState(state: ControlPlaneState): Promise<void> {
  await mkdir(state.directory, { recursive: true, mode: 0o700 });
  const file = stateFile(state.directory);
  // Renamed into place, so that nobody reads half of it. It holds the administrator's token.
  await writeFile(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

export async function readState(directory: string): Promise<ControlPlaneState | undefined> {
  try {
    return JSON.parse(await readFile(stateFile(directory), 'utf8')) as ControlPlaneState;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${stateFile(directory)}`, { cause: error });
  }
}

export async function listStates(root: string = stateRoot()): Promise<readonly ControlPlaneState[]> {
  let names: string[];
  try {
    names = await readdir(root);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const states = await Promise.all(names.sort().map(async (name) => readState(path.join(root, name))));
  return states.filter((state) => state !== undefined);
}

export async function runningProcesses(state: ControlPlaneState): Promise<readonly ManagedProcess[]> {
  const processes = stopOrder.map((name) => state.processes[name]).filter((child) => child !== undefined);
  const running = await Promise.all(processes.map(async (child) => isOurs(child.pid, state.directory)));
  return processes.filter((_, index) => running[index]);
}

/** Ends every process in order, then removes the folder with all data. */
export async function stopAll(state: ControlPlaneState, log: (line: string) => void = () => {}): Promise<void> {
  for (const child of await runningProcesses(state)) {
    log(`stopping ${child.name}`);
    await stopProcess(child, state.directory);
  }
  await rm(state.directory, { recursive: true, force: true, maxRetries: 3 });
}

/** Ends what was started by processes that died without cleaning up, a test run that was killed for one. */
export async function stopOrphans(log: (line: string) => void, root: string = stateRoot()): Promise<void> {
  for (const state of await listStates(root)) {
    if (state.ownerPid === undefined || isRunning(state.ownerPid)) continue;
    log(`removing control plane ${state.name}, left behind by process ${state.ownerPid}`);
    await stopAll(state);
  }
}

const stateFile = (directory: string): string => path.join(directory, 'state.json');
