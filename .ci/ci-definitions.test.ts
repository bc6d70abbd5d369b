// The definitions in docs/ci are run by others, elsewhere: here their commands meet the program that they call.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCheckFlags } from '../cli/check-flags.ts';

const root = path.dirname(import.meta.dirname);
const read = (file: string): unknown => load(readFileSync(path.join(root, 'docs', 'ci', file), 'utf8'));
const folder = mkdtempSync(path.join(os.tmpdir(), 'ci-definitions-'));
const world = path.join(root, 'cli', 'testing', 'world');
const corpus = path.join(root, 'cli', 'testing', 'corpus');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly runs: {
    readonly steps: readonly [{ readonly env: Readonly<Record<string, string>>; readonly run: string }];
  };
}

describe('the GitHub Action', () => {
  const { inputs, runs } = read('github/action.yml') as Action;
  const [{ env, run }] = runs.steps;
  /** It installs packages where they are not as locked, which under a test would pull them away from whoever else runs. */
  const bootstrap = '"$ACTION/../../../.ci/bootstrap.mjs" cli/main.ts';

  const script = run.replace(bootstrap, `"${root}/cli/main.ts"`);

  test('starts the program through what makes a clone runnable', () => {
    expect(run).toContain(bootstrap);
    expect(existsSync(path.join(root, '.ci/bootstrap.mjs'))).toBe(true);
  });

  /** As a runner does it: inputs into the environment, and the script by bash. */
  const runAction = (given: Readonly<Record<string, string>>) => {
    const values = Object.entries(env).map(([name, expression]) => {
      const [, input = ''] = /inputs\.([\w-]+)/.exec(expression) ?? [];
      return [name, given[input] ?? inputs[input]?.default ?? ''];
    });
    const outputs = {
      GITHUB_STEP_SUMMARY: path.join(folder, 'summary.md'),
      GITHUB_OUTPUT: path.join(folder, 'output'),
    };
    for (const file of Object.values(outputs)) rmSync(file, { force: true });
    const { status, stdout } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        ...Object.fromEntries(values),
        ACTION: path.join(root, 'docs', 'ci', 'github'),
        ...outputs,
      },
    });
    return {
      status,
      stdout,
      summary: readFileSync(outputs.GITHUB_STEP_SUMMARY, 'utf8'),
      output: readFileSync(outputs.GITHUB_OUTPUT, 'utf8'),
    };
  };

  const files = { policies: `${world}/policies.yaml`, nodes: `${world}/nodes.yaml`, agents: `${world}/falco.yaml` };

  test('annotates what would run unprotected, writes summary and SARIF, and fails', () => {
    const { status, stdout, summary, output } = runAction({
      ...files,
      files: `${corpus}\n`,
      'sarif-file': 'out.sarif',
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^::error file=.*training\.json,line=8,title=AgentMissing::Job ml\/train/m);
    expect(summary).toContain('| Unprotected | Job | ml/train');
    expect(output).toBe('exit-code=1\n');
    expect(JSON.parse(readFileSync(path.join(folder, 'out.sarif'), 'utf8'))).toMatchObject({ version: '2.1.0' });
  });

  test('passes what is protected, from several paths', () => {
    const { status, output } = runAction({
      ...files,
      files: `${corpus}/ingress-controller.yaml\n${corpus}/database.yaml`,
    });
    expect([status, output]).toEqual([0, 'exit-code=0\n']);
  });

  test('takes an input for a path, and never for a command', () => {
    const { status } = runAction({ ...files, files: `$(touch ${folder}/ran); \`touch ${folder}/ran\`` });
    expect(status).toBe(2);
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).not.toContain('ran\n');
  });
});

const flagsIn = (command: string): readonly string[] =>
  (/kubectl-protection check (.*)/.exec(command)?.[1] ?? '')
    .replaceAll(/ ?"\$@"/g, '')
    .replaceAll('"$PROTECTION_FAIL_ON"', 'Incomplete')
    .split(' ')
    .map((word) => word.replaceAll('"', ''));

test('the GitLab template calls check with flags that it has, and publishes what it writes', () => {
  const job = (
    read('gitlab.yml') as Record<string, { script: readonly string[]; artifacts: { reports: Record<string, string> } }>
  )['runtime-protection'];
  const script = job?.script.join('\n') ?? '';
  expect(parseCheckFlags(flagsIn(script))).toMatchObject({ offline: true, failOn: 'Incomplete' });
  for (const file of Object.values(job?.artifacts.reports ?? {})) expect(script).toContain(`> ${file}`);
  expect(script).toMatch(/--output gitlab > gl-code-quality-report\.json/);
});

test('the pre-commit hook calls check with flags that it has', () => {
  const { repos } = read('pre-commit-config.yaml') as {
    repos: readonly { hooks: readonly { entry: string; files: string }[] }[];
  };
  const hook = repos[0]?.hooks[0];
  expect(parseCheckFlags(flagsIn(hook?.entry ?? ''))).toMatchObject({ files: ['manifests'], offline: true });
  expect('manifests/shop/web.yaml').toMatch(new RegExp(hook?.files ?? '^$'));
});
