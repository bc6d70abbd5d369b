// A command that is run to its end, with everything that it says.
import { spawn, type SpawnOptionsWithoutStdio } from 'node:child_process';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  /** Warnings of admission webhooks come here. */
  readonly stderr: string;
}

/** Longer than any request of ours, and than starting Node and eight lists on busy cores: an API server that restarts must not hang a suite. */
const deadlineMs = 60_000;

/** `input` goes to standard input. Rejects where it cannot be started, or takes too long. */
export const sayAll = (
  program: string,
  args: readonly string[],
  input: string,
  options: Pick<SpawnOptionsWithoutStdio, 'cwd' | 'env'> = {},
): Promise<Said> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, signal: AbortSignal.timeout(deadlineMs) });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    // It may end before it has read everything.
    child.stdin.once('error', () => {});
    child.stdin.end(input);
  });
