// Everything that is true of the sources without running the product: types, lint, format, boundaries, dead code, generated files.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** How to mend what it finds. */
  readonly hint: string;
}

export const checks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', '.'], hint: 'mend the types' },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings', '.'], hint: 'mend what oxlint names' },
  { name: 'format', command: ['oxfmt', '--check', '.'], hint: 'run npm run format' },
  { name: 'boundaries', command: ['node', '.ci/boundaries.ts'], hint: 'see docs/architecture.md for the arrows' },
  { name: 'dead code', command: ['knip'], hint: 'remove what nobody uses' },
  { name: 'generated CRDs', command: ['node', 'crds/generate.ts', '--check'], hint: 'run npm run generate' },
  { name: 'generated chart values', command: ['node', '.ci/chart-values.ts', '--check'], hint: 'run npm run generate' },
  { name: 'generated reasons', command: ['node', '.ci/reasons.ts', '--check'], hint: 'run npm run generate' },
  { name: 'generated metrics', command: ['node', '.ci/metrics-reference.ts', '--check'], hint: 'run npm run generate' },
  { name: 'generated flags', command: ['node', '.ci/flags-reference.ts', '--check'], hint: 'run npm run generate' },
  {
    name: 'generated command reference',
    command: ['node', '.ci/cli-reference.ts', '--check'],
    hint: 'run npm run generate',
  },
  {
    name: 'generated ready-made agents',
    command: ['node', '.ci/ready-made-agents.ts', '--check'],
    hint: 'run npm run generate',
  },
  { name: 'bundle', command: ['node', '.ci/bundle.ts', '--check'], hint: 'mend what esbuild names' },
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Runs every check, says how each ended, and answers how many passed and failed. */
export const runChecks = (): { readonly passed: number; readonly failed: number } => {
  let failed = 0;
  for (const { name, command, hint } of checks) {
    const began = performance.now();
    const [program = '', ...args] = command;
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (status === 0) process.stdout.write(`ok    ${name} (${seconds} s)\n`);
    else {
      failed++;
      process.stdout.write(`FAIL  ${name} (${seconds} s): ${hint}\n${stdout ?? ''}${stderr ?? ''}\n`);
    }
  }
  return { passed: checks.length - failed, failed };
};

if (import.meta.main) process.exitCode = runChecks().failed === 0 ? 0 : 1;
