// Which folder may import which: the arrows of docs/architecture.md, held by reading import lines. The core stays pure, adapters
// stay at the edge, and the two processes never reach into each other.
import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Boundary {
  /** Folders of ours. */
  readonly folders: readonly string[];
  /** Packages, `node:` for all of Node's own. */
  readonly packages: readonly string[];
}

const anything: Boundary = { folders: ['*'], packages: ['*'] };

export const boundaries: Readonly<Record<string, Boundary>> = {
  domain: { folders: [], packages: [] },
  agents: { folders: ['domain'], packages: ['js-yaml'] },
  crds: { folders: [], packages: ['zod'] },
  kube: { folders: ['domain'], packages: ['undici', '@kubernetes/client-node', 'js-yaml', 'node:'] },
  facts: { folders: ['domain', 'kube', 'crds'], packages: ['node:'] },
  process: { folders: [], packages: ['pino', 'pino-pretty', 'prom-client', 'node:'] },
  certificates: { folders: ['kube', 'facts'], packages: ['@peculiar/x509', 'reflect-metadata', 'node:'] },
  operator: {
    folders: ['domain', 'agents', 'kube', 'crds', 'facts', 'process', 'certificates'],
    packages: ['express', 'prom-client', 'node:'],
  },
  webhook: {
    folders: ['domain', 'agents', 'kube', 'crds', 'facts', 'process', 'certificates'],
    packages: ['express', 'prom-client', 'zod', 'node:'],
  },
  cli: {
    folders: ['domain', 'agents', 'kube', 'crds', 'facts', 'process'],
    packages: ['js-yaml', 'node:'],
  },
  charts: anything,
  e2e: anything,
  bench: anything,
  '.ci': anything,
};

/** Files that are tools or tests: they may use more than the folder they stand in. */
const isExempt = (file: string): boolean => /\.(test|case)\.ts$|\/testing\/|^crds\/generate\.ts$/.test(file);

/** What the core may not contain: it decides from what it is given. */
const impure =
  /\b(?:async\b|await\b|Date\.now|new Date\(\)|Math\.random|process\.|console\.|setTimeout|setInterval|performance\.)/;

/** Every wrong arrow, as `file: what is wrong`. */
export const violations = (files: ReadonlyMap<string, string>): readonly string[] =>
  [...files].flatMap(([file, text]) =>
    isExempt(file) ? [] : [...wrongImports(file, text), ...impurities(file, text)],
  );

const wrongImports = (file: string, text: string): readonly string[] => {
  const folder = file.split('/')[0] ?? '';
  const boundary = boundaries[folder];
  if (boundary === undefined) return [`${file}: its top-level folder ${folder} has no boundary in .ci/boundaries.ts`];
  return importsOf(text).flatMap((specifier) => {
    if (!specifier.startsWith('.')) {
      const name = builtinModules.includes(specifier) || specifier.startsWith('node:') ? 'node:' : packageOf(specifier);
      return allows(boundary.packages, name) ? [] : [`${file}: may not import the package ${specifier}`];
    }
    const target = join(dirname(file), specifier).split('/')[0] ?? '';
    return target === folder || allows(boundary.folders, target) ? [] : [`${file}: ${folder} may not import ${target}`];
  });
};

const impurities = (file: string, text: string): readonly string[] => {
  if (!file.startsWith('domain/')) return [];
  return text.split('\n').flatMap((line, index) => {
    const found = impure.exec(line.replace(/\/\/.*$|^\s*\/?\*.*$|'[^']*'|`[^`]*`/g, ''));
    return found === null ? [] : [`${file}:${index + 1}: the core may not use ${found[0]}`];
  });
};

const importsOf = (text: string): readonly string[] =>
  [
    ...text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? '');

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const allows = (list: readonly string[], name: string): boolean => list.includes('*') || list.includes(name);

export const sourceFiles = (root: string): ReadonlyMap<string, string> =>
  new Map(
    globSync('{domain,agents,crds,kube,facts,process,operator,webhook,cli,certificates,charts,e2e,bench,.ci}/**/*.ts', {
      cwd: root,
    }).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );

if (import.meta.main) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const found = violations(sourceFiles(root));
  for (const line of found) process.stderr.write(`${line}\n`);
  process.stderr.write(`${relative('.', root) || '.'}: ${found.length} wrong arrows\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
