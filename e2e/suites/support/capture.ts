// What a user types and is told, kept for the documentation: written only where UPDATE_CAPTURES=1 asks for it, so that a test never
// changes the tree by itself.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const folder = path.join(import.meta.dirname, '..', '..', '..', 'docs', 'captured');

/** Each transcript is a command line and what it printed. */
export const capture = async (
  file: string,
  ...transcripts: readonly (readonly [command: string, printed: string])[]
): Promise<void> => {
  if (process.env['UPDATE_CAPTURES'] !== '1') return;
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, file),
    transcripts.map(([command, printed]) => `$ ${command}\n${printed}`).join('\n'),
  );
};
