// Reports over time on a real API server: snapshots that nobody can change, that survive their deletion and the operator's in a file, that are
// taken by a schedule, and that are compared with; and the question after an incident.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diffVerb } from '../../cli/coverage/diff.ts';
import { exportVerb } from '../../cli/coverage/export.ts';
import { importVerb } from '../../cli/coverage/import.ts';
import { verifyVerb } from '../../cli/coverage/verify.ts';
import { snapshotVerb } from '../../cli/snapshot/run.ts';
import { anIo } from '../../cli/testing/io.ts';
import type { Verb } from '../../cli/verb.ts';
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import { group } from '../../crds/schema/vocabulary.ts';
import { snapshotDigest } from '../../facts/snapshot-digest.ts';
import { falco } from '../fleet/agents.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { openReportsDefinitions } from './support/open-reports-crds.ts';
import { createAll, deployment, namespace, node } from './support/small-fleet.ts';
import { condition, startWorld, type World } from './support/world.ts';

/** A schedule of every minute is due within one; the rest is for busy cores. */
const withinAMinuteMs = 150_000;
const name = 'before-audit';
const exploited = 'workload/shop/Deployment/web';

const agents = falco();

let world: World;
let operator: ProcessHandle;
let folder = '';

interface Said {
  readonly code: number;
  readonly out: string;
}

/** As a user calls it, but for the process. */
const call = async (verb: Verb, ...args: readonly string[]): Promise<Said> => {
  const io = anIo({ cwd: folder, env: { KUBECONFIG: world.plane.kubeconfig }, now: Date.now() });
  const code = await verb.run(args, io);
  return { code, out: io.out() };
};

const onGpu = (image: string): object => ({
  nodeSelector: { pool: 'gpu' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  containers: [{ name: 'main', image: `registry.example.com/${image}:1.0.0` }],
});

beforeAll(async () => {
  world = await startWorld('snapshots');
  folder = world.plane.directory;
  await world.kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: openReportsDefinitions });
  await createAll(world.cluster, [
    namespace('falco'),
    namespace('shop'),
    node('general-1'),
    { ...node('gpu-1', { pool: 'gpu' }), spec: { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] } },
    ...agents,
    deployment('shop', 'web', { spec: onGpu('shop/web') }),
    deployment('shop', 'web-canary', { spec: onGpu('shop/web') }),
    deployment('shop', 'api', { on: 'general-1' }),
  ]);
  await world.install({
    starterPolicy: { spec: { gracePeriod: '0s' } },
    openReports: { enabled: true },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  operator = await world.startOperator();
  await eventually(async () => {
    const { workloads, nodes } = await world.verdicts();
    expect(nodes.get('general-1')?.state).toBe('Protected');
    for (const each of ['web', 'web-canary']) expect(workloads.get(`Deployment/shop/${each}`)?.state).toBe('NoAgent');
    expect(workloads.get('Deployment/shop/api')?.state).toBe('Protected');
  });
});

afterAll(() => world?.stop());

const patch = (type: string, object: string, body: object, ...more: readonly string[]) =>
  world.kubectl.say(['patch', ...object.split(' '), `--type=${type}`, '-p', JSON.stringify(body), ...more]);

const halfMade = 'half-made';

const deleteReport = (report: string): Promise<string> =>
  world.kubectl(['delete', `coveragereports.${group}`, report, '--ignore-not-found', '--wait']);

/** As an operator leaves it that dies between the first slice and the digest. */
const leaveHalfMade = async (): Promise<void> => {
  await deleteReport(halfMade);
  await world.kubectl(['delete', `coverageslices.${group}`, `${halfMade}-nodes-0`, '--ignore-not-found', '--wait']);
  const [known] = await world.slices(name);
  const profiles = known?.profiles.map((profile) => ({ ...profile, names: ['node-of-the-past'] }));
  const spec = { ...known?.spec, report: halfMade, assets: 'Nodes', index: 0, of: 1, frozen: true };
  const head = { apiVersion: `${group}/v1alpha1` };
  await world.kubectl(['create', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { ...head, kind: 'CoverageReport', metadata: { name: halfMade }, spec: { snapshotOf: { name: 'cluster' } } },
      { ...head, kind: 'CoverageSlice', metadata: { name: `${halfMade}-nodes-0` }, spec, profiles },
    ],
  });
};

interface OpenReport {
  readonly summary: Readonly<Record<string, number>>;
  readonly results: readonly { readonly rule: string; readonly resources: readonly { readonly name: string }[] }[];
}

const openReports = '/apis/openreports.io/v1alpha1';

const digestOf = ({ status }: CoverageReport): string => status?.snapshot?.digest ?? '';

describe('open reports', () => {
  test('tell each team what is not well in its namespace, and nodes to those who see the cluster', async () => {
    await eventually(async () => {
      const { summary, results } = await world.get<OpenReport>(
        `${openReports}/namespaces/shop/reports/workload-protection`,
      );
      expect(summary).toEqual({ pass: 1, fail: 2, warn: 0, error: 0, skip: 0 });
      expect(results.map(({ rule, resources }) => [rule, resources[0]?.name])).toEqual([
        ['AgentMissing', 'web'],
        ['AgentMissing', 'web-canary'],
      ]);
    });
    const { summary } = await world.get<OpenReport>(`${openReports}/clusterreports/workload-protection`);
    expect(summary).toMatchObject({ pass: 1, fail: 1 });
  });

  test('are gone when what they belong to is, which is how they are switched off', async () => {
    await world.kubectl(['delete', 'clusterrole', 'workload-protection-open-reports', '--ignore-not-found', '--wait']);
    await eventually(async () => {
      const left = await world.kubectl([
        'get',
        'reports.openreports.io,clusterreports.openreports.io',
        '-A',
        '-o',
        'name',
      ]);
      expect(left).toBe('');
    });
  });
});

describe('a snapshot', () => {
  test('is whole, and its digest is that of what stands in the cluster', async () => {
    await deleteReport(name);
    const said = await call(snapshotVerb, '--name', name);
    expect(said.out).toMatch(/^before-audit\nsha256:[0-9a-f]{64}\n$/);
    const snapshot = await world.report(name);
    const slices = await world.slices(name);
    expect(snapshotDigest(snapshot, slices)).toBe(digestOf(snapshot));
    expect(slices.map(({ spec }) => spec.frozen)).toEqual(slices.map(() => true));
    const { metadata } = await world.get<CoverageReport>('/api/v1/namespaces/kube-system');
    expect(snapshot.status?.snapshot?.clusterId).toBe(metadata.uid);
    expect(snapshot.status?.slices).toBe(slices.length);
    expect(condition(snapshot, 'Ready')).toMatchObject({ status: 'True', reason: 'Frozen' });
    expect(snapshot.status?.counts).toEqual((await world.report()).status?.counts);
    const { nodes, workloads } = await world.verdicts(name);
    expect([nodes.size, workloads.get('Deployment/shop/web')?.state]).toEqual([2, 'NoAgent']);
  });

  test('is told with its digest in an Event, which outlasts a snapshot that is replaced', async () => {
    const digest = digestOf(await world.report(name));
    await eventually(async () => {
      const events = await world.kubectl(['get', 'events.events.k8s.io', '-A', '-o', 'jsonpath={.items[*].note}']);
      expect(events).toContain(digest);
    });
  });

  test('cannot be changed by anybody, not even by an administrator', async () => {
    const report = `coveragereports.${group} ${name}`;
    const slice = `coverageslices.${group} ${name}-nodes-0`;
    const refusals = [
      await patch('merge', report, { spec: { refreshInterval: '1m' } }),
      await patch('json', report, [{ op: 'remove', path: '/spec/snapshotOf' }]),
      await patch('merge', report, { status: { summary: { gaps: 0 } } }, '--subresource=status'),
      await patch('json', report, [{ op: 'remove', path: '/status/snapshot' }], '--subresource=status'),
      await patch('merge', slice, { profiles: [] }),
      await patch('merge', slice, { spec: { frozen: false } }),
    ];
    for (const { code, stderr } of refusals) {
      expect(stderr).toMatch(/immutable|neither be added to a report nor removed/);
      expect(code).toBe(1);
    }
    await capture('snapshot-immutable.txt', [
      `kubectl patch cov ${name} --type=merge --subresource=status -p '{"status":{"summary":{"gaps":0}}}'`,
      refusals[2]?.stderr ?? '',
    ]);
  });

  test('comes back from its file when it and the operator are gone, and a file that was changed does not', async () => {
    // Where an earlier try has deleted it.
    if ((await world.kubectl.say(['get', `coveragereports.${group}`, name])).code !== 0)
      expect((await call(snapshotVerb, '--name', name)).code).toBe(0);
    const digest = digestOf(await world.report(name));
    const [file, page] = [path.join(folder, 'evidence.json'), path.join(folder, 'evidence.html')];
    await writeFile(file, (await call(exportVerb, name)).out);
    await writeFile(page, (await call(exportVerb, name, '-o', 'html')).out);
    await writeFile(
      path.join(folder, 'changed.json'),
      (await readFile(file, 'utf8')).replace('"NoAgent"', '"Protected"'),
    );
    operator.kill('SIGKILL');
    await operator.exited;
    let restored: CoverageReport;
    try {
      await deleteReport(name);
      await eventually(async () => expect(await world.slices(name)).toEqual([]));
      const verified = await call(verifyVerb, 'evidence.json', '--digest', digest);
      expect(verified.code).toBe(0);
      expect((await call(verifyVerb, 'evidence.html', '--digest', digest)).code).toBe(0);
      const refused = await call(verifyVerb, 'changed.json');
      expect(refused.code).toBe(1);
      expect((await call(importVerb, 'changed.json')).code).toBe(1);
      expect((await world.kubectl.say(['get', `coveragereports.${group}`, name])).code).toBe(1);
      const imported = await call(importVerb, 'evidence.html');
      expect(imported.code).toBe(0);
      restored = await world.report(name);
      expect(restored.status?.snapshot).toMatchObject({ digest, imported: true });
      expect(snapshotDigest(restored, await world.slices(name))).toBe(digest);
      expect((await call(importVerb, 'evidence.json')).out).toContain('already there');
      const again = await patch(
        'merge',
        `coveragereports.${group} ${name}`,
        { status: { slices: 0 } },
        '--subresource=status',
      );
      expect(again.stderr).toContain('immutable');
      await capture(
        'snapshot-verify.txt',
        ['kubectl protection coverage verify evidence.json', verified.out],
        ['kubectl protection coverage verify changed.json', refused.out],
      );
      await leaveHalfMade();
    } finally {
      operator = await world.startOperator();
    }
    // The operator leaves it as it is.
    expect((await world.report(name)).metadata.resourceVersion).toBe(restored.metadata.resourceVersion);
  });
});

describe('a snapshot that a crash left half made', () => {
  test('is begun again by the next operator, and what was left of it is gone', async () => {
    await eventually(async () => {
      const snapshot = await world.report(halfMade);
      const slices = await world.slices(halfMade);
      expect(condition(snapshot, 'Ready').reason).toBe('Frozen');
      expect(snapshotDigest(snapshot, slices)).toBe(digestOf(snapshot));
      const { nodes } = await world.verdicts(halfMade);
      expect([...nodes.keys()].toSorted()).toEqual(['general-1', 'gpu-1']);
    });
  });
});

describe('against a snapshot', () => {
  const daemonSet = agents.find(({ kind }) => kind === 'DaemonSet')!['spec'] as DaemonSetSpec;
  const atFirst = daemonSet.template.spec.tolerations;
  const tolerate = (tolerations: readonly object[]): Promise<unknown> =>
    patch('merge', 'daemonset falco -n falco', { spec: { template: { spec: { tolerations } } } });

  test('an incident is open as long as anything like the exploited workload is', async () => {
    const { code, out } = await call(diffVerb, name, '--incident', exploited);
    expect(out).toMatch(/^OPEN/);
    expect(out).toMatch(/workload shop\/Deployment\/web-canary +same image, same gap/);
    expect(code).toBe(1);
  });

  test('the report says what has become better, and the command names it', async () => {
    // As it is, unless an earlier try has mended it.
    await tolerate(atFirst);
    await patch('merge', `coveragereports.${group} cluster`, { spec: { baseline: { name } } });
    await eventually(async () => {
      const { status } = await world.report();
      expect(status?.comparison).toMatchObject({
        baseline: name,
        nodes: { better: 0, worse: 0, added: 0 },
        closedGaps: 0,
      });
    });
    const open = await call(diffVerb, name, '--incident', exploited);
    await tolerate([{ operator: 'Exists' }]);
    await eventually(async () => {
      const { status } = await world.report();
      expect(status?.comparison).toMatchObject({ nodes: { better: 1, worse: 0 }, newGaps: [] });
      expect(status?.comparison?.workloads?.better).toBe(2);
    });
    await eventually(async () => {
      const { out } = await call(diffVerb, name);
      expect(out).toMatch(/BETTER +workload shop\/Deployment\/web +NoAgent +Protected +no longer AgentMissing/);
    });
    const closed = await call(diffVerb, name, '--incident', exploited);
    expect(closed.out).toMatch(/^CLOSED/);
    expect(closed.code).toBe(0);
    const command = `kubectl protection coverage diff ${name}`;
    await capture('coverage-diff.txt', [command, (await call(diffVerb, name)).out]);
    await capture(
      'coverage-incident.txt',
      [`${command} --incident ${exploited}`, open.out],
      [`${command} --incident ${exploited}`, closed.out],
    );
  });
});

describe('as time goes by', () => {
  test('the history stands in the report, also for the next operator', async () => {
    const before = (await world.report()).status?.history ?? [];
    // One when the first operator came; the interval is an hour.
    expect(before).toHaveLength(1);
    expect(before[0]).toMatchObject({ nodes: 2, nodesPercent: '50.0' });
  });

  test('a schedule that nobody can read is said, and one that can takes snapshots', async () => {
    const cluster = `coveragereports.${group} cluster`;
    await patch('merge', cluster, { spec: { snapshots: { schedule: '61 * * * *' } } });
    await eventually(async () => {
      const { message } = condition(await world.report(), 'SnapshotsScheduled');
      expect(message).toContain('minute "61"');
    });
    await patch('merge', cluster, {
      spec: { snapshots: { schedule: '* * * * *', keep: 2, timeZone: 'Europe/Berlin' } },
    });
    const taken = await eventually(
      async () => {
        const { status } = await world.report();
        const last = status?.snapshotSchedule?.lastSnapshot;
        if (last === undefined) throw new Error(`none yet: ${JSON.stringify(status?.snapshotSchedule)}`);
        return last;
      },
      { withinMs: withinAMinuteMs, everyMs: 1000 },
    );
    expect(taken).toMatch(/^cluster-20\d{6}t\d{4}00z$/);
    await eventually(async () => {
      const snapshot = await world.report(taken);
      expect(snapshotDigest(snapshot, await world.slices(taken))).toBe(digestOf(snapshot));
    });
    await patch('merge', cluster, { spec: { snapshots: null } });
    await eventually(async () => expect((await world.report()).status?.snapshotSchedule).toBeUndefined());
  });
});

interface DaemonSetSpec {
  readonly template: { readonly spec: { readonly tolerations: readonly object[] } };
}
