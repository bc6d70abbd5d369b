import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { CheckReport } from './judge/result.ts';
import { runCli } from './run.ts';
import { anIo } from './testing/io.ts';

const world = path.join(import.meta.dirname, 'testing', 'world');
const corpus = path.join(import.meta.dirname, 'testing', 'corpus');
const now = Date.parse('2026-06-01T00:00:00Z');
const files = [`--policies=${world}/policies.yaml`, `--nodes=${world}/nodes.yaml`, `--agents=${world}/falco.yaml`];

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(path.join(os.tmpdir(), 'check-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const run = async (
  args: readonly string[],
  options: { stdin?: string; isTTY?: boolean; env?: Record<string, string> } = {},
) => {
  const io = anIo({ cwd, now, ...options });
  const code = await runCli(['check', ...args], io);
  return { code, out: io.out(), err: io.err() };
};

const judge = async (stdin: string, args: readonly string[] = files): Promise<CheckReport> => {
  const { out } = await run(['-f', '-', ...args, '-o', 'json'], { stdin });
  return JSON.parse(out) as CheckReport;
};

const deployment = (name: string, spec: object = {}, metadata: object = {}) =>
  JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...metadata },
    spec: {
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec } },
    },
  });
const onGpu = { nodeSelector: { pool: 'gpu' }, tolerations: [{ operator: 'Exists' }] };
const onGeneral = { nodeSelector: { pool: 'general' } };
const anywhere = {
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
};

describe('the exit code', () => {
  test.each<readonly [string, string, readonly string[], number]>([
    ['0 where all is protected', deployment('a', onGeneral), files, 0],
    ['1 where something would run unprotected', deployment('a', onGpu), files, 1],
    ['0 where only some nodes are unprotected and no policy minds', deployment('a', anywhere), files, 0],
    ['1 then, where Warning fails', deployment('a', anywhere), [...files, '--fail-on=Warning'], 1],
    ['0 where NoAgent fails, and this is less', deployment('a', anywhere), [...files, '--fail-on', 'NoAgent'], 0],
    ['2 where no agent is known of', deployment('a'), ['--offline'], 2],
    ['2 where nothing was read', '', files, 2],
    ['0 where there is only what runs no pods', '{"apiVersion": "v1", "kind": "ConfigMap"}', files, 0],
    ['2 where a document is broken', `${deployment('a', onGeneral)}\n---\na: [`, files, 2],
    ['1 where a document is broken and another unprotected', `${deployment('a', onGpu)}\n---\na: [`, files, 1],
    [
      '2 for a verdict of Unknown, and not 1, where Warning fails',
      deployment('a'),
      ['--offline', '--fail-on=Warning'],
      2,
    ],
  ])('is %s', async (_, stdin, args, code) => {
    expect((await run(['-f', '-', ...args], { stdin })).code).toBe(code);
  });

  it('is 1 for some nodes where a policy minds any', async () => {
    const namespace =
      '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "p", "labels": {"stage": "production"}}}';
    const report = await judge(`${namespace}\n---\n${deployment('a', anywhere, { namespace: 'p' })}`);
    expect(report).toMatchObject({ exitCode: 1, results: [{ verdict: 'Partly', state: 'NoAgent' }] });
  });
});

describe('called wrongly', () => {
  test.each<readonly [string, readonly string[], RegExp]>([
    ['with nothing to check', [], /say what to check/],
    ['with a flag that there is not', ['-f', 'x', '--wat'], /--wat/],
    ['with a format that there is not', ['-f', 'x', '-o', 'csv'], /one of table, wide, json/],
    ['with a state that cannot fail', ['-f', 'x', '--fail-on', 'Unknown'], /one of Warning, Incomplete/],
    ['with a cluster and without', ['-f', 'x', '--offline', '--context', 'c'], /--offline/],
    ['with standard input twice', ['-f', '-', '--policies', '-'], /once/],
    ['with an agent and no nodes', ['--agents', 'x'], /--nodes/],
    [
      'with a kubeconfig that is not there',
      ['-f', 'x', '--kubeconfig', '/nowhere/config'],
      /cannot read the kubeconfig/,
    ],
  ])('%s it says so with code 2', async (_, args, words) => {
    const { code, err, out } = await run(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(words);
  });

  test.each([
    [['nonsense'], 2],
    [['--help'], 0],
    [[], 0],
    [['check', '--help'], 0],
    [['help', 'check'], 0],
  ])('%j ends with %i', async (args, code) => {
    const io = anIo({});
    expect(await runCli(args, io)).toBe(code);
    expect(code === 0 ? io.out() : io.err()).toContain('kubectl protection');
  });
});

describe('the world', () => {
  it('has the agent that the same manifests install', async () => {
    const falco = `{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "falco", "namespace": "falco"}, "spec": {"template":
      {"metadata": {"labels": {"app.kubernetes.io/name": "falco"}}, "spec": {"containers": [{"name": "falco", "image": "falcosecurity/falco:0.44.1"}]}}}}`;
    const report = await judge(`${deployment('a')}\n---\n${falco}`, ['--offline']);
    expect(report.results.map(({ kind, verdict }) => [kind, verdict])).toEqual([
      ['Deployment', 'Protected'],
      ['DaemonSet', 'Agent'],
    ]);
  });

  it('has no agent whose protection is switched off', async () => {
    const datadog = `{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "datadog", "namespace": "datadog"}, "spec": {"template":
      {"metadata": {"labels": {"agent.datadoghq.com/component": "agent"}}, "spec": {"containers": [{"name": "agent", "image": "gcr.io/datadoghq/agent:7.81.1"}]}}}}`;
    const report = await judge(`${deployment('a', onGeneral)}\n---\n${datadog}`, [`--nodes=${world}/nodes.yaml`]);
    expect(report.results[0]).toMatchObject({ name: 'a', verdict: 'Unprotected', state: 'NoProtection' });
    expect(report.results[0]?.gaps[0]?.reason).toBe('ProtectionDisabled');
  });

  it('has policies among the manifests, and names what they ask that files cannot tell', async () => {
    const policy = `{"apiVersion": "workloadprotection.dev/v1alpha1", "kind": "WorkloadPolicy", "metadata": {"name": "strict"},
      "spec": {"selector": {}, "require": {"evidence": "Loaded", "mitre": [{"tactic": "TA0002"}]}, "admission": {"mode": "Deny"}}}`;
    const report = await judge(`${deployment('a', onGeneral)}\n---\n${policy}`, [
      `--nodes=${world}/nodes.yaml`,
      `--agent=${world}/falco.yaml`,
    ]);
    expect(report.results[0]?.policies).toMatchObject([{ name: 'strict', admission: 'Deny', verdict: 'Protected' }]);
    expect(report.notes).toContainEqual(
      expect.stringMatching(/strict also requires the evidence Loaded and parts of MITRE/),
    );
  });

  it('counts a policy that does not fit its schema as a problem, with its line', async () => {
    await writeFile(
      path.join(cwd, 'policy.yaml'),
      '\napiVersion: workloadprotection.dev/v1alpha1\nkind: WorkloadPolicy\nmetadata:\n  name: bad\nspec: {selector: {}, require: {evidence: Sure}}\n',
    );
    const { err, code } = await run(['-f', '-', '--policies=policy.yaml'], { stdin: deployment('a') });
    expect(err).toMatch(/^policy\.yaml:5: WorkloadPolicy bad does not fit its schema: spec\.require\.evidence/m);
    expect(code).toBe(2);
  });

  it('is judged in the namespace that is given where a manifest names none', async () => {
    const report = await judge(deployment('a', onGpu), [...files, '-n', 'lab']);
    expect(report.results[0]).toMatchObject({ namespace: 'lab' });
  });

  it('leaves out what others own, as their owners are judged', async () => {
    const owner = { ownerReferences: [{ apiVersion: 'x/v1', kind: 'Rollout', name: 'r', uid: 'u', controller: true }] };
    expect(await judge(deployment('a', onGpu, owner))).toMatchObject({ results: [], skipped: { Deployment: 1 } });
  });
});

describe('an agent alone', () => {
  it('is held against every pool', async () => {
    const { code, out } = await run([`--nodes=${world}/nodes.yaml`, `--agent=${world}/falco.yaml`, '-o', 'yaml']);
    expect(code).toBe(1);
    expect((load(out) as CheckReport).results).toMatchObject([
      {
        checks: 'Reach',
        name: 'falco',
        verdict: 'Partly',
        nodes: { total: 6, protected: 3 },
        pools: [
          { name: 'fargate', verdict: 'Unprotected' },
          { name: 'general', verdict: 'Protected' },
          { name: 'gpu', verdict: 'Unprotected' },
          { name: 'sandbox', verdict: 'Protected' },
          { name: 'windows', verdict: 'Unprotected' },
        ],
      },
    ]);
  });

  it('cannot be told from the values of its chart', async () => {
    await writeFile(path.join(cwd, 'values.yaml'), 'tolerations: []\n');
    const { code, err } = await run([`--nodes=${world}/nodes.yaml`, '--agent=values.yaml']);
    expect(code).toBe(2);
    expect(err).toContain('helm template');
  });
});

describe('the output', () => {
  it('is a table with each cause once', async () => {
    const { out } = await run(['-f', corpus, ...files]);
    expect(out.match(/does not tolerate the taint dedicated=gpu/g)).toHaveLength(1);
    expect(out).toContain('16 workloads: 5 unprotected, 3 partly, 7 protected, 1 exempt');
    expect(out).not.toContain('\u001B');
  });

  test.each<readonly [string, readonly string[], Record<string, string>, boolean]>([
    ['on a terminal', [], {}, true],
    ['not where NO_COLOR is set', [], { NO_COLOR: '1' }, false],
    ['not with --no-color', ['--no-color'], {}, false],
  ])('has colours %s', async (_, args, env, has) => {
    const { out } = await run(['-f', corpus, ...files, ...args], { isTTY: true, env });
    expect(out.includes('\u001B[31m')).toBe(has);
  });

  it('holds no control characters of a manifest, in no format', async () => {
    const stdin = deployment(
      'a',
      { ...onGpu, runtimeClassName: 'kata\u001B[2J\u202E' },
      { namespace: 'n\u001B]0;x\u0007' },
    );
    for (const format of ['table', 'wide', 'github', 'markdown', 'junit']) {
      const { out } = await run(['-f', '-', ...files, '-o', format], { stdin });
      // eslint-disable-next-line no-control-regex -- these are the characters that are meant
      expect(out).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
    }
  });
});

describe('annotations that break the glass', () => {
  const until = (end: string, reason = 'the shop is down, INC-7') => ({
    'workloadprotection.dev/break-glass': reason,
    'workloadprotection.dev/break-glass-until': end,
  });
  const pod = (annotations: object): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'urgent', namespace: 'shop', annotations },
      spec: { containers: [{ name: 'c', image: 'i:1' }], ...onGpu },
    });
  const strict = JSON.stringify({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'WorkloadPolicy',
    metadata: { name: 'strict' },
    spec: { admission: { mode: 'Deny', breakGlass: 'Forbidden' } },
  });

  it.each<[string, string, string]>([
    ['hold until their end', pod(until('2026-06-02T00:00:00Z')), 'holds until 2026-06-02T00:00:00.000Z'],
    [
      'do not hold past it',
      pod(until('2026-05-01T00:00:00Z')),
      'does not hold: its end, 2026-05-01T00:00:00.000Z, is past',
    ],
    ['do not hold without a reason', pod(until('2026-06-02T00:00:00Z', 'fix')), 'does not hold: its reason is shorter'],
    [
      'do not help where a policy forbids them',
      `${pod(until('2026-06-02T00:00:00Z'))}\n---\n${strict}`,
      'does not help: WorkloadPolicy strict forbids it',
    ],
  ])('%s, and change no verdict', async (_, stdin, words) => {
    const { results, notes } = await judge(stdin);
    expect(results[0]).toMatchObject({ verdict: 'Unprotected', breakGlass: expect.stringContaining(words) as string });
    expect(notes).toContainEqual(expect.stringContaining(`Pod shop/urgent: its break-glass ${words}`));
  });
});

describe('what the operator said of nodes, saved beside them', () => {
  const saved = (state: string, more: object = {}): string => {
    const nodes = [
      { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } } },
      {
        apiVersion: 'workloadprotection.dev/v1alpha1',
        kind: 'CoverageReport',
        metadata: { name: 'cluster' },
        status: { evaluatedAt: '2026-05-30T00:00:00Z' },
      },
      {
        apiVersion: 'workloadprotection.dev/v1alpha1',
        kind: 'CoverageSlice',
        metadata: { name: 'cluster-nodes-0' },
        spec: { report: 'cluster', assets: 'Nodes', index: 0, of: 1, ...more },
        profiles: [{ id: 'a', state, agents: [{ name: 'falco', state, evidence: 'Running' }], names: ['n1'] }],
      },
    ];
    return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes });
  };
  const judgeBy = async (file: string, ...more: readonly string[]): Promise<CheckReport> => {
    await writeFile(path.join(cwd, 'saved.json'), file);
    return judge(deployment('a'), ['--nodes=saved.json', ...more]);
  };

  it.each<[string, string, string]>([
    ['protects', saved('Protected'), 'Protected'],
    ['does not protect', saved('Failed'), 'Unprotected'],
    ['is in a snapshot', saved('Protected', { report: 'january', frozen: true }), 'Protected'],
  ])('counts where it %s', async (_, file, verdict) => {
    const { results, notes } = await judgeBy(file);
    expect(results[0]?.verdict).toBe(verdict);
    expect(notes[0]).toMatch(
      /^judged by files: what agents do on nodes is as CoverageReport (?:cluster|january) had it/,
    );
  });

  it('is older than an agent that is given with it', async () => {
    const nobody = saved('NoAgent').replace(/"agents":\[[^\]]*\]/, '"agents":[]');
    expect((await judgeBy(nobody)).results[0]?.verdict).toBe('Unprotected');
    expect((await judgeBy(nobody, `--agents=${world}/falco.yaml`)).results[0]?.verdict).toBe('Protected');
  });
});

describe('pools and values, before there are nodes and manifests', () => {
  const pools = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: { name: general }
spec:
  template:
    metadata: { labels: { team: shop } }
    spec:
      startupTaints: [{ key: node.cilium.io/agent-not-ready, effect: NoExecute }]
      requirements:
        - { key: kubernetes.io/arch, operator: In, values: [amd64, arm64] }
        - { key: kubernetes.io/os, operator: In, values: [linux] }
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: { name: gpu }
spec: { template: { spec: { taints: [{ key: nvidia.com/gpu, value: 'true', effect: NoSchedule }] } } }
---
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata: { name: shop }
managedNodeGroups:
  - { name: batch, taints: [{ key: dedicated, value: batch, effect: NoSchedule }] }
nodeGroups:
  - { name: db, labels: { tier: db }, taints: { dedicated: 'db:NoSchedule' } }
  - { name: desktop, amiFamily: WindowsServer2022FullContainer }
`;
  const reach = async (file: string, values: string): Promise<CheckReport> => {
    await writeFile(path.join(cwd, 'pools.yaml'), pools);
    await writeFile(path.join(cwd, file), values);
    const { out } = await run(['--nodes=pools.yaml', `--agent=${file}`, '-o', 'json']);
    return JSON.parse(out) as CheckReport;
  };
  const reached = ({ results }: CheckReport): Record<string, string> =>
    Object.fromEntries((results[0]?.pools ?? []).map(({ name, verdict, nodes }) => [name, `${verdict} ${nodes}`]));

  it('tell which pools an agent reaches with the values of its chart', async () => {
    const some = await reach('falco-values.yaml', 'tolerations: [{ key: dedicated, operator: Exists }]');
    expect(reached(some)).toEqual({
      general: 'Protected 2',
      gpu: 'Unprotected 1',
      batch: 'Protected 1',
      db: 'Protected 1',
      desktop: 'Unprotected 1',
    });
    expect(some.exitCode).toBe(1);
    expect(some.results[0]?.gaps.map(({ cause }) => cause).join()).toContain('nvidia.com/gpu=true:NoSchedule');
  });

  it.each<[string, string, string, string]>([
    ['its own where none are given', 'falco.yaml', 'tty: true', 'Unprotected 1'],
    ['those of another chart', 'tetragon.yaml', 'exportDirectory: /var/run', 'Protected 1'],
    ['those below its name', 'platform-falco.yaml', 'falco: { tolerations: [{ operator: Exists }] }', 'Protected 1'],
  ])('take for tolerations %s', async (_, file, values, gpu) => {
    expect(reached(await reach(file, values))['gpu']).toBe(gpu);
  });

  it.each<[string, string, string]>([
    ['values of a chart that is not known', 'other.yaml', 'tolerations: []'],
    ['Falco as a Deployment', 'falco-plugins.yaml', 'controller: { kind: deployment }'],
    ['what is no YAML', 'falco-broken.yaml', 'a: ['],
  ])('say that nothing can be told of %s', async (_, file, values) => {
    const { exitCode, problems } = await reach(file, values);
    expect([exitCode, problems.length > 0]).toEqual([2, true]);
  });
});
