import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './binaries/run.ts';

/** A process of a control plane, known by its pid so that another run of the command line can end it. */
export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
}

export interface SpawnRequest {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly log: string;
}

const POLL_MS = 50;
/** An API server with open watches takes a second or two; one that is still there after this hangs. */
const TERMINATION_DEADLINE_MS = 20_000;
const KILL_DEADLINE_MS = 5_000;

/**
 * Starts a process in a group of its own: Ctrl-C in the terminal must reach only us, who then stop things in order.
 * Its output goes to a file, not through us, so that it can outlive us.
 */
export async function startProcess(request: SpawnRequest): Promise<ManagedProcess> {
  const log = openSync(request.log, 'a');
  try {
    const child = spawn(request.command, [...request.arguments], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, KUBECONFIG: '' },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) =>
        reject(new Error(`could not start ${request.command}: ${error.message}`, { cause: error })),
      );
      child.once('spawn', () => {
        if (child.pid === undefined) reject(new Error(`${request.command} started without a process id`));
        else resolve(child.pid);
      });
    });
    child.unref();
    return { name: request.name, pid, log: request.log };
  } finally {
    closeSync(log);
  }
}

/** Waits until `ready` says yes; throws with the last lines of the log if the process dies or the deadline passes. */
export async function waitUntilReady(
  child: ManagedProcess,
  ready: () => Promise<boolean>,
  deadlineMs: number,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await ready())) {
    if (!isRunning(child.pid)) throw new Error(await describeFailure(child, 'died while starting'));
    if (Date.now() > deadline) {
      throw new Error(await describeFailure(child, `was not ready after ${deadlineMs / 1000} s`));
    }
    await delay(POLL_MS);
  }
}

/** SIGTERM, a wait, SIGKILL. Touches the process only if it is still the one that was started. */
export async function stopProcess(child: ManagedProcess, belongsTo: string): Promise<void> {
  if (!(await isOurs(child.pid, belongsTo))) return;
  signal(child.pid, 'SIGTERM');
  if (await hasEnded(child.pid, TERMINATION_DEADLINE_MS)) return;
  signal(child.pid, 'SIGKILL');
  if (!(await hasEnded(child.pid, KILL_DEADLINE_MS))) {
    throw new Error(`${child.name} (process ${child.pid}) does not end, even by SIGKILL`);
  }
}

export async function killProcess(child: ManagedProcess, belongsTo: string): Promise<void> {
  if (!(await isOurs(child.pid, belongsTo))) return;
  signal(child.pid, 'SIGKILL');
  if (!(await hasEnded(child.pid, KILL_DEADLINE_MS))) {
    throw new Error(`${child.name} (process ${child.pid}) does not end by SIGKILL`);
  }
}

/** A pid may have been given to a stranger since; every process of ours names the folder of its control plane. */
export async function isOurs(pid: number, belongsTo: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  try {
    const command =
      process.platform === 'linux'
        ? (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
        : await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { deadlineMs: 10_000 });
    return command.includes(belongsTo);
  } catch {
    return false;
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The last lines of a log, read from its end: logs of a long run are large. */
export async function lastLines(file: string, count: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, 16_384);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
  } finally {
    await handle.close();
  }
}

async function describeFailure(child: ManagedProcess, what: string): Promise<string> {
  const lines = (await lastLines(child.log, 15)).split('\n').map((line) => `  ${line}`);
  return `${child.name} ${what}; the last lines of ${child.log}:\n${lines.join('\n')}`;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function hasEnded(pid: number, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + deadlineMs;
  while (isRunning(pid)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
