import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly deadlineMs: number;
  /** Called with each line of both streams. */
  readonly onLine?: (line: string) => void;
}

/** Lines of a failed command that are worth showing. */
const TAIL_LINES = 25;

/** Runs a command to its end and gives its standard output; a failure shows the last lines that it wrote. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  const output: string[] = [];
  const tail: string[] = [];
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    output.push(line);
    keep(line);
  });
  createInterface({ input: child.stderr }).on('line', keep);
  const shown = [command, ...args].join(' ');
  const { code, killedBy } = await new Promise<{ code: number | null; killedBy: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', (error) => reject(new Error(`could not run ${shown}: ${error.message}`, { cause: error })));
      child.once('close', (code, killedBy) => resolve({ code, killedBy }));
    },
  );
  if (code !== 0) {
    const end = code === null ? `was ended by ${killedBy}` : `ended with code ${code}`;
    throw new Error(`${shown} ${end}; its last lines:\n${tail.map((line) => `  ${line}`).join('\n')}`);
  }
  return output.join('\n');
}
