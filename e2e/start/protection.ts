// `kubectl protection` of this working copy.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runTool } from '../installation/target.ts';
import { quoted } from './show.ts';

export type Protection = (args: readonly string[]) => Promise<string>;

const main = path.join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const deadlineMs = 60_000;

/** Runs it; gives its standard output. */
export const protectionFor =
  (kubeconfig: string, signal: AbortSignal): Protection =>
  async (args) =>
    runTool(process.execPath, [main, ...args, '--kubeconfig', kubeconfig], { deadlineMs, signal });

/** Puts it where kubectl finds it in the PATH; gives the folder. */
export const linkProtection = async (directory: string): Promise<string> => {
  const folder = path.join(directory, 'bin');
  await mkdir(folder, { recursive: true });
  const script = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(main)} "$@"\n`;
  await writeFile(path.join(folder, 'kubectl-protection'), script, { mode: 0o755 });
  return folder;
};
