// Writes every generated file anew. `npm run check` fails where one is out of date.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scripts = [
  'crds/generate.ts',
  '.ci/chart-values.ts',
  '.ci/reasons.ts',
  '.ci/metrics-reference.ts',
  '.ci/flags-reference.ts',
  '.ci/cli-reference.ts',
  '.ci/ready-made-agents.ts',
];
for (const script of scripts) {
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
