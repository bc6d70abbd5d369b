/** `npm start` as its users meet it: what it prints, that the commands which it prints work, and that nothing of it is left behind. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';
import { stateRoot } from '../control-plane/state.ts';
import { waitUntil } from '../fleet/wait.ts';
import { runTool } from '../installation/target.ts';
import { isCapturing, writeTranscript, type Said } from './support/start-transcript.ts';

const script = path.join(import.meta.dirname, '..', 'start', 'main.ts');
/** Half a minute on an idle machine whose programs are built. */
const shownWithinMs = 180_000;
const endsWithinMs = 60_000;

interface Run {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<number | null>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const runs: Run[] = [];

/** Without the bootstrap that `npm start` puts before it: the run of this test has been through it. */
const start = (...args: readonly string[]): Run => {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk) => (text[name] += String(chunk)));
  const run: Run = {
    pid: child.pid!,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    exit: new Promise((resolve) => child.once('close', resolve)),
    kill: (signal) => void child.kill(signal),
  };
  runs.push(run);
  return run;
};

const printed = async (run: Run, words: string, where: 'stdout' | 'stderr' = 'stdout'): Promise<void> =>
  waitUntil(() => Promise.resolve(run[where]().includes(words) ? undefined : `it says: ${run.stderr()}`), {
    what: `"${words}" from npm start`,
    deadlineMs: shownWithinMs,
  });

const folderOf = ({ pid }: Run): string => path.join(stateRoot(), `start-${pid}`);

/** Every process of a run names its folder: the control plane's by their data, ours by their kubeconfigs. */
const leftovers = async (run: Run): Promise<readonly string[]> =>
  (await runTool('ps', ['-ww', '-A', '-o', 'command='], { deadlineMs: 10_000 }))
    .split('\n')
    .filter((line) => line.includes(`${folderOf(run)}/`));

const expectNothingLeft = async (run: Run): Promise<void> => {
  expect(await leftovers(run)).toEqual([]);
  expect(existsSync(folderOf(run))).toBe(false);
};

afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.kill('SIGTERM');
    await run.exit;
  }
});

describe('npm start', () => {
  test('with --once shows the report, checks it and leaves nothing behind', { timeout: 300_000 }, async () => {
    const run = start('--once', '--nodes', '20');
    expect(await run.exit, run.stderr()).toBe(0);
    expect(run.stdout()).toMatch(/^NAME +COMPLETE +PROTECTED % +NODES +WORKLOADS/m);
    expect(run.stdout()).toMatch(/^coveragereport\.\S+\/cluster +False +\d+\.\d +\d+\/\d+ +\d+\/\d+ /m);
    expect(run.stdout()).toMatch(/^workloadpolicy\.\S+\/baseline +Medium +False/m);
    expect(run.stdout()).toMatch(/^protectionagent\.\S+\/falco +Falco /m);
    expect(run.stdout()).toContain('container falco keeps crashing (CrashLoopBackOff)');
    // What agents told of themselves, and what one of them posted.
    expect(run.stdout()).toContain(
      'WorkloadPolicy shop requires a loaded rule for T1610 Deploy Container, and falco has none',
    );
    expect(run.stdout()).toContain(
      'falco has loaded the policy shop-rules.yaml otherwise than ConfigMap falco/falco-rules declares it',
    );
    expect(run.stdout()).toMatch(
      /^shop +compiler-in-container-checkout-\w+ +Medium +CompilerInContainer +Deployment\/checkout +Open /m,
    );
    await expectNothingLeft(run);
  });

  test('prints commands that work as printed, and ends at Ctrl-C', { timeout: 300_000 }, async () => {
    const run = start('--nodes', isCapturing() ? '60' : '20');
    await printed(run, 'Ctrl-C');
    const progress = run.stderr();
    expect(await leftovers(run)).not.toEqual([]);
    const { setup, commands } = offered(run.stdout());
    const said: Said[] = [];
    for (const command of commands) {
      // Warnings go to standard error; in a terminal the two are one.
      const shell = ['set -e', 'exec 2>&1', ...setup, command].join('\n');
      said.push({ command, printed: await runTool('bash', ['-c', shell], { deadlineMs: endsWithinMs }) });
    }
    const answers = said.map(({ printed: answer }) => answer).join('\n');
    const [before] = protectedNodes(run.stdout());
    const [broken, repaired] = protectedNodes(answers);
    expect(broken).toBeLessThan(before!);
    expect(repaired).toBe(before);
    expect(answers).toContain('(kubernetes.io/arch In [amd64]) excludes the node, which has kubernetes.io/arch=arm64');
    expect(answers).toContain('Deploy from inside  (shop-rules.yaml, falco), which is switched off');
    expect(answers).toContain('gcc -O2 --token=*** main.c');
    expect(answers).toContain('1 workload: 1 unprotected\nexit code 1');
    expect(answers).toMatch(/^Warning: WorkloadPolicy baseline: .*dedicated=gpu:NoSchedule/m);
    run.kill('SIGINT');
    expect(await run.exit, run.stderr()).toBe(0);
    await expectNothingLeft(run);
    const end = run.stderr().slice(progress.length);
    await writeTranscript({ pid: run.pid, progress, result: run.stdout(), said, end: end.replace(/^\n+/, '') });
  });

  test('cleans up when it is stopped halfway', { timeout: 300_000 }, async () => {
    const run = start('--nodes', '20');
    await printed(run, 'installing the chart', 'stderr');
    run.kill('SIGTERM');
    expect(await run.exit, run.stderr()).toBe(130);
    await expectNothingLeft(run);
  });

  test.each([
    [['--nodes', '7'], '--nodes takes a number from 20 to 1000, not 7'],
    [['--yes'], '--yes goes with --context'],
    [['--wrong'], "Unknown option '--wrong'"],
  ])('called with %j says what is wrong', async (args, words) => {
    const run = start(...args);
    expect(await run.exit).toBe(2);
    expect(run.stderr()).toContain(words);
  });
});

describe('npm start -- --context', () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane({ name: `start-context-${process.pid}`, kwok: false });
  });

  afterAll(() => plane?.stop());

  const kubectl = (...args: readonly string[]): Promise<string> =>
    runTool(plane.binaries.kubectl, ['--kubeconfig', plane.kubeconfig, ...args], { deadlineMs: 60_000 });
  const ours = ['get', 'crd,validatingwebhookconfiguration,clusterrole', '-o', 'name'];

  test('changes nothing where nobody can be asked', async () => {
    const run = start('--context', plane.name, '--kubeconfig', plane.kubeconfig);
    expect(await run.exit).toBe(2);
    expect(run.stderr()).toContain(`at ${plane.url}`);
    expect(run.stderr()).toContain('say so with --yes');
    expect(await kubectl(...ours)).not.toContain('workload');
  });

  test('does not scale down a product that runs there', async () => {
    await kubectl('create', 'namespace', 'workload-protection');
    await kubectl('-n', 'workload-protection', 'create', 'deployment', 'somebodys', '--image=registry.example.com/x:1');
    await kubectl(
      '-n',
      'workload-protection',
      'label',
      'deployment',
      'somebodys',
      '--overwrite',
      'app.kubernetes.io/name=workload-protection',
    );
    const run = start('--context', plane.name, '--kubeconfig', plane.kubeconfig, '--yes', '--once');
    expect(await run.exit).toBe(2);
    expect(run.stderr()).toContain('Deployment/somebodys');
    await kubectl('-n', 'workload-protection', 'delete', 'deployment', 'somebodys');
  });

  test('installs, reports, and says how to remove what it leaves', async () => {
    const run = start('--context', plane.name, '--kubeconfig', plane.kubeconfig, '--yes', '--once');
    expect(await run.exit, run.stderr()).toBe(0);
    expect(run.stdout()).toMatch(/^coveragereport\.\S+\/cluster /m);
    // Nobody answers, so nobody must be asked.
    expect(await kubectl('get', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', '-o', 'name')).toBe('');
    const [, remove, manifest] = /^ {2}kubectl (.* delete .* (\S+))$/m.exec(run.stdout()) ?? [];
    onTestFinished(() => rm(manifest!));
    await runTool('bash', ['-c', `${plane.binaries.kubectl} ${remove}`], { deadlineMs: endsWithinMs });
    expect(await kubectl(...ours)).not.toContain('workload');
  });
});

/** What is to be typed in another shell: what each command needs, and the commands, of which one may take several lines. */
const offered = (text: string): { readonly setup: readonly string[]; readonly commands: readonly string[] } => {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith('  export KUBECONFIG='));
  const last = lines.findIndex((line) => line.startsWith('  kubectl apply -f '));
  const typed = lines
    .slice(first, last + 1)
    .map((line) => line.slice(2))
    .filter((line) => line !== '' && !line.startsWith('#'));
  const setup = typed.filter((line) => /^(?:export|cd) /.test(line));
  const commands = typed
    .slice(setup.length)
    .join('\n')
    .split(/(?<!&&)\n/);
  return { setup, commands };
};

/** Of each row of a report: how many nodes are protected. */
const protectedNodes = (text: string): readonly number[] =>
  [...text.matchAll(/^(?:coveragereport\S+\/)?cluster +\w+ +[\d.]+ +(\d+)\/\d+ /gm)].map((match) => Number(match[1]));
