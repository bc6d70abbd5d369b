// Paths → texts: files, folders with all that is below them in a stable order, and standard input as `-`.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Io } from '../verb.ts';

export interface SourceText {
  /** As it was given, for people and for CI systems; undefined for standard input. */
  readonly file: string | undefined;
  readonly text: string;
}

/** What could not be read, and where. It never stops what else there is. */
export interface Problem {
  readonly file: string | undefined;
  /** From 1; undefined where the whole file is meant. */
  readonly line: number | undefined;
  readonly message: string;
}

export interface SourceTexts {
  readonly texts: readonly SourceText[];
  readonly problems: readonly Problem[];
}

const manifestNames = /\.(?:ya?ml|json)$/i;
/** The manifests of a large platform together are a few megabytes; a dump of 5,000 nodes is 60. */
const largestText = 256 * 1024 * 1024;

export const readPaths = async (paths: readonly string[], io: Io): Promise<SourceTexts> => {
  const texts: SourceText[] = [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const given of paths) {
    if (given === '-') {
      if (seen.has(given)) continue;
      seen.add(given);
      texts.push({ file: undefined, text: await readAll(io.stdin) });
      continue;
    }
    try {
      for (const file of await filesOf(given, io.cwd)) {
        // Named twice, or in a folder that is named as well: once is enough.
        const full = path.resolve(io.cwd, file);
        if (seen.has(full)) continue;
        seen.add(full);
        texts.push({ file, text: await readText(full) });
      }
    } catch (error) {
      problems.push({ file: given, line: undefined, message: whyUnread(error) });
    }
  }
  return { texts, problems };
};

const filesOf = async (given: string, cwd: string): Promise<readonly string[]> => {
  const found = await stat(path.resolve(cwd, given));
  if (!found.isDirectory()) return [given];
  const entries = await readdir(path.resolve(cwd, given), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && manifestNames.test(entry.name))
    .map((entry) => path.relative(path.resolve(cwd, given), path.join(entry.parentPath, entry.name)))
    .filter((file) => !file.split(path.sep).some((part) => part.startsWith('.') || part === 'node_modules'))
    .sort();
  if (files.length === 0) throw new Error('there is no file *.yaml, *.yml or *.json in this folder');
  return files.map((file) => path.join(given, file));
};

const readText = async (file: string): Promise<string> => {
  const { size } = await stat(file);
  if (size > largestText) throw new Error(`it has ${size} bytes, and ${largestText} are the most that is read`);
  return readFile(file, 'utf8');
};

const readAll = async (stdin: Io['stdin']): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > largestText) throw new Error(`standard input has more than ${largestText} bytes, the most that is read`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const whyUnread = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or folder';
  if (code === 'EACCES') return 'it may not be read';
  return message;
};
