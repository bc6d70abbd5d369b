// Programs of ours whose starter was killed before it could stop them. Their control planes are found again by their state; these only by
// their kubeconfigs, which lie in the folder of such a control plane.
import { isRunning } from '../control-plane/processes.ts';
import { listStates } from '../control-plane/state.ts';
import { runTool } from './target.ts';

const deadlineMs = 10_000;

/** To be called before the folders are removed, so before the next control plane is started. */
export const stopOrphanPrograms = async (log: (line: string) => void): Promise<void> => {
  const orphaned = (await listStates()).filter(({ ownerPid }) => ownerPid !== undefined && !isRunning(ownerPid));
  if (orphaned.length === 0) return;
  const processes = await runTool('ps', ['-ww', '-A', '-o', 'pid=,command='], { deadlineMs });
  for (const { pid, folder } of orphansIn(
    processes,
    orphaned.map(({ directory }) => directory),
  )) {
    log(`ending process ${pid}, left behind with ${folder}`);
    try {
      // Its cluster is gone or about to be: there is nothing for it to finish.
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
};

/** Out of the lines of `ps`, those of programs with a kubeconfig in one of these folders. */
export const orphansIn = (
  processes: string,
  folders: readonly string[],
): readonly { readonly pid: number; readonly folder: string }[] =>
  processes.split('\n').flatMap((line) => {
    const folder = folders.find((candidate) => line.includes(` --kubeconfig=${candidate}/kubeconfigs/`));
    const pid = Number.parseInt(line, 10);
    return folder === undefined || Number.isNaN(pid) ? [] : [{ pid, folder }];
  });
