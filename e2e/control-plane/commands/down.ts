import path from 'node:path';
import { checkName, listStates, readState, stateRoot, stopAll } from '../state.ts';
import { kindDown } from './kind.ts';

export interface DownRequest {
  readonly name: string;
  readonly all: boolean;
  readonly provider: 'processes' | 'kind';
}

/** Stops a control plane and removes its data; asking for what is not there is no failure. */
export async function down(request: DownRequest): Promise<number> {
  if (request.provider === 'kind') {
    await kindDown(request.name);
    return 0;
  }
  const named = await readState(path.join(stateRoot(), checkName(request.name)));
  const states = request.all ? await listStates() : [named].filter((state) => state !== undefined);
  if (states.length === 0) {
    const others = (await listStates()).map((state) => state.name).join(', ');
    console.log(
      request.all ? 'Nothing is running.' : `No control plane "${request.name}" (there is ${others || 'none at all'}).`,
    );
  }
  for (const state of states) {
    await stopAll(state, (line) => console.error(line));
    console.log(`Control plane "${state.name}" is stopped, its data removed.`);
  }
  return 0;
}
