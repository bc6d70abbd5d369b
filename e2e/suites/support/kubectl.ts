// kubectl as a user types it, with everything that it says.
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { ControlPlane } from '../../control-plane/start.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  /** Warnings of admission webhooks come here. */
  readonly stderr: string;
}

export interface Kubectl {
  /** Throws where kubectl fails; gives what it printed. */
  (args: readonly string[], input?: unknown): Promise<string>;
  /** Gives what was said, whether it fails or not. `input` goes to standard input, as JSON where it is no text. */
  readonly say: (args: readonly string[], input?: unknown) => Promise<Said>;
}

/** Longer than any request of ours: an API server that restarts must not hang a suite. */
const deadlineMs = 60_000;

export const kubectlOf = (plane: Pick<ControlPlane, 'binaries' | 'kubeconfig' | 'directory'>): Kubectl => {
  const say = (args: readonly string[], input?: unknown): Promise<Said> =>
    new Promise((resolve, reject) => {
      const child = spawn(
        plane.binaries.kubectl,
        ['--kubeconfig', plane.kubeconfig, '--cache-dir', path.join(plane.directory, 'kubectl-cache'), ...args],
        {
          signal: AbortSignal.timeout(deadlineMs),
        },
      );
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
      // kubectl may end before it has read everything.
      child.stdin.once('error', () => {});
      child.stdin.end(input === undefined || typeof input === 'string' ? (input ?? '') : JSON.stringify(input));
    });
  const kubectl = async (args: readonly string[], input?: unknown): Promise<string> => {
    const { code, stdout, stderr } = await say(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout;
  };
  return Object.assign(kubectl, { say });
};
