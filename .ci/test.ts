// All tests, in the order in which they tell most for least: checks, unit tests, end-to-end tests on a real control plane. Ends
// with one plain line of totals, in which each check counts as one, and so does having a control plane to test on.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateBinaries } from '../e2e/control-plane/binaries/locate.ts';
import { runChecks } from './check.ts';

interface Totals {
  readonly passed: number;
  readonly failed: number;
}

/** What vitest's JSON reporter says of a run. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const runVitest = (project: string): Totals => {
  const folder = mkdtempSync(join(tmpdir(), 'workload-protection-test-'));
  const outputFile = join(folder, 'report.json');
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--project',
        project,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${outputFile}`,
      ],
      { cwd: root, stdio: 'inherit' },
    );
    const report = JSON.parse(readFileSync(outputFile, 'utf8')) as VitestReport;
    // A file that fails before its first test has no failed test to be counted by.
    const brokenFiles = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length;
    const failed = report.numFailedTests + brokenFiles;
    return { passed: report.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
  } catch (error) {
    process.stdout.write(`the ${project} tests did not finish: ${String(error)}\n`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const titled = (title: string, run: () => Totals): Totals => {
  process.stdout.write(`\n=== ${title}\n`);
  const began = performance.now();
  const totals = run();
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  process.stdout.write(`=== ${title}: ${totals.passed} passed, ${totals.failed} failed in ${minutes} min\n`);
  return totals;
};

/** Here, so that no suite waits for a build in the middle, and those that render the chart find Helm. */
const prepare = async (): Promise<Totals> => {
  try {
    await locateBinaries({});
    return { passed: 1, failed: 0 };
  } catch (error) {
    process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { passed: 0, failed: 1 };
  }
};

const prepared = await prepare();
const all = [
  prepared,
  titled('checks', runChecks),
  titled('unit tests', () => runVitest('unit')),
  titled('end-to-end tests', () => runVitest('e2e*')),
];
const passed = all.reduce((sum, totals) => sum + totals.passed, 0);
const failed = all.reduce((sum, totals) => sum + totals.failed, 0);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
