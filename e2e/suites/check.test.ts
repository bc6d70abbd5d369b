// `kubectl protection check` as a user runs it: the bundled program, found by the real kubectl in the PATH, over the cluster with a
// viewer's rights, over files that were saved from it, and over what the real helm renders. The webhook is asked the same.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckReport } from '../../cli/judge/result.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { falco } from '../fleet/agents.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { chart } from '../installation/render.ts';
import { runTool } from '../installation/target.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { installProtection, viewerOf, type Protection } from './support/protection.ts';
import { createAll, deployment, namespace, node } from './support/small-fleet.ts';
import type { Said } from './support/said.ts';
import { startWorld, type World } from './support/world.ts';

/** Starting Node and eight lists take a second; the rest is for busy cores. */
const deadlineMs = 60_000;

let world: World;
let installed: Protection;
let folder = '';
/** Of an account that may see, and nothing else. */
let viewer = '';
/** Of one that may not even see nodes: what the cluster role `view` gives. */
let halfBlind = '';

const gpuTaint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };
const onGpu = { nodeSelector: { pool: 'gpu' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }] };

const shop: Manifest = deployment('shop', 'web', { spec: { nodeSelector: { pool: 'general' } } });
const train: Manifest = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'train', namespace: 'shop' },
  spec: {
    template: {
      metadata: { labels: { app: 'train' } },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'train', image: 'registry.example.com/ml/train:5' }],
        ...onGpu,
      },
    },
  },
};
/** Nobody minds a pod that has a protected node to land on. */
const batch: Manifest = deployment('shop', 'batch', { spec: { tolerations: onGpu.tolerations } });

const policy: Manifest = {
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name: 'shop' },
  spec: {
    selector: { namespaceSelector: { matchLabels: { team: 'shop' } } },
    require: { agents: [{ name: 'falco' }] },
    admission: { mode: 'Deny' },
  },
};

beforeAll(async () => {
  world = await startWorld('check');
  installed = await installProtection(world, 'check');
  ({ folder } = installed);
  const agents = falco();
  await createAll(world.cluster, [
    namespace('falco'),
    namespace('shop', { team: 'shop' }),
    node('general-1', { pool: 'general' }),
    node('general-2', { pool: 'general' }),
    { ...node('gpu-1', { pool: 'gpu' }), spec: { taints: [gpuTaint] } },
    ...agents,
  ]);
  await world.install({ starterPolicy: { spec: { gracePeriod: '0s' } } });
  await create(policy);
  await Promise.all([world.startOperator(), world.startWebhook()]);
  viewer = await viewerOf(world, 'viewer', ['nodes', 'runtimeclasses']);
  halfBlind = await viewerOf(world, 'half-blind');
  const files: Readonly<Record<string, readonly Manifest[]>> = {
    'shop.yaml': [shop],
    'batch.yaml': [batch],
    'train.yaml': [train],
  };
  await mkdir(path.join(folder, 'manifests'));
  for (const [name, objects] of Object.entries(files)) {
    await writeFile(path.join(folder, 'manifests', name), objects.map((object) => dump(object)).join('---\n'));
  }
  await writeFile(path.join(folder, 'shop-policy.yaml'), dump(policy));
  await eventually(async () => {
    const { nodes } = await world.verdicts();
    expect([nodes.get('general-1')?.state, nodes.get('general-2')?.state]).toEqual(['Protected', 'Protected']);
    expect(nodes.get('gpu-1')?.state).toBe('NoAgent');
  });
});

afterAll(() => world?.stop());

const create = (object: Manifest): Promise<string> => world.kubectl(['create', '-f', '-'], object);

/** `kubectl protection …`, in the folder with the manifests. */
const protection: Protection['say'] = (args, how) => installed.say(args, how);

const verdictsOf = ({ stdout }: Said): Readonly<Record<string, string>> => {
  const { results } = JSON.parse(stdout) as CheckReport;
  return Object.fromEntries(results.map(({ kind, name, verdict }) => [`${kind}/${name}`, verdict]));
};

const expected = { 'Deployment/web': 'Protected', 'Deployment/batch': 'Partly', 'Job/train': 'Unprotected' };

describe('over the cluster', () => {
  test('a viewer is told which manifests would run unprotected, why, and what mends it', async () => {
    const said = await protection(['check', '-f', 'manifests', '-o', 'json'], { kubeconfig: viewer });
    expect(said.stderr).toBe('');
    expect(verdictsOf(said)).toEqual(expected);
    expect(said.code).toBe(1);
    const shown = await protection(['check', '-f', 'manifests'], { kubeconfig: viewer });
    expect(shown.stdout).toMatch(/^Unprotected +Job +shop\/train +0\/1 +AgentMissing +.*shop/m);
    expect(shown.stdout).toContain('DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule');
    expect(shown.stdout).not.toContain('you may not');
    await capture('check-live.txt', ['kubectl protection check -f manifests', shown.stdout]);
  });

  test('the webhook says the same', async () => {
    const { results } = JSON.parse(
      (await protection(['check', '-f', 'manifests', '-o', 'json'], { kubeconfig: viewer })).stdout,
    ) as CheckReport;
    const causeOf = (name: string) => results.find((result) => result.name === name)?.gaps[0]?.cause ?? 'none';
    await eventually(async () => {
      const refused = await world.kubectl.say(['create', '--dry-run=server', '-f', '-'], train);
      expect(refused.stderr).toContain(causeOf('train'));
      expect(refused.stderr).toContain('will be unprotected');
    });
    for (const fine of [shop, batch]) {
      const { code, stderr } = await world.kubectl.say(['create', '--dry-run=server', '-f', '-'], fine);
      expect([code, stderr]).toEqual([0, '']);
    }
  });

  test('what may not be seen is said, and the rest is judged', async () => {
    const said = await protection(['check', '-f', 'manifests', '-o', 'json'], { kubeconfig: halfBlind });
    const { notes, results } = JSON.parse(said.stdout) as CheckReport;
    expect(notes).toEqual([
      expect.stringMatching(/^you may not list nodes: each workload is judged on a node such as it asks for/),
      expect.stringMatching(/^you may not list runtimeclasses\.node\.k8s\.io:/),
    ]);
    expect(results).toHaveLength(3);
    expect(results.every(({ hypothetical }) => hypothetical)).toBe(true);
  });

  test('an agent that the manifests mend is taken as it will be', async () => {
    const mended = falco({ tolerations: [{ operator: 'Exists' }] });
    const said = await protection(['check', '-f', 'manifests', '-f', '-', '-o', 'json'], {
      kubeconfig: viewer,
      input: mended.map((object) => dump(object)).join('---\n'),
    });
    expect(verdictsOf(said)).toEqual({
      'Deployment/web': 'Protected',
      'Deployment/batch': 'Protected',
      'Job/train': 'Protected',
      'DaemonSet/falco': 'Agent',
    });
    expect(said.code).toBe(0);
  });

  test('one that cannot be reached is an error with code 2, and no verdict', async () => {
    const { code, stdout, stderr } = await protection(['check', '-f', 'manifests']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('/nowhere/kubeconfig');
  });
});

describe('over files', () => {
  const files = ['--policies=policies.yaml', '--nodes=nodes.yaml', '--agents=agents.yaml'];

  beforeAll(async () => {
    await writeFile(path.join(folder, 'nodes.yaml'), await world.kubectl(['get', 'nodes', '-o', 'yaml']));
    await writeFile(path.join(folder, 'policies.yaml'), await world.kubectl(['get', 'wpol', '-o', 'yaml']));
    const agents = await world.kubectl(['get', 'daemonsets,configmaps', '-n', 'falco', '-o', 'yaml']);
    await writeFile(path.join(folder, 'agents.yaml'), agents);
    await writeFile(path.join(folder, 'namespaces.yaml'), await world.kubectl(['get', 'ns', '-o', 'yaml']));
  });

  test('that were saved from the cluster the verdicts are the same, without it', async () => {
    const said = await protection(['check', '-f', 'manifests', '-f', 'namespaces.yaml', ...files, '-o', 'json']);
    expect(verdictsOf(said)).toEqual(expected);
    expect(said.code).toBe(1);
  });

  test('with what the operator says of the nodes saved beside them, they are the same without any agent among the files', async () => {
    const saved = await world.kubectl(['get', 'nodes,cov,covs', '-o', 'yaml']);
    await writeFile(path.join(folder, 'saved.yaml'), saved);
    const judged = [
      'check',
      '-f',
      'manifests',
      '-f',
      'namespaces.yaml',
      '--policies=policies.yaml',
      '--nodes=saved.yaml',
    ];
    const said = await protection([...judged, '-o', 'json']);
    expect(verdictsOf(said)).toEqual(expected);
    expect(said.stdout).toMatch(/what agents do on nodes is as CoverageReport cluster had it at 20/);
    const report = JSON.parse((await protection([...judged, '-o', 'gitlab-sast'])).stdout) as {
      readonly vulnerabilities: readonly { readonly location: { readonly file: string } }[];
    };
    expect(report.vulnerabilities[0]?.location.file).toMatch(/^manifests\//);
  });

  test('what is clean ends with 0, and with 1 where a Warning fails', async () => {
    const check = async (...args: readonly string[]): Promise<number> =>
      (await protection(['check', '-f', 'manifests/shop.yaml', '-f', 'manifests/batch.yaml', ...files, ...args])).code;
    expect(await check()).toBe(0);
    expect(await check('--fail-on', 'Warning')).toBe(1);
  });

  test('an agent is told which pools it does not reach', async () => {
    const said = await protection(['check', '--nodes=nodes.yaml', '--agent=agents.yaml', '-o', 'wide']);
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(
      /^Partly +DaemonSet +falco\/falco +2\/3 .*general=Protected\(2\),gpu=Unprotected\(1\)/m,
    );
    await capture('check-reach.txt', [
      'kubectl protection check --nodes nodes.yaml --agent agents.yaml -o wide',
      said.stdout,
    ]);
  });

  test('every machine has its format', async () => {
    const check = async (format: string): Promise<string> =>
      (await protection(['check', '-f', 'manifests', '-f', 'namespaces.yaml', ...files, '-o', format])).stdout;
    const sarif = JSON.parse(await check('sarif')) as { runs: readonly { results: readonly { ruleId: string }[] }[] };
    expect(sarif.runs[0]?.results.map(({ ruleId }) => ruleId)).toContain('AgentMissing');
    expect(await check('junit')).toContain('<testsuites name="kubectl protection check" tests="3" failures="1"');
    const annotations = await check('github');
    expect(annotations).toMatch(/^::error file=manifests\/train\.yaml,line=\d+,title=AgentMissing::Job shop\/train/m);
    await capture('check-github.txt', [
      `kubectl protection check -f manifests ${files.join(' ').replaceAll('=', ' ')} -o github`,
      annotations,
    ]);
  });
});

describe('over what helm renders', () => {
  test('our own chart, piped: its pods are found, and everything else is skipped', async () => {
    const rendered = await runTool(
      world.plane.binaries.helm,
      [
        'template',
        'workload-protection',
        chart,
        '-n',
        'workload-protection',
        '--include-crds',
        '--kube-version',
        world.plane.kubernetesVersion,
      ],
      { deadlineMs },
    );
    const said = await protection(['check', '-f', '-', '-o', 'json', '-n', 'workload-protection'], {
      kubeconfig: viewer,
      input: rendered,
    });
    const { problems, skipped } = JSON.parse(said.stdout) as CheckReport;
    expect(verdictsOf(said)).toEqual({
      'StatefulSet/workload-protection-operator': 'Protected',
      'Deployment/workload-protection-webhook': 'Protected',
    });
    expect(problems).toEqual([]);
    expect(skipped).toMatchObject({ CustomResourceDefinition: 5 });
    expect(said.code).toBe(0);
  });

  test('a template that nobody rendered is an error that says so', async () => {
    const { code, stderr } = await protection(['check', '-f', path.join(chart, 'templates'), '--offline']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/stateful-set\.yaml:\d+: .*helm template/);
  });
});
