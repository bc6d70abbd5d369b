// Findings from an event to verified silence: compilers in production containers are found, worked on, rebuilt, quiet and verified; and
// nothing clears while nobody listens.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unknownActor } from '../../domain/findings/case-stamp.ts';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion, group } from '../../crds/schema/vocabulary.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import { completesAfterAnnotation } from '../fleet/behaviour.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { sendersWith } from '../installation/senders.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import type { Poster } from './support/post-events.ts';
import { inProduction, productionPolicy } from './support/production.ts';
import { createAll, deployment, namespace, namespacesOf, node, placeLabel, pod } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import { startWorld, type World } from './support/world.ts';

const falcoHere = { 'agents.example.com/falco': 'true' };
const agents = falco({ tolerations: everywhere, nodeSelector: falcoHere });
const token = 'a-token-of-the-test-that-nobody-guesses';
/** A second time is enough for the clock to be looked at. */
const clearsWithinMs = 75_000;

let world: World;
let operator: ProcessHandle;
let poster: Poster;
/** The volume of the replica, which outlives its process. */
let journal: string;

beforeAll(async () => {
  journal = await mkdtemp(path.join(tmpdir(), 'workload-protection-findings-'));
  world = await startWorld('findings');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    namespace('shop', inProduction),
    node('guarded', falcoHere),
    node('control', falcoHere),
    ...agents,
    deployment('shop', 'cart', { on: 'guarded', replicas: 2, labels: { team: 'checkout' } }),
    deployment('shop', 'pay', { on: 'guarded' }),
    deployment('shop', 'heard', { on: 'control' }),
    deployment('default', 'lab', { on: 'guarded' }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
    },
  ]);
  await world.install({
    starterPolicy: { enabled: false },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.apply(sendersWith(token), productionPolicy({ behaviour: 'CompilerInContainer', quietPeriod: '20s' }));
  await start();
});

afterAll(async () => {
  poster?.close();
  await world?.stop();
  await rm(journal, { recursive: true, force: true });
});

const start = async (): Promise<void> => {
  ({ operator, poster } = await startTakingIn(world, token, [`--journal-dir=${journal}`]));
};

/** As falcosidekick's webhook sends it. */
const alert = (name: string, pod: string, overrides: object = {}): object => ({
  uuid: crypto.randomUUID(),
  output: `Compiler run in container (proc=gcc pod=${pod})`,
  priority: 'Notice',
  rule: 'Compiler run in container',
  time: new Date().toISOString().replace('Z', '123456Z'),
  source: 'syscall',
  hostname: 'guarded',
  tags: ['container', 'maturity_sandbox', 'mitre_defense_evasion', 'T1027.004'],
  output_fields: {
    'container.id': '3f2a1b4c5d6e',
    'container.name': 'main',
    'container.image.repository': `registry.example.com/apps/${name}`,
    'k8s.ns.name': name === 'lab' ? 'default' : 'shop',
    'k8s.pod.name': pod,
    'proc.name': 'gcc',
    'proc.cmdline': 'gcc -O2 --token=secret-of-the-build main.c',
    'proc.pname': 'bash',
    'user.name': 'root',
  },
  ...overrides,
});

const podsOf = async (app: string): Promise<readonly string[]> => {
  const pods = await world.cluster.list<{
    readonly metadata: {
      readonly name: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly deletionTimestamp?: string;
    };
    readonly status: { readonly phase?: string };
  }>('v1', 'Pod');
  return pods
    .filter(
      ({ metadata, status }) =>
        (metadata.labels?.['app'] ?? metadata.labels?.['app.kubernetes.io/name']) === app &&
        status.phase === 'Running' &&
        metadata.deletionTimestamp === undefined,
    )
    .map(({ metadata }) => metadata.name);
};

const findingOf = async (workload: string): Promise<Finding> => {
  const found = (await world.findings()).find(({ status }) => status?.subject.name === workload);
  if (found === undefined) throw new Error(`there is no finding of ${workload}`);
  return found;
};

const countOf = async (workload: string): Promise<number> =>
  (await world.findings()).find(({ status }) => status?.subject.name === workload)?.status?.count ?? 0;

const phaseOf = async (workload: string): Promise<string | undefined> => (await findingOf(workload)).status?.phase;

/** Has the compiler run in it, unless it is known already that it does. */
const open = async (workload: string, hostname = 'guarded'): Promise<void> => {
  const isOpen = async (): Promise<void> => expect(await phaseOf(workload)).toBe('Open');
  if ((await countOf(workload)) > 0 && (await phaseOf(workload)) === 'Open') return;
  const [running = ''] = await podsOf(workload);
  expect((await poster.post('falco', alert(workload, running, { hostname }))).status).toBe(202);
  await eventually(isOpen);
};

/** The model must know the pods before an event can be about them. */
const untilKnown = (count: number): Promise<void> =>
  eventually(async () => expect((await world.report()).status?.counts?.pods.total).toBeGreaterThanOrEqual(count));

describe('compilers in production containers', () => {
  test('are found: one finding of the workload, whichever of its pods ran them', async () => {
    await untilKnown(7);
    const [first = '', second = ''] = await eventually(async () => {
      const pods = await podsOf('cart');
      expect(pods).toHaveLength(2);
      return pods;
    });
    const before = await countOf('cart');
    expect(await poster.post('falco', alert('cart', first))).toMatchObject({
      status: 202,
      body: { accepted: 1, rejected: 0 },
    });
    expect((await poster.post('falco', [alert('cart', second), alert('cart', second)])).status).toBe(202);
    await eventually(async () => expect(await countOf('cart')).toBe(before + 3));
    const { metadata, status } = await findingOf('cart');
    expect(metadata.namespace).toBe('shop');
    expect(status).toMatchObject({
      behaviour: 'CompilerInContainer',
      severity: 'Medium',
      phase: 'Open',
      policies: ['production'],
      subject: {
        reference: 'Deployment/cart',
        container: 'main',
        image: 'registry.example.com/apps/cart:1.0.0',
        podsSeen: 2,
        nodes: ['guarded'],
        services: ['cart'],
        team: 'checkout',
      },
      agents: ['falco'],
      rules: ['Compiler run in container'],
      remediation: { text: expect.stringContaining('Build in one stage') },
    });
    expect(JSON.stringify(status)).not.toContain('secret-of-the-build');
    expect(await world.kubectl(['get', `fnd.${group}`, '-n', 'shop'])).toMatch(
      /Medium +CompilerInContainer +Deployment\/cart +Open +\d/,
    );
  });

  test('count where the policy selects, and are left alone elsewhere', async () => {
    const [lab = ''] = await podsOf('lab');
    const signals = async (): Promise<number | undefined> =>
      (await fetchMetrics(`${operator.metricsUrl}/metrics`)).sum('workload_protection_signals_total', {
        agent_type: 'Falco',
      });
    const before = (await signals()) ?? 0;
    expect((await poster.post('falco', alert('lab', lab))).status).toBe(202);
    await eventually(async () => expect(await signals()).toBeGreaterThan(before));
    await expect(findingOf('lab')).rejects.toThrow('no finding');
  });

  test('are worked on, rebuilt, quiet and verified, and open the finding again when they come back', async () => {
    await open('cart');
    const { metadata } = await findingOf('cart');
    const path = `/apis/${apiVersion}/namespaces/shop/findings/${metadata.name}`;
    await world.cluster.patch(path, {
      spec: { case: { phase: 'Remediating', owner: 'alice@example.com', team: 'checkout' } },
    });
    await eventually(async () => expect(await phaseOf('cart')).toBe('Remediating'));
    await world.cluster.patch(path, { spec: { case: { phase: 'Fixed', remediation: 'multi-stage build' } } });
    await eventually(async () => expect(await phaseOf('cart')).toMatch(/Verifying|Resolved/));
    await eventually(async () => expect(await phaseOf('cart')).toBe('Resolved'), { withinMs: clearsWithinMs });
    const { status } = await findingOf('cart');
    expect(status).toMatchObject({ resolution: 'Verified', quiet: { evidence: 'Running', required: '20s' } });
    const steps = status?.history?.map(({ reason, actor }) => [reason, actor]);
    expect(steps?.[0]).toEqual(['BehaviourSeen', 'workload-protection-operator']);
    expect(steps?.slice(-3)).toEqual([
      // No replica of the webhook runs here that would stamp who decides.
      ['RemediationStarted', unknownActor],
      ['FixClaimed', unknownActor],
      ['SilenceObserved', 'workload-protection-operator'],
    ]);
    await open('cart');
    expect((await findingOf('cart')).status).toMatchObject({
      reopened: (status?.reopened ?? 0) + 1,
      count: (status?.count ?? 0) + 1,
    });
  });
});

describe('compilers in a CronJob', () => {
  test('are gone after as many clean runs as the policy asks for, though nothing of it runs between them', async () => {
    const name = freshName('nightly');
    const podSpec = {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'registry.example.com/apps/nightly:1.0.0' }],
      nodeSelector: { [placeLabel]: 'guarded' },
    };
    const template = {
      metadata: { labels: { app: name }, annotations: { [completesAfterAnnotation]: '10s' } },
      spec: podSpec,
    };
    const begin = (run: number): Promise<string> =>
      world.kubectl(['create', 'job', `${name}-${run}`, '-n', 'shop', `--from=cronjob/${name}`]);
    await world.apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name, namespace: 'shop' },
      spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } },
    });
    await begin(0);
    const [running = ''] = await eventually(async () => {
      const pods = await podsOf(name);
      expect(pods).toHaveLength(1);
      return pods;
    });
    expect((await poster.post('falco', alert(name, running))).status).toBe(202);
    await eventually(async () => expect(await phaseOf(name)).toBe('Open'));
    await eventually(async () => expect(await podsOf(name)).toEqual([]), { withinMs: clearsWithinMs });
    for (const run of [1, 2, 3]) await begin(run);
    await eventually(async () => expect(await phaseOf(name)).toBe('Resolved'), { withinMs: clearsWithinMs });
    expect((await findingOf(name)).status).toMatchObject({
      subject: { reference: `CronJob/${name}` },
      resolution: 'Verified',
      quiet: { observedRuns: 3, requiredRuns: 3 },
    });
  });
});

describe('nothing clears', () => {
  test('where the agent is gone, while it does elsewhere, and once it is back', async () => {
    const label = (name: string, value: string | null): Promise<unknown> =>
      world.cluster.patch(`/api/v1/nodes/${name}`, { metadata: { labels: { 'agents.example.com/falco': value } } });
    await label('guarded', null);
    try {
      await eventually(async () => expect(await podsOf('falco')).toHaveLength(1));
      await open('pay');
      await open('heard', 'control');
      await eventually(async () => expect(await phaseOf('heard')).toBe('Resolved'), { withinMs: clearsWithinMs });
      expect((await findingOf('pay')).status).toMatchObject({
        phase: 'Open',
        quiet: { suspendedReason: 'AgentBlind', suspendedMessage: expect.stringContaining('on node guarded') },
      });
    } finally {
      await label('guarded', 'true');
    }
    await eventually(async () => expect(await phaseOf('pay')).toBe('Resolved'), { withinMs: clearsWithinMs });
  });

  test('of what is gone: it is resolved, and not verified', async () => {
    const gone = freshName('gone');
    await createAll(world.cluster, [deployment('shop', gone, { on: 'guarded' })]);
    // An event of a pod that is not known yet belongs to nobody.
    await eventually(async () => {
      const [running = ''] = await podsOf(gone);
      expect((await poster.post('falco', alert(gone, running))).status).toBe(202);
      expect(await phaseOf(gone)).toBe('Open');
    });
    await world.kubectl(['delete', 'deployment', gone, '-n', 'shop', '--wait']);
    await eventually(async () =>
      expect((await findingOf(gone)).status).toMatchObject({ phase: 'Resolved', resolution: 'Gone' }),
    );
  });
});

describe('what was acknowledged', () => {
  test('is counted once, though the operator is killed in the middle', async () => {
    const [cart = ''] = await podsOf('cart');
    const before = (await findingOf('cart')).status?.count ?? 0;
    const posted = 200;
    const batches = Array.from({ length: posted / 10 }, () => Array.from({ length: 10 }, () => alert('cart', cart)));
    let acknowledged = 0;
    for (const [index, batch] of batches.entries()) {
      // Killed as soon as half of them are acknowledged: some are written, some are only in the journal.
      if (index === batches.length / 2) {
        operator.kill('SIGKILL');
        await operator.exited;
        poster.close();
        await start();
      }
      if ((await poster.post('falco', batch)).status === 202) acknowledged += batch.length;
    }
    expect(acknowledged).toBe(posted);
    await eventually(async () => expect((await findingOf('cart')).status?.count).toBe(before + posted), {
      withinMs: 60_000,
    });
  });
});

test('what cannot be attributed is counted, and makes no finding', async () => {
  const before = (await world.findings()).length;
  const unattributed = async (): Promise<number> =>
    (await fetchMetrics(`${operator.metricsUrl}/metrics`)).sum('workload_protection_events_unattributed_total') ?? 0;
  const counted = await unattributed();
  await world.cluster.create(pod('shop', 'bare', { on: 'guarded' }));
  expect((await poster.post('falco', alert('bare', 'never-was'))).status).toBe(202);
  await eventually(async () => expect(await unattributed()).toBeGreaterThan(counted));
  expect(await world.findings()).toHaveLength(before);
});
