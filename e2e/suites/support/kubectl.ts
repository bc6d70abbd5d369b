// kubectl as a user types it, with everything that it says.
import path from 'node:path';
import type { ControlPlane } from '../../control-plane/start.ts';
import { sayAll, type Said } from './said.ts';

export interface Kubectl {
  /** Throws where kubectl fails; gives what it printed. */
  (args: readonly string[], input?: unknown): Promise<string>;
  /** Gives what was said, whether it fails or not. `input` goes to standard input, as JSON where it is no text. */
  readonly say: (args: readonly string[], input?: unknown) => Promise<Said>;
}

export const kubectlOf = (plane: Pick<ControlPlane, 'binaries' | 'kubeconfig' | 'directory'>): Kubectl => {
  const always = ['--kubeconfig', plane.kubeconfig, '--cache-dir', path.join(plane.directory, 'kubectl-cache')];
  const say: Kubectl['say'] = (args, input = '') =>
    sayAll(plane.binaries.kubectl, [...always, ...args], typeof input === 'string' ? input : JSON.stringify(input));
  const kubectl = async (args: readonly string[], input?: unknown): Promise<string> => {
    const { code, stdout, stderr } = await say(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout;
  };
  return Object.assign(kubectl, { say });
};
