/**
 * Bundles the programs, so that they need Node and nothing else: dist/operator.js, dist/webhook.js and dist/kubectl-protection.js, with
 * what they share, and what only some runs need, in dist/chunks.
 *
 *   node .ci/bundle.ts            writes dist/
 *   node .ci/bundle.ts --check    writes nothing there; fails if a program cannot be bundled, or if its bundle does not start
 */
import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build as esbuild, type Plugin } from 'esbuild';

const root = path.dirname(import.meta.dirname);
/** Name in dist/ → folder of its sources. */
const programs = { operator: 'operator', webhook: 'webhook', 'kubectl-protection': 'cli' } as const;

/**
 * A watch brings thousands of objects that die young, and V8 by default lets them fill a nursery of 48 MiB and half of the heap's limit
 * before it looks; at 150,000 pods that is 100 MiB, resident for good. NODE_OPTIONS allows only the first of these flags.
 */
const heapFlags = ['--max-semi-space-size=4', '--initial-old-space-size=48', '--heap-growing-percent=30'];

/** Libraries in CommonJS ask for Node's own modules by require, which a module does not have. */
const banner = `#!/usr/bin/env -S node ${heapFlags.join(' ')}
import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;
/** `--help` reads no cluster: what takes longer than this hangs. */
const startDeadlineMs = 30_000;

/** Returns the paths of the programs. */
export async function bundle(folder: string): Promise<readonly string[]> {
  const names = Object.keys(programs);
  const entryOf = (sources: string): string => path.join(root, sources, 'main.ts');
  const entries = Object.values(programs).map(entryOf);
  for (const entry of entries) {
    await access(entry).catch(() => {
      throw new Error(`there is nothing to bundle: ${path.relative(root, entry)} is missing`);
    });
  }
  // Chunks carry a digest in their names, so old ones would pile up.
  await rm(path.join(folder, 'chunks'), { recursive: true, force: true });
  const { warnings } = await esbuild({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(Object.entries(programs).map(([name, sources]) => [name, entryOf(sources)])),
    outdir: folder,
    bundle: true,
    // The client library alone is 20 MB of source, which only credential plugins need: loaded by import(), it stays out of memory.
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    // The map alone serves stack traces; with the sources it would be several times as large.
    sourcesContent: false,
    // Names stay what they are in stack traces, and in errors that are told apart by name.
    keepNames: true,
    banner: { js: banner },
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [withoutShebang(entries)],
  });
  const [warning] = warnings;
  if (warning !== undefined)
    throw new Error(`bundled with a warning: ${warning.text} (${warning.location?.file ?? 'no file'})`);
  const outputs = names.map((name) => path.join(folder, `${name}.js`));
  await Promise.all(outputs.map(async (output) => chmod(output, 0o755)));
  return outputs;
}

/** esbuild keeps an entry's own first line before the banner, whose shebang would then be a syntax error. */
function withoutShebang(entries: readonly string[]): Plugin {
  return {
    name: 'without-shebang',
    setup: (build) => {
      build.onLoad({ filter: /[/\\]main\.ts$/ }, async ({ path: file }) => {
        if (!entries.includes(file)) return undefined;
        // A comment in its place leaves the lines where they are.
        return { contents: (await readFile(file, 'utf8')).replace(/^#!/, '//'), loader: 'ts' };
      });
    },
  };
}

async function check(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bundle-'));
  try {
    // The bundles are modules only where a package.json says so.
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    for (const file of await bundle(folder)) {
      await promisify(execFile)(process.execPath, [file, '--help'], { timeout: startDeadlineMs, cwd: folder });
      console.log(`${path.basename(file)} starts`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  try {
    if (process.argv.includes('--check')) await check();
    else for (const file of await bundle(path.join(root, 'dist'))) console.log(path.relative(root, file));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
