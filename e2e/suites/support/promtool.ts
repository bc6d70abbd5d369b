// promtool, which judges whether metrics follow the conventions of Prometheus. Debian's package holds it; it is unpacked into the
// cache, not installed, since installing it would start a Prometheus.
import { access, constants, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { installAtomically } from '../../control-plane/binaries/cache.ts';
import { run } from '../../control-plane/binaries/run.ts';

const deadlineMs = 180_000;

/** Where it is, or why there is none: the suite that needs it then says so. */
export type Promtool = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly why: string };

export const findPromtool = async (environment: NodeJS.ProcessEnv = process.env): Promise<Promtool> => {
  const folders = (environment['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  for (const folder of [...folders, path.join(cacheFolder(environment), 'usr', 'bin')]) {
    const file = path.join(folder, 'promtool');
    if (await isExecutable(file)) return { ok: true, path: file };
  }
  return { ok: false, why: 'no promtool in PATH' };
};

/** Finds it, or unpacks Debian's package of it. Nobody's rights are needed beyond an index of packages, which only root can fetch. */
export const obtainPromtool = async (environment: NodeJS.ProcessEnv = process.env): Promise<Promtool> => {
  const found = await findPromtool(environment);
  if (found.ok) return found;
  try {
    await unpack(cacheFolder(environment));
  } catch (error) {
    if (process.getuid?.() !== 0) return missing(error);
    try {
      await run('apt-get', ['update'], { deadlineMs });
      await unpack(cacheFolder(environment));
    } catch (again) {
      return missing(again);
    }
  }
  return findPromtool(environment);
};

const missing = (error: unknown): Promtool => ({
  ok: false,
  why: `promtool is missing and could not be had from Debian's package prometheus (${firstLine(error)}): install it, or put it into PATH`,
});

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

const cacheFolder = (environment: NodeJS.ProcessEnv): string =>
  path.join(
    environment['XDG_CACHE_HOME'] || path.join(environment['HOME'] ?? '/', '.cache'),
    'workload-protection-operator',
    'promtool',
  );

const unpack = async (folder: string): Promise<void> => {
  await mkdir(path.dirname(folder), { recursive: true });
  await installAtomically(folder, async (temporary) => {
    await run('apt-get', ['download', 'prometheus'], { cwd: temporary, deadlineMs });
    const archive = (await readdir(temporary)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    await run('dpkg-deb', ['--extract', archive, '.'], { cwd: temporary, deadlineMs });
  });
};

const isExecutable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
