// One way to keep a generated file: written anew, or, with --check on the command line, only compared.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

/** `file` from the repository's root; `script` is what writes it, for the message. */
export async function keepGenerated(file: string, text: string, script: string): Promise<void> {
  const full = path.join(root, file);
  // A file that is not there yet is out of date.
  const stored = await readFile(full, 'utf8').catch(() => '');
  if (stored === text) return;
  if (process.argv.includes('--check')) {
    console.error(`${file} is out of date: run "node ${script}"`);
    process.exitCode = 1;
    return;
  }
  await writeFile(full, text);
  console.log(file);
}

/** Cells of a Markdown table: a bar would end one. */
export const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;

export const code = (text: string): string => (text === '' ? '' : `\`${text}\``);
