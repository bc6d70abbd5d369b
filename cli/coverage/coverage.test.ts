// The verbs about coverage over a server that holds a small fleet, from the command line to what is printed.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dump, load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { resources } from '../../kube/resource.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { runCli } from '../run.ts';
import { anIo } from '../testing/io.ts';
import type { AssetDocument } from './asset-json.ts';
import { aReport, gpuReason, now, slices } from './testing/fleet.ts';

let kube: FakeKube;
let folder = '';

beforeEach(async () => {
  kube = await startFakeKube();
  folder = await mkdtemp(path.join(os.tmpdir(), 'coverage-'));
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c' } }],
    clusters: [{ name: 'c', cluster: { server: kube.access.server } }],
  };
  await writeFile(path.join(folder, 'config'), dump(config));
});

afterEach(async () => {
  await kube.close();
  await rm(folder, { recursive: true, force: true });
});

const aFleet = (report = aReport()): void => {
  kube.put(resources.coverageReports, { ...report, metadata: { name: report.metadata.name } });
  for (const slice of slices()) {
    kube.put(resources.coverageSlices, { ...slice, metadata: { name: slice.metadata.name } });
  }
};

const run = async (args: readonly string[], { isTTY = false, env = {} }: { isTTY?: boolean; env?: object } = {}) => {
  const io = anIo({ now, isTTY, env: { KUBECONFIG: path.join(folder, 'config'), ...env } });
  const code = await runCli(args, io);
  return { code, out: io.out(), err: io.err() };
};

const coverage = (...args: readonly string[]) => run(['coverage', ...args]);

const lines = (out: string): readonly string[] => out.trimEnd().split('\n');

describe('the overview', () => {
  it('has the banner, counts by state, evidence, leading gaps with their remedy, and what to ask next', async () => {
    aFleet();
    const { code, out, err } = await coverage();
    expect([code, err]).toEqual([0, '']);
    expect(lines(out)[0]).toBe('Incomplete infrastructure coverage: 2 of 3 nodes and 2 of 3 workloads are protected.');
    expect(out).toMatch(/^nodes +3 +1 +1 +0 +0 +0 +0 +1 +0 +0 +66\.6$/m);
    expect(out).toMatch(/^workloads +5 +2 +0 +0 +0 +0 +0 +1 +1 +1 +66\.6$/m);
    expect(out).toMatch(/^nodes +1 +0 +1 +0 +1 +1$/m);
    expect(out).toMatch(/^workloads +2 +0 +0 +0 +1 +1$/m);
    expect(out).toContain(
      `AgentMissing  1 node, 1 workload\n  ${gpuReason.cause}\n  Remedy: Add the toleration:\n  $ kubectl -n falco patch`,
    );
    expect(out).toContain('1 node without an agent: kubectl protection coverage --state NoAgent --assets nodes');
    expect(lines(out).at(-1)).toBe('CoverageReport cluster, true 60 seconds ago');
  });

  it('reads no slices, so that it is quick whatever the size of the fleet', async () => {
    aFleet();
    await coverage();
    expect(kube.requests.map(({ path: asked }) => asked.split('/').at(-1))).toEqual(['cluster']);
  });

  it('says of a snapshot what it is', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    const snapshot = { takenAt: '2026-05-01T06:00:00Z', digest };
    aFleet(aReport({ snapshot, evaluatedAt: '2026-05-01T06:00:00Z' }, { snapshotOf: { name: 'cluster' } }, 'may'));
    const { out, err } = await coverage('--report', 'may');
    expect(lines(out).at(-1)).toBe(`Snapshot may of cluster, taken at 2026-05-01T06:00:00Z, ${digest}`);
    expect(out).toContain('--assets nodes --report may');
    expect(err).toBe('');
  });

  it('warns of a report that nobody keeps', async () => {
    aFleet(aReport({ evaluatedAt: '2026-06-01T11:00:00Z' }));
    const { err } = await coverage();
    expect(err).toMatch(
      /^note: this report is 60 minutes old, and should be no older than 5: the operator may be down/,
    );
  });
});

describe('the list of assets', () => {
  it('has the worst first', async () => {
    aFleet();
    const { out } = await coverage('--assets', 'all');
    expect(lines(out).map((line) => line.split(/ +/).slice(0, 5).join(' '))).toEqual([
      'ASSET STATE EVIDENCE AGENT REASON',
      'node/gpu-1 NoAgent - - AgentMissing',
      'ml/Job/train NoAgent - - AgentMissing',
      'node/general-1 Warning Running falco 0.36.2',
      'node/general-2 Protected Loaded falco 0.44.1',
      'shop/Deployment/web Protected Loaded falco 0.44.1',
      'shop/StatefulSet/db Protected Loaded falco 0.44.1',
      'legacy/Deployment/old-shop Exempt - - -',
      'shop/CronJob/nightly NotRunning - - -',
    ]);
  });

  it('shows cause, policies and criticality where it is wide', async () => {
    aFleet();
    const { out } = await coverage('--node', 'gpu-1', '-o', 'wide');
    expect(lines(out)[1]).toMatch(/AgentMissing +High +baseline +DaemonSet falco\/falco does not tolerate/);
  });

  test.each([
    ['name', ['node/general-1', 'node/general-2', 'node/gpu-1']],
    ['criticality', ['node/gpu-1', 'node/general-2', 'node/general-1']],
    ['evidence', ['node/gpu-1', 'node/general-1', 'node/general-2']],
    ['agent', ['node/general-1', 'node/general-2', 'node/gpu-1']],
  ])('can be sorted by %s', async (key, expected) => {
    aFleet();
    const { out } = await coverage('--assets', 'nodes', '--sort-by', key, '-o', 'name');
    expect(lines(out)).toEqual(expected);
  });

  it('names assets for other programs', async () => {
    aFleet();
    const { out } = await coverage('--state', 'NoAgent', '-o', 'name');
    expect(out).toBe('node/gpu-1\nworkload/ml/Job/train\n');
  });

  test.each(['json', 'yaml'])('is a whole document as %s', async (format) => {
    aFleet();
    const { out } = await coverage('-o', format);
    const list = load(out) as { kind: string; complete: string; counts: object; items: readonly AssetDocument[] };
    expect(list).toMatchObject({ kind: 'CoverageList', report: 'cluster', complete: 'False' });
    expect(list.items).toHaveLength(8);
    expect(list.items[0]).toEqual({
      asset: 'Node',
      name: 'gpu-1',
      state: 'NoAgent',
      criticality: 'High',
      agents: [],
      reasons: [gpuReason],
      policies: ['baseline'],
    });
    expect(list.items[4]).toMatchObject({
      namespace: 'shop',
      kind: 'Deployment',
      name: 'web',
      techniques: { T1611: 1 },
    });
    if (format === 'json') expect(JSON.parse(out)).toEqual(list);
  });

  test.each(['json', 'yaml'])('is one as %s where nothing matches, too', async (format) => {
    aFleet();
    const { out, err } = await coverage('-n', 'nowhere', '-o', format);
    expect(load(out)).toMatchObject({ items: [] });
    expect(err).toBe('note: no asset matches all of these filters\n');
  });

  it('is a table for spreadsheets, which run nothing in it', async () => {
    aFleet();
    const { out } = await coverage('--state', 'NoAgent', '-o', 'csv');
    const [header, first] = out.split('\r\n');
    expect(header).toBe(
      'asset,namespace,kind,name,state,evidence,criticality,agents,policies,reason,cause,remedy,reasons',
    );
    expect(first).toMatch(/^Node,,,gpu-1,NoAgent,,High,,baseline,AgentMissing,DaemonSet falco/);
    expect(first).toContain('""op"":""add""');
  });

  it('reads only the slices that its filters can match', async () => {
    aFleet();
    await coverage('-n', 'shop');
    expect(kube.requests.map(({ query }) => query['fieldSelector'])).toContain(
      'spec.report=cluster,spec.assets=Workloads',
    );
  });

  it('reads slices page by page', async () => {
    aFleet();
    kube.settings.pageLimit = 1;
    const { out } = await coverage('--assets', 'all', '-o', 'name');
    expect(lines(out)).toHaveLength(8);
    expect(kube.requests.filter(({ verb }) => verb === 'list')).toHaveLength(4);
  });
});

describe('the exit code', () => {
  test.each<readonly [string, readonly string[], number]>([
    ['is 0 for looking, whatever is seen', [], 0],
    ['is 1 where an asset stands as --fail-on says, or worse', ['--fail-on', 'Incomplete'], 1],
    ['is 0 where only better ones are shown', ['--node', 'general-1', '--fail-on', 'Incomplete'], 0],
    ['is 1 for a warning where it is asked for', ['--node', 'general-1', '--fail-on', 'Warning'], 1],
    ['is 0 where a filter leaves nothing', ['-n', 'nowhere', '--fail-on', 'Warning'], 0],
    ['is 1 of one asset', ['node', 'gpu-1', '--fail-on', 'NoAgent'], 1],
    ['is 1 of gaps', ['gaps', '--fail-on', 'NoAgent'], 1],
    ['is 0 of gaps that are less', ['gaps', '--state', 'Warning', '--fail-on', 'Incomplete'], 0],
  ])('%s', async (_, args, expected) => {
    aFleet();
    expect((await coverage(...args)).code).toBe(expected);
  });

  it('is 2 where all that is not well is unknown', async () => {
    const counts = { nodes: { total: 2, protected: 1, unknown: 1 }, workloads: { total: 0 } };
    aFleet(aReport({ counts }));
    expect((await coverage('--fail-on', 'Incomplete')).code).toBe(2);
  });
});

describe('what cannot be told is said, with what to do', () => {
  test.each<readonly [string, () => void, RegExp]>([
    [
      'no CRDs',
      () => void kube.settings.absent.add('coveragereports'),
      /has no coveragereports\.workloadprotection\.dev: install the operator/,
    ],
    [
      'no rights',
      () => void kube.settings.forbidden.add('coveragereports'),
      /you may not read coverage in .*; ask for the cluster role view/,
    ],
    ['no report yet', () => {}, /has no CoverageReport yet: the operator makes the first one .*kubectl get pods/],
    [
      'a report that is not evaluated',
      () => void kube.put(resources.coverageReports, { metadata: { name: 'cluster' }, spec: {} }),
      /CoverageReport cluster of .* has not been evaluated yet/,
    ],
  ])('%s', async (_, arrange, message) => {
    arrange();
    const { code, out, err } = await coverage();
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  it('another name', async () => {
    aFleet();
    expect((await coverage('--report', 'payments')).err).toMatch(/has no CoverageReport payments; there is cluster$/m);
  });

  it('slices that may not be read, while the report may', async () => {
    aFleet();
    kube.settings.forbidden.add('coverageslices');
    expect((await coverage()).code).toBe(0);
    expect((await coverage('--assets', 'all')).err).toMatch(/you may not read coverage/);
  });

  it('no cluster', async () => {
    const io = anIo({ now, env: { KUBECONFIG: path.join(folder, 'nothing') } });
    expect(await runCli(['coverage'], io)).toBe(2);
    expect(io.err()).toMatch(/no cluster can be asked; name one with --context or --kubeconfig: /);
  });

  it('a wrong word', async () => {
    expect((await coverage('nodes')).err).toMatch(
      /there is no verb "nodes" under it; there is node, pod, .*; see kubectl protection coverage --help/,
    );
  });
});

describe('one asset', () => {
  it('is told whole: state, agents, policies, rules and tactics', async () => {
    aFleet();
    const { out } = await coverage('node', 'general-2');
    expect(lines(out)[0]).toBe('node general-2: Protected, known by Loaded');
    expect(out).toContain('Judged by WorkloadPolicy baseline, criticality High.');
    expect(out).toMatch(/^ {2}falco +0\.44\.1 +Protected +Loaded$/m);
    expect(out).toMatch(/^ {2}falco_rules\.yaml +4\.0\.0 +falco +Loaded +OCI +2 +1 +0/m);
    expect(out).toMatch(/^ {2}shop\.yaml .* not told +0 +1 +ConfigMap\/falco\/shop-rules$/m);
    expect(out).toContain('TA0004 Privilege Escalation by 1 rule');
    expect(out).not.toContain('Terminal shell');
  });

  it('has its rules by name where it is wide', async () => {
    aFleet();
    const { out } = await coverage('node', 'general-2', '-o', 'wide');
    expect(out).toContain('falco_rules.yaml: Terminal shell in container\n');
    expect(out).toContain('falco_rules.yaml: Container Run as Root User (disabled)\n');
    expect(out).toContain('shop.yaml: Broken rule (failed)\n');
  });

  it('says why it is not protected, who asks, and what to paste', async () => {
    aFleet();
    const { out } = await coverage('node', 'gpu-1');
    expect(out).toContain('Protected by\n  nothing\n');
    expect(out).toContain(
      `  AgentMissing (falco; asked by baseline)\n    ${gpuReason.cause}\n    Remedy: Add the toleration:\n    $ kubectl -n falco`,
    );
  });

  it('says since when, where the node itself remembers', async () => {
    aFleet();
    const condition = { type: 'WorkloadProtected', status: 'False', lastTransitionTime: '2026-05-30T12:00:00Z' };
    kube.put(resources.nodes, { metadata: { name: 'gpu-1' }, status: { conditions: [condition] } });
    expect((await coverage('node', 'gpu-1')).out).toContain('Not protected for 2 days, since 2026-05-30T12:00:00Z');
  });

  it('needs no right to read nodes', async () => {
    aFleet();
    kube.settings.forbidden.add('nodes');
    expect((await coverage('node', 'gpu-1')).code).toBe(0);
  });

  test.each([
    'shop/Deployment/web',
    'shop/deploy/web',
    'shop/deployments/web',
    'shop/web',
    'workload/shop/Deployment/web',
  ])('is found as %s', async (written) => {
    aFleet();
    expect(lines((await coverage('workload', written)).out)[0]).toBe('Deployment shop/web: Protected, known by Loaded');
  });

  it('is exempt with a reason and an end', async () => {
    aFleet();
    expect((await coverage('workload', 'legacy/old-shop')).out).toContain(
      'Exempt until 2026-07-01T00:00:00Z by an exemption under WorkloadPolicy baseline: moves away in July',
    );
  });

  it('is a document for programs', async () => {
    aFleet();
    const { out } = await coverage('workload', 'ml/job/train', '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ asset: 'Workload', namespace: 'ml', kind: 'Job', state: 'NoAgent' });
  });

  test.each<readonly [readonly string[], RegExp]>([
    [['node', 'genral-1'], /holds no node genral-1; did you mean general-1, general-2\?/],
    [['node'], /say which node/],
    [['workload', 'web'], /say which workload, as NAMESPACE\/KIND\/NAME/],
    [
      ['workload', 'shop/deployment/wep'],
      /holds no workload shop\/deployment\/wep; did you mean shop\/Deployment\/web\?/,
    ],
    [['pod', 'shop/web-1'], /there is no pod shop\/web-1 in .*, or you may not read it/],
  ])('that is not there is told: %s', async (args, message) => {
    aFleet();
    const { code, err } = await coverage(...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('a pod', () => {
  const owned = (kind: string, name: string) => ({
    ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'u', controller: true }],
  });

  it('is told by its workload, up its owners, and its node', async () => {
    aFleet();
    kube.put(resources.pods, {
      metadata: { namespace: 'shop', name: 'web-1-x', ...owned('ReplicaSet', 'web-1') },
      spec: { nodeName: 'general-2' },
    });
    kube.put(resources.replicaSets, { metadata: { namespace: 'shop', name: 'web-1', ...owned('Deployment', 'web') } });
    kube.put(resources.deployments, { metadata: { namespace: 'shop', name: 'web' } });
    const { out } = await coverage('pod', 'shop/web-1-x');
    expect(lines(out).slice(0, 3)).toEqual([
      'pod shop/web-1-x: Protected, known by Loaded',
      'It runs on node general-2: Protected, agents: falco 0.44.1.',
      'It belongs to Deployment shop/web, which stands as the worst of its pods; what follows is of that.',
    ]);
  });

  it('of an owner that nobody may read is told by the owner', async () => {
    aFleet();
    kube.put(resources.pods, { metadata: { namespace: 'ml', name: 'train-x', ...owned('Job', 'train') }, spec: {} });
    kube.settings.forbidden.add('jobs');
    const { out } = await coverage('pod', 'ml/train-x');
    expect(out).toContain('No node runs it yet.');
    expect(out).toContain('It belongs to Job ml/train');
  });

  it('that the report does not hold is told', async () => {
    aFleet();
    kube.put(resources.pods, { metadata: { namespace: 'shop', name: 'new' }, spec: {} });
    expect((await coverage('pod', 'shop/new')).err).toMatch(
      /holds no workload of pod shop\/new: .*a new one takes some seconds/,
    );
  });
});

describe('gaps', () => {
  it('come in the order of the report, each with weight, cause, command and examples', async () => {
    aFleet();
    const { out } = await coverage('gaps');
    expect(lines(out)[0]).toBe('1. AgentMissing  NoAgent, 1 node, 1 workload  [Critical, Privileged, Exposed]');
    expect(out).toContain('   $ kubectl -n falco patch daemonset falco');
    expect(out).toContain('   node/gpu-1, workload/ml/Job/train\n   asked by baseline\n');
    expect(out).toContain('\n2. AgentOutdated  Warning, 1 node  [Low]\n');
    expect(out).toContain('   Remedy: Update it to 0.43.0 or newer\n');
  });

  it('hold the command by itself for programs', async () => {
    aFleet();
    const { items } = JSON.parse((await coverage('gaps', '-o', 'json')).out) as {
      items: readonly { command?: string }[];
    };
    expect(items.map(({ command }) => command?.slice(0, 13))).toEqual(['kubectl -n fa', undefined]);
  });

  test.each<readonly [readonly string[], readonly string[]]>([
    [['--reason', 'AgentOutdated'], ['AgentOutdated']],
    [['--policy', 'baseline'], ['AgentMissing']],
    [['--search', 'toleration'], ['AgentMissing']],
    [['--state', '!Warning'], ['AgentMissing']],
  ])('can be filtered: %s', async (args, expected) => {
    aFleet();
    const { out } = await coverage('gaps', ...args, '-o', 'json');
    expect((JSON.parse(out) as { items: readonly { reason: string }[] }).items.map(({ reason }) => reason)).toEqual(
      expected,
    );
  });

  it('say where there is none, and how many the report leaves out', async () => {
    aFleet(aReport({ gaps: [], gapsOmitted: 3 }));
    const { out, err } = await coverage('gaps');
    expect(out).toBe('No gaps.\n');
    expect(err).toBe('note: the report leaves out 3 less pressing gaps\n');
  });
});

describe('agents', () => {
  it('are listed by version, with what needs attention and the nodes without', async () => {
    aFleet();
    kube.put(resources.protectionAgents, {
      metadata: { name: 'falco' },
      spec: { minVersion: '0.43.0' },
      status: {
        pods: { found: 2 },
        conditions: [
          { type: 'Telemetry', status: 'False', reason: 'Off', message: 'metrics are off: set metrics.enabled=true' },
        ],
      },
    });
    const { out } = await coverage('agents');
    expect(out).toMatch(/^falco +Falco +0\.44\.1 +1 +0\.43\.0 +-$/m);
    expect(out).toMatch(/^falco +Falco +0\.36\.2 +1 +0\.43\.0 +yes$/m);
    expect(out).toContain('  AgentOutdated  falco  1 node\n');
    expect(out).toContain('1 node without an agent, 0 with an agent whose runtime protection is off');
    expect(out).toContain('  falco: Telemetry: metrics are off: set metrics.enabled=true\n');
  });

  it('need no right to read ProtectionAgents', async () => {
    aFleet();
    kube.settings.forbidden.add('protectionagents');
    const { code, out } = await coverage('agents', '--outdated', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ items: [{ version: '0.36.2', outdated: true }] });
  });
});

describe('policies and rules', () => {
  it('are listed with version, status, source and nodes', async () => {
    aFleet();
    const { out } = await coverage('policies', '-o', 'wide');
    expect(out).toMatch(
      /^shop\.yaml +1\.2\.0 +falco +PartiallyLoaded +ConfigMap +1 +0 .*ConfigMap\/falco\/shop-rules$/m,
    );
    expect((await coverage('policies', '--policy-status', 'Loaded')).out).not.toContain('shop.yaml');
  });

  it('are counted over nodes, those that are not loaded everywhere first, with what the agent says', async () => {
    aFleet();
    const { out } = await coverage('rules', '-o', 'wide');
    expect(
      lines(out)
        .slice(1)
        .map((line) => line.split(/ {2,}/)),
    ).toEqual([
      ['Broken rule', 'shop.yaml', 'falco', '0', '0', '0', '1', '0', 'unknown macro'],
      ['Container Run as Root User', 'falco_rules.yaml', 'falco', '0', '0', '1', '0', '0', 'not for this engine'],
      ['Read shadow', 'shop.yaml', 'falco', '0', '0', '0', '0', '1', '-'],
      ['Debugfs Launched in Privileged Container', 'falco_rules.yaml', 'falco', '1', '0', '0', '0', '0', '-'],
      ['Terminal shell in container', 'falco_rules.yaml', 'falco', '2', '0', '0', '0', '0', '-'],
    ]);
  });

  it('can be filtered by status', async () => {
    aFleet();
    const { out } = await coverage('rules', '--rule-status', 'Filtered', '-o', 'csv');
    expect(out.split('\r\n')[1]).toBe(
      'Container Run as Root User,falco_rules.yaml,falco,0,0,1,0,0,not for this engine',
    );
  });

  it('say so where nobody tells any', async () => {
    aFleet(aReport({ policies: [], rules: [] }));
    expect((await coverage('policies')).err).toMatch(/names no detection policy: no agent tells/);
  });
});

describe('ATT&CK', () => {
  it('shows the matrix, the thin techniques and what would fill them', async () => {
    aFleet();
    const { out } = await coverage('attack');
    expect(out).toMatch(/^TA0004 +Privilege Escalation +1 +0\/6 +6$/m);
    expect(out).toContain('  T1611 Escape to Host: not seen on 2 of 3 nodes, required\n');
    expect(out).toContain(
      '    would be filled by Debugfs Launched in Privileged Container of falco (falco_rules.yaml), which other nodes have loaded\n',
    );
    expect(out).toContain('1 loaded rule names no technique.');
    expect(out).toContain('Not in the table of ATT&CK 18: T9999, in shop.yaml of falco');
  });

  it('tells one technique: by which rules of which agents, and which would cover the rest', async () => {
    aFleet();
    const { out } = await coverage('attack', '--technique', 't1611');
    expect(lines(out)).toEqual([
      'T1611 Escape to Host',
      '  tactics: TA0004 Privilege Escalation',
      '  covered by 1 rule on 1 of 3 nodes, 2 of 3 workloads, required',
      '    Debugfs Launched in Privileged Container  (falco_rules.yaml, falco)',
      '  would be filled by',
      '    Debugfs Launched in Privileged Container  (falco_rules.yaml, falco), which other nodes have loaded',
    ]);
  });

  it('tells one that nothing covers', async () => {
    aFleet();
    expect((await coverage('attack', '--technique', 'T1610')).out).toContain('  covered by no loaded rule\n');
  });

  it('lists every technique for programs', async () => {
    aFleet();
    const { out } = await coverage('attack', '--tactic', 'privilege-escalation', '-o', 'json');
    const { items } = JSON.parse(out) as { items: readonly { id: string; uncoveredNodes: number }[] };
    expect(items).toHaveLength(6);
    expect(items.find(({ id }) => id === 'T1611')).toMatchObject({ uncoveredNodes: 2, tactic: 'TA0004' });
  });

  it('says so where no agent tells its rules', async () => {
    aFleet(aReport({ attack: undefined }));
    const { code, out, err } = await coverage('attack');
    expect([code, out]).toEqual([0, '']);
    expect(err).toMatch(/holds no ATT&CK matrix/);
  });
});

describe('colours', () => {
  const isColoured = (out: string): boolean => out.includes('\u001B[');

  test.each<readonly [string, readonly string[], { isTTY?: boolean; env?: object }, boolean]>([
    ['on a terminal', [], { isTTY: true }, true],
    ['not in a pipe', [], {}, false],
    ['not with NO_COLOR', [], { isTTY: true, env: { NO_COLOR: '1' } }, false],
    ['not with --no-color', ['--no-color'], { isTTY: true }, false],
  ])('%s', async (_, args, how, expected) => {
    aFleet();
    expect(isColoured((await run(['coverage', '--assets', 'all', ...args], how)).out)).toBe(expected);
  });

  it('cannot be brought in by a name', async () => {
    aFleet(aReport({ gaps: [{ ...gpuReason, state: 'NoAgent', cause: 'evil \u001B[31m cause' }] }));
    expect(isColoured((await coverage('gaps')).out)).toBe(false);
  });
});
