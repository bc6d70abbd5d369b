/**
 * Writes what follows from crds/schema: the CustomResourceDefinitions, their copy in the chart, and the API reference.
 *
 *   node crds/generate.ts            writes
 *   node crds/generate.ts --check    writes nothing and fails if a file is out of date
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { customResourceDefinition } from './definition.ts';
import { kinds } from './kinds.ts';
import { apiReference } from './reference.ts';
import { group } from './schema/vocabulary.ts';

const header = '# Generated from crds/schema by "npm run generate". Do not edit.\n';

/** Path from the root of the repository → content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const definitions = kinds.map((table): readonly [string, string] => [
    `${group}_${table.plural}.yaml`,
    // Long lines stay long: where a line breaks must not depend on the version of a library.
    header + dump(customResourceDefinition(table), { lineWidth: -1, noRefs: true }),
  ]);
  return new Map([
    ...definitions.map(([name, content]) => [`crds/${name}`, content] as const),
    // Helm installs CRDs only from a directory inside the chart.
    ...definitions.map(([name, content]) => [`charts/workload-protection/crds/${name}`, content] as const),
    ['docs/reference/api.md', apiReference(kinds)] as const,
  ]);
}

/** One line per file that is missing or differs, with the first line that does. */
export async function outdatedFiles(root: string): Promise<readonly string[]> {
  const reports = [...generatedFiles()].map(async ([path, wanted]) => {
    const present = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (present === wanted) return [];
    if (present === undefined) return [`${path}: missing`];
    const [wantedLines, presentLines] = [wanted.split('\n'), present.split('\n')];
    const line = wantedLines.findIndex((text, index) => text !== presentLines[index]);
    const at = line === -1 ? wantedLines.length : line;
    return [`${path}:${at + 1}: is "${presentLines[at]?.trim() ?? ''}", should be "${wantedLines[at]?.trim() ?? ''}"`];
  });
  return (await Promise.all(reports)).flat();
}

async function main(): Promise<void> {
  const root = dirname(import.meta.dirname);
  if (process.argv.includes('--check')) {
    const outdated = await outdatedFiles(root);
    if (outdated.length === 0) return;
    console.error(`Generated files are out of date; run "npm run generate":\n  ${outdated.join('\n  ')}`);
    process.exitCode = 1;
    return;
  }
  for (const [path, content] of generatedFiles()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    console.log(path);
  }
}

if (import.meta.main) await main();
