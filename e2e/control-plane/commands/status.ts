import { filesIn } from '../files.ts';
import { listStates, runningProcesses } from '../state.ts';

/** Shows every control plane of this user; exit code 1 if one has lost a process. */
export async function status(): Promise<number> {
  const states = await listStates();
  if (states.length === 0) console.log('No control plane. Start one: npm run control-plane -- up');
  let broken = false;
  for (const state of states) {
    const running = await runningProcesses(state);
    const wanted = Object.values(state.processes);
    const lost = wanted.filter((child) => !running.some((other) => other.pid === child.pid));
    broken ||= lost.length > 0;
    console.log(
      `${state.name}  Kubernetes ${state.binaries.kubernetesVersion}  ${state.url}  since ${state.startedAt}`,
    );
    console.log(`  kubeconfig  ${filesIn(state.directory).adminKubeconfig}`);
    console.log(`  running     ${running.map((child) => `${child.name} ${child.pid}`).join(', ') || 'nothing'}`);
    for (const child of lost) console.log(`  NOT RUNNING ${child.name}, log ${child.log}`);
    if (state.ownerPid !== undefined) console.log(`  belongs to  process ${state.ownerPid}`);
  }
  return broken ? 1 : 0;
}
