import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 500;
/** Longer than the slowest build that was seen (seven minutes on two cores, from nothing), by a wide margin. */
const DEADLINE_MS = 45 * 60_000;

/** Runs `work` while holding a lock file, so that two processes never build the same thing at once. */
export async function withLock<T>(
  file: string,
  onWait: (ownerPid: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const deadline = Date.now() + DEADLINE_MS;
  let told = false;
  while (!(await tryLock(file))) {
    const owner = await readOwner(file);
    if (owner !== undefined && !isAlive(owner)) {
      await removeStale(file);
      continue;
    }
    if (owner !== undefined && !told) onWait(owner);
    told ||= owner !== undefined;
    if (Date.now() > deadline) {
      throw new Error(
        `waited ${DEADLINE_MS / 60_000} minutes for ${file}, held by process ${owner}; end it or remove the file`,
      );
    }
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(`${process.pid}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Moves the file away before judging it, since another waiter may have replaced it by its own lock meanwhile. */
async function removeStale(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
    const owner = await readOwner(aside);
    if (owner === undefined || isAlive(owner)) await link(aside, file);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EEXIST')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** undefined: just released, or just taken and not yet written. */
async function readOwner(file: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(file, 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
