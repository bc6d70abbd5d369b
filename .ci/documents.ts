// Every Markdown file of ours, for the tests that hold documents against the repository.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.dirname(import.meta.dirname);

/** Not ours, or made while running. */
const foreign = new Set(['node_modules', 'dist', '.git', '.state']);

/** Path from the root → text. */
export const readDocuments = (): ReadonlyMap<string, string> =>
  new Map(
    globSync('**/*.md', { cwd: root, exclude: (name) => foreign.has(path.basename(name)) })
      .toSorted()
      .map((file) => [file, readFileSync(path.join(root, file), 'utf8')]),
  );
