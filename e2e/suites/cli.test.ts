// `kubectl protection coverage` as a user runs it: the bundled program under the real kubectl, with a viewer's rights, over agents that
// answer. What the documents show is captured here.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AssetDocument } from '../../cli/coverage/asset-json.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { agentsFromPods, type AgentPodLike } from '../agents/from-pods.ts';
import { simulate, type Simulation } from '../agents/simulate.ts';
import { falco } from '../fleet/agents.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { rulesCatalogue } from '../installation/rules-catalogue.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { installProtection, viewerOf, type How, type Protection } from './support/protection.ts';
import { addressed, createAll, deployment, namespace, node } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const rules = `- rule: Escape by mount
  desc: A mount in a privileged container.
  condition: spawned_process and proc.name = mount
  output: x
  priority: WARNING
  tags: [container, mitre_privilege_escalation, T1611]
- rule: Service account token read
  desc: The token is read.
  condition: open_read and fd.name contains token
  output: x
  priority: WARNING
  tags: [container, mitre_credential_access, T1528]
- rule: Deploy from inside
  desc: A container that deploys containers.
  condition: spawned_process and proc.name = kubectl
  output: x
  priority: NOTICE
  enabled: false
  tags: [container, mitre_execution, T1610]
`;
const rulesFile = 'shop-rules.yaml';
/** Fetched from a registry, where the operator does not look: its rules are known by a catalogue. */
const fetchedRules = `- rule: Terminal shell in container
  desc: A shell with a terminal.
  condition: spawned_process and container
  output: x
  priority: NOTICE
  tags: [maturity_stable, container, shell, mitre_execution, T1059]
- rule: Debugfs Launched in Privileged Container
  desc: A way out of a container.
  condition: spawned_process and container and proc.name = debugfs
  output: x
  priority: WARNING
  tags: [maturity_stable, container, mitre_privilege_escalation, T1611]
`;
const on = { 'agents.example.com/falco': 'true' };
const gpuTaint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

/** Far longer than two changes take. */
const watchedForMs = 150_000;

/** Behind the fleets that others on this machine may have. */
const firstAddress = 12_000 + (process.pid % 8000);

const nodeAt = (index: number, name: string, spec: object = {}): Manifest =>
  addressed({ ...node(name, on), spec }, firstAddress + index);

const policy: Manifest = {
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name: 'shop' },
  spec: {
    selector: { namespaceSelector: { matchLabels: { team: 'shop' } } },
    criticality: 'Critical',
    require: { agents: [{ name: 'falco' }], mitre: [{ techniques: ['T1611', 'T1610'] }] },
    gracePeriod: '0s',
  },
};

let world: World;
let protection: Protection;
let simulation: Simulation;
let viewer = '';
let stranger = '';

beforeAll(async () => {
  world = await startWorld('cli');
  protection = await installProtection(world, 'cli');
  const agents = falco({ nodeSelector: on, metrics: true, customRules: { [rulesFile]: rules } });
  await createAll(world.cluster, [
    namespace('falco'),
    namespace('shop', { team: 'shop' }),
    namespace('ml'),
    nodeAt(0, 'general-1'),
    nodeAt(1, 'general-2'),
    nodeAt(2, 'gpu-1', { taints: [gpuTaint] }),
    ...agents,
    deployment('shop', 'web', { on: 'general-1' }),
    deployment('ml', 'train', { on: 'gpu-1', spec: { tolerations: [{ key: 'dedicated', operator: 'Exists' }] } }),
  ]);
  await world.install({
    agentNamespaces: ['falco'],
    starterPolicy: { spec: { gracePeriod: '0s' } },
    agents: { falco: { spec: { telemetry: { mode: 'Scrape', interval: '5s', staleAfter: '30s' } } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.apply(policy, rulesCatalogue({ 'falco_rules.yaml': fetchedRules }));
  const pods = await eventually(async () => {
    const running = agentsFromPods(await world.cluster.list<AgentPodLike>('v1', 'Pod'));
    expect(running.map((agent) => agent.node ?? '').toSorted()).toEqual(['general-1', 'general-2']);
    return running;
  });
  const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  const rulesFiles = { 'falco_rules.yaml': digestOf(fetchedRules), [rulesFile]: digestOf(rules) };
  simulation = await simulate(
    pods.map((agent) => ({ ...agent, rulesFiles })),
    { listen: 'each' },
  );
  await world.startOperator();
  viewer = await viewerOf(world, 'viewer');
  stranger = await world.plane.kubeconfigFor({ namespace: 'default', serviceAccount: 'default' });
  await eventually(async () => {
    const { nodes, workloads } = await world.verdicts();
    for (const name of ['general-1', 'general-2']) {
      expect(nodes.get(name)).toMatchObject({ state: 'Protected', evidence: 'Loaded' });
    }
    expect(nodes.get('gpu-1')?.state).toBe('NoAgent');
    expect(workloads.get('Deployment/shop/web')?.state).toBe('Incomplete');
    expect(workloads.get('Deployment/ml/train')?.state).toBe('NoAgent');
  });
});

afterAll(async () => {
  await simulation?.close();
  await world?.stop();
});

/** `kubectl protection …`, as a viewer, who is told nothing but the answer. */
const ask = async (args: readonly string[], how: How = {}): Promise<string> => {
  const { code, stdout, stderr } = await protection.say(args, { kubeconfig: viewer, ...how });
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};

const shown = async (file: string, ...lines: readonly string[]): Promise<string> => {
  const said: (readonly [string, string])[] = [];
  for (const line of lines) {
    const words = line.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? [];
    said.push([`kubectl protection ${line}`, await ask(words)]);
  }
  await capture(file, ...said);
  return said.map(([, printed]) => printed).join('\n');
};

describe('a viewer', () => {
  test('sees at a glance what is not protected, why, and what mends it', async () => {
    const out = await shown('cli-overview.txt', 'coverage');
    expect(out).toMatch(/^Incomplete infrastructure coverage: 2 of 3 nodes/);
    expect(out).toContain('DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule');
    expect(out).toMatch(/^ {2}\$ kubectl -n falco patch daemonset falco /m);
    expect(out).toContain('1 node without an agent: kubectl protection coverage --state NoAgent --assets nodes');
  });

  test('finds assets by filters, ATT&CK techniques among them', async () => {
    const out = await shown(
      'cli-filters.txt',
      'coverage --state NoAgent',
      "coverage --technique '!T1611' --assets nodes",
      'coverage --technique T1611 --agent falco -o wide',
    );
    expect(out).toMatch(/^node\/gpu-1 +NoAgent +- +- +AgentMissing$/m);
    expect(await ask(['coverage', '--technique', 'T1611', '--assets', 'nodes', '-o', 'name'])).toBe(
      'node/general-1\nnode/general-2\n',
    );
    const { items } = JSON.parse(await ask(['coverage', '-n', 'shop', '-o', 'json'])) as {
      items: readonly AssetDocument[];
    };
    expect(items).toMatchObject([
      { namespace: 'shop', name: 'web', state: 'Incomplete', reasons: [{ reason: 'TechniqueUncovered' }] },
    ]);
  });

  test('sees of one asset who protects it, by which rules, and why not', async () => {
    const out = await shown('cli-asset.txt', 'coverage node general-1', 'coverage workload shop/deploy/web');
    expect(out).toMatch(/^node general-1: Protected, known by Loaded$/m);
    expect(out).toMatch(new RegExp(`^ {2}${rulesFile} +\\S+ +falco +Loaded +ConfigMap +2 +1 +0 `, 'm'));
    expect(out).toMatch(/^Deployment shop\/web: Incomplete/m);
    expect(out).toContain('T1610');
    const pods = await world.kubectl(['get', 'pods', '-n', 'shop', '-o', 'name']);
    const [pod = ''] = pods.trim().split('\n');
    const told = await ask(['coverage', 'pod', pod.replace('pod/', 'shop/')]);
    expect(told).toContain('It runs on node general-1: Protected, agents: falco 0.44.1.');
    expect(told).toContain('It belongs to Deployment shop/web');
  });

  test('sees gaps in order of risk, each with its remedy', async () => {
    const out = await shown('cli-gaps.txt', 'coverage gaps');
    expect(out).toMatch(/^1\. TechniqueUncovered +Incomplete, 1 workload +\[Critical/);
    expect(out).toMatch(/^2\. AgentMissing +NoAgent, 1 node, 1 workload/m);
  });

  test('sees agents, policies and rules', async () => {
    const out = await shown('cli-agents.txt', 'coverage agents', 'coverage policies', 'coverage rules');
    expect(out).toMatch(/^falco +Falco +0\.44\.1 +2 /m);
    expect(out).toMatch(new RegExp(`^${rulesFile} .*Loaded +ConfigMap +2 +2$`, 'm'));
    expect(out).toMatch(new RegExp(`^Deploy from inside +${rulesFile} +falco +0 +2 +0 +0 +0$`, 'm'));
  });

  test('sees where ATT&CK is thin, and which rule at hand would fill it', async () => {
    const out = await shown('cli-attack.txt', 'coverage attack', 'coverage attack --technique T1611');
    expect(out).toMatch(/^TA0004 +Privilege Escalation +2 /m);
    expect(out).toContain(`would be filled by Deploy from inside of falco (${rulesFile}), which is switched off`);
    expect(out).toContain('covered by 2 rules on 2 of 3 nodes');
  });

  test('is told by the exit code only where that was asked for', async () => {
    const code = async (...args: readonly string[]) => (await protection.say(args, { kubeconfig: viewer })).code;
    expect(await code('coverage')).toBe(0);
    expect(await code('coverage', '--fail-on', 'Incomplete')).toBe(1);
    expect(await code('coverage', '--node', 'general-*', '--fail-on', 'Warning')).toBe(0);
  });

  test('sees the change when a gap is mended as printed', async () => {
    const { items } = JSON.parse(await ask(['coverage', 'gaps', '--reason', 'AgentMissing', '-o', 'json'])) as {
      items: readonly { readonly command?: string }[];
    };
    const command = items[0]?.command ?? '';
    const kubectl = [world.plane.binaries.kubectl, '--kubeconfig', world.plane.kubeconfig].join(' ');
    const mended = await protection.command('sh', ['-c', command.replace(/^kubectl/, kubectl)]);
    expect([mended.code, mended.stderr]).toEqual([0, '']);
    // Its agent runs there now, and nobody answers on its address: it is there, and there is no more to prove it.
    await eventually(async () => {
      const { code, stdout } = await protection.say(['coverage', '--state', 'NoAgent'], { kubeconfig: viewer });
      expect(code).toBe(0);
      expect(stdout).not.toContain('gpu-1');
    });
  });
});

test('what is watched is shown again when something changes', async () => {
  await world.apply(policy);
  const program = path.join(protection.folder, 'dist', 'kubectl-protection.js');
  const child = spawn(process.execPath, [program, 'coverage', 'gaps', '--watch'], {
    env: { PATH: process.env['PATH'], KUBECONFIG: viewer },
    signal: AbortSignal.timeout(watchedForMs),
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const ended = once(child, 'close');
  const latest = (): string => out.split(/^--- .*$/m).at(-1) ?? '';
  await eventually(async () => expect(latest()).toContain('TechniqueUncovered'));
  await world.kubectl(['delete', 'wpol', 'shop']);
  await eventually(async () => {
    expect(latest()).not.toBe('');
    expect(latest()).not.toContain('TechniqueUncovered');
  });
  child.kill('SIGINT');
  expect(await ended).toEqual([null, 'SIGINT']);
});

describe('what cannot be told', () => {
  test('is said to one who may not read coverage, with the role to ask for', async () => {
    const { code, stdout, stderr } = await protection.say(['coverage'], { kubeconfig: stranger });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/you may not read coverage in .*; ask for the cluster role view/);
  });

  test('is said of a report that is not there', async () => {
    const { code, stderr } = await protection.say(['coverage', '--report', 'payments'], { kubeconfig: viewer });
    expect(code).toBe(2);
    expect(stderr).toMatch(/has no CoverageReport payments; there is cluster\n/);
  });
});

test('a reason is explained without any cluster', async () => {
  const { code, stdout } = await protection.say(['explain', 'TechniqueUncovered']);
  expect(code).toBe(0);
  expect(stdout).toContain('kubectl protection coverage attack');
  await capture('cli-explain.txt', ['kubectl protection explain TechniqueUncovered', stdout]);
});

test("kubectl's own completion asks the plugin", async () => {
  const file = path.join(protection.folder, 'bin', 'kubectl_complete-protection');
  await writeFile(file, (await protection.say(['completion', 'kubectl'])).stdout);
  await chmod(file, 0o755);
  const complete = (...words: readonly string[]) =>
    protection.command(world.plane.binaries.kubectl, ['__complete', 'protection', ...words]);
  expect((await complete('cov')).stdout).toMatch(/^coverage\n/);
  expect((await complete('coverage', '--state', 'NoA')).stdout).toMatch(/^NoAgent\n/);
});
