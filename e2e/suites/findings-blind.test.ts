// Silence while nobody listened: whatever keeps a behaviour from being heard, its finding outlives the quiet period and says why its clock
// stands still; and once it would be heard again, it clears on time. A workload that is heard clears beside them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { sendersWith } from '../installation/senders.ts';
import { eventually } from './support/eventually.ts';
import { liveAgents, type LivingAgents } from './support/living-agents.ts';
import { podToken } from './support/pod-token.ts';
import type { Poster } from './support/post-events.ts';
import { addressed, createAll, deployment, namespace, namespacesOf, node, placeLabel } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import { startWorld, type World } from './support/world.ts';

const quietMs = 20_000;
/** A clock is looked at every quarter of a minute, and a write may wait for another one. */
const onTimeMs = 60_000;
/** What a policy asks for that asked for less at first. */
const prolongedMs = 60_000;
const rule = 'Compiler run in container';
const rules = {
  'custom-rules.yaml': `- rule: ${rule}\n  desc: A compiler.\n  condition: spawned_process\n  output: x\n  priority: NOTICE\n`,
};
const token = 'a-token-of-the-test-that-nobody-guesses';
const on = { 'agents.example.com/falco': 'true' };
/** What falcoctl installs, which no object declares. */
const fetched =
  '- rule: Terminal shell in container\n  desc: A shell.\n  condition: spawned_process\n  output: x\n  priority: NOTICE\n';
const agents = falco({ tolerations: everywhere, nodeSelector: on, metrics: true, customRules: rules });
/** Behind the fleets that others on this machine may have. */
const firstAddress = 6000 + (process.pid % 8000);
const guarded = ['control', 'stale', 'ruleless', 'parted', 'shedding'] as const;

interface Blindness {
  readonly namespace?: string;
  /** The node that it runs on at first. */
  readonly on: string;
  readonly reason: string;
  readonly words: RegExp;
}

/** By the name of the workload. */
const blind: Readonly<Record<string, Blindness>> = {
  unheard: {
    on: 'stale',
    reason: 'AgentBlind',
    words:
      /^on node stale: falco is known to be Running only, and Loaded is asked for: for more than \d+ s it has said/,
  },
  unreported: {
    namespace: 'reporting',
    on: 'stale',
    reason: 'AgentBlind',
    words: /^on node stale: falco is known to be Running only, and Reporting is asked for: for more than \d+ s/,
  },
  unruled: {
    on: 'ruleless',
    reason: 'RuleNotLoaded',
    words: /^on node ruleless: falco: rule Compiler run in container of custom-rules.yaml is missing$/,
  },
  lonely: {
    on: 'parted',
    reason: 'AgentBlind',
    words: /^on node parted: falco \(DaemonSet falco\/falco\) cannot be heard: the node is not ready$/,
  },
  moved: { on: 'control', reason: 'AgentBlind', words: /^on node bare: .*DaemonSet falco\/falco/ },
  idle: { on: 'control', reason: 'NothingRunning', words: /^nothing of it runs/ },
  excluded: {
    namespace: 'by-program',
    on: 'control',
    reason: 'RuleNotLoaded',
    words: /^what was seen of it \(process gcc, .*\) would not be counted again: policy by-program excludes it/,
  },
  silenced: {
    namespace: 'by-rule',
    on: 'control',
    reason: 'RuleNotLoaded',
    words:
      /^what was seen of it \(.*rule Compiler run in container, .*\) would not be counted again: policy by-rule excludes it/,
  },
  drowned: {
    on: 'shedding',
    reason: 'EventsShed',
    words: /^on node shedding: more events came than could be taken in/,
  },
};

/** What is excluded while it goes on, by the policy and namespace. */
const exclusions = {
  'by-program': { field: 'ProcessName', equals: ['gcc'] },
  'by-rule': { field: 'Rule', equals: [rule] },
} as const;

let world: World;
let operator: ProcessHandle;
let poster: Poster;
let living: LivingAgents;
let journal: string;
/** When each was last seen to behave, by this machine's clock. */
const seenAt = new Map<string, number>();
let mendedAt = 0;

const postureFor = (name: string, quietPeriod: number, quietEvidence: string): Manifest => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name },
  spec: {
    gracePeriod: '0s',
    selector: { namespaceSelector: { matchLabels: { 'posture.example.com/is': name } } },
    posture: [{ behaviour: 'CompilerInContainer', quietPeriod: `${quietPeriod / 1000}s`, quietEvidence }],
  },
});
const under = (name: string): Manifest => namespace(name, { 'posture.example.com/is': name });

beforeAll(async () => {
  journal = await mkdtemp(path.join(tmpdir(), 'workload-protection-blind-'));
  // Kubelets of this control plane speak every ten seconds.
  world = await startWorld('findings-blind', { controllerManagerArgs: ['--node-monitor-grace-period=25s'] });
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    ...['shop', 'reporting', 'edited', ...Object.keys(exclusions)].map(under),
    namespace('agents'),
    ...guarded.map((name, index) => addressed(node(name, on), firstAddress + index)),
    node('bare'),
    ...agents,
    ...Object.entries(blind).map(([name, { namespace: inside = 'shop', on: place }]) =>
      deployment(inside, name, { on: place }),
    ),
    deployment('shop', 'heard', { on: 'control' }),
    deployment('shop', 'orphan', { on: 'control' }),
    deployment('edited', 'prolonged', { on: 'control' }),
    deployment('agents', 'flooder', { on: 'shedding' }),
  ]);
  await eventually(async () => expect((await podOf('falco', 'parted')).name).not.toBe(''));
  await leave('parted');
  await world.install({
    starterPolicy: { enabled: false },
    agentNamespaces: ['falco'],
    agents: { falco: { spec: { telemetry: { mode: 'Scrape', interval: '5s', staleAfter: '10s' } } } },
    operator: { replicas: 0, ingest: { senders: [{ namespace: 'agents', name: 'default' }] } },
    webhook: { replicas: 0 },
  });
  await world.apply(
    sendersWith(token),
    postureFor('shop', quietMs, 'Loaded'),
    postureFor('reporting', quietMs, 'Reporting'),
    postureFor('edited', quietMs, 'Loaded'),
    ...Object.keys(exclusions).map((name) => postureFor(name, quietMs, 'Loaded')),
  );
  living = await liveAgents(world, { rulesFiles: () => Promise.resolve({ 'falco_rules.yaml': fetched, ...rules }) });
  await eventually(() => expect(living.nodes()).toEqual([...guarded].toSorted()));
  living.tell('ruleless', { missingRulesFile: 'custom-rules.yaml' });
  await start();
  await eventually(async () => expect(await evidenceOf('stale')).toBe('Loaded'));
  living.tell('stale', { answers: 'hanging' });
});

afterAll(async () => {
  poster?.close();
  await living?.close();
  await world?.stop();
  await rm(journal, { recursive: true, force: true });
});

const start = async (): Promise<void> => {
  ({ operator, poster } = await startTakingIn(world, token, [`--journal-dir=${journal}`]));
};

const leaseOf = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`;

/** A node that falls off the network: nobody renews its Lease, nor speaks of its pods. */
const leave = async (name: string): Promise<void> => {
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  await eventually(async () => {
    await world.cluster.patch(leaseOf(name), {
      spec: { holderIdentity: 'nobody', renewTime, leaseDurationSeconds: 3600 },
    });
  });
};
const comeBack = async (name: string): Promise<void> => {
  await world.cluster.patch(leaseOf(name), { spec: { leaseDurationSeconds: 1 } });
};

/** A pretended kubelet that is back says nothing of a pod until the pod changes. */
const speakAgain = async (app: string, place: string): Promise<void> => {
  const { namespace: inside, name } = await podOf(app, place);
  const annotations = { 'test.example.com/node': 'is-back' };
  await world.cluster.patch(`/api/v1/namespaces/${inside}/pods/${name}`, { metadata: { annotations } });
};

const readinessOf = async (name: string): Promise<string | undefined> => {
  const { status } = await world.get<{
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  }>(`/api/v1/nodes/${name}`);
  return status.conditions.find(({ type }) => type === 'Ready')?.status;
};

const evidenceOf = async (name: string): Promise<string | undefined> => {
  const { nodes } = await world.verdicts();
  return nodes.get(name)?.evidence;
};

interface PodLike {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly phase?: string };
}

/** That runs; on that node, where one is named. */
const podOf = async (app: string, place?: string): Promise<PodLike['metadata'] & { readonly node: string }> => {
  const pods = await world.cluster.list<PodLike>('v1', 'Pod');
  const found = pods.find(
    ({ metadata, spec, status }) =>
      (metadata.labels?.['app'] ?? metadata.labels?.['app.kubernetes.io/name']) === app &&
      status.phase === 'Running' &&
      metadata.deletionTimestamp === undefined &&
      (place === undefined || spec.nodeName === place),
  );
  if (found === undefined) throw new Error(`no pod of ${app} runs${place === undefined ? '' : ` on ${place}`}`);
  return { ...found.metadata, node: found.spec.nodeName ?? '' };
};

/** As falcosidekick's webhook sends it; whether or not it counts. */
const behave = async (app: string): Promise<void> => {
  const { name, namespace: inside, node: hostname } = await eventually(() => podOf(app));
  const event = {
    uuid: crypto.randomUUID(),
    output: `Compiler run in container (proc=gcc pod=${name})`,
    priority: 'Notice',
    rule,
    time: new Date().toISOString().replace('Z', '123456Z'),
    source: 'syscall',
    hostname,
    tags: ['container'],
    output_fields: {
      'container.name': 'main',
      'k8s.ns.name': inside,
      'k8s.pod.name': name,
      'proc.name': 'gcc',
      'proc.cmdline': 'gcc -O2 main.c',
    },
  };
  expect(await poster.post('falco', event)).toMatchObject({ status: 202, body: { accepted: 1 } });
  seenAt.set(app, Date.now());
};

const compile = async (app: string): Promise<void> => {
  const before = await countOf(app);
  await behave(app);
  await eventually(async () => expect(await countOf(app)).toBe(before + 1));
};

const edit = async (policy: string, posture: object): Promise<void> => {
  const patch = JSON.stringify({
    spec: { posture: [{ behaviour: 'CompilerInContainer', quietEvidence: 'Loaded', ...posture }] },
  });
  await world.kubectl(['patch', 'workloadpolicy', policy, '--type=merge', '-p', patch]);
};
const short = { quietPeriod: `${quietMs / 1000}s` };
const exclude = async (): Promise<void> => {
  for (const [policy, comparison] of Object.entries(exclusions)) {
    await edit(policy, { ...short, exclude: [{ allOf: [comparison] }] });
  }
};

const statuses = async (): Promise<ReadonlyMap<string, NonNullable<Finding['status']>>> => {
  const all = await world.findings();
  return new Map(all.flatMap(({ status }) => (status === undefined ? [] : [[status.subject.name, status] as const])));
};
const statusOf = async (app: string): Promise<NonNullable<Finding['status']>> => {
  const status = (await statuses()).get(app);
  if (status === undefined) throw new Error(`there is no finding of ${app}`);
  return status;
};
const countOf = async (app: string): Promise<number> => (await statuses()).get(app)?.count ?? 0;

const resolvedAt = async (app: string, withinMs: number): Promise<number> => {
  const { resolvedAt: at = '', resolution } = await eventually(
    async () => {
      const status = await statusOf(app);
      const { phase, quiet } = status;
      expect(phase, `${app}: ${JSON.stringify(quiet)}`).toBe('Resolved');
      return status;
    },
    { withinMs },
  );
  expect(resolution).toBe('Verified');
  return Date.parse(at);
};

const goingOn = ['excluded', 'silenced'] as const;
/** Until they were blinded some were heard for a moment. */
const headStartMs = 8000;
/** Of a second that a stored time was cut by. */
const roundedMs = 1000;

const flood = async (): Promise<void> => {
  const own = await podToken(world, 'agents', await podOf('flooder'));
  const many = Array.from({ length: 10_000 }, () => ({ rule: 'Nothing' }));
  await eventually(async () => expect((await poster.post('falco', many, own)).status).toBe(429));
};

describe('while nobody would hear it', () => {
  beforeAll(async () => {
    await eventually(async () => expect(await readinessOf('parted')).toBe('Unknown'));
    await eventually(async () => expect(await evidenceOf('stale')).toBe('Running'));
    await eventually(async () => expect((await world.report()).status?.counts?.pods.total).toBeGreaterThanOrEqual(15));
    for (const app of [...Object.keys(blind), 'prolonged']) await compile(app);
    await edit('edited', { quietPeriod: `${prolongedMs / 1000}s` });
    await exclude();
    await world.kubectl(['scale', 'deployment', 'idle', '-n', 'shop', '--replicas=0']);
    await world.cluster.patch('/apis/apps/v1/namespaces/shop/deployments/moved', {
      spec: { template: { spec: { nodeSelector: { [placeLabel]: 'bare' } } } },
    });
    await flood();
    await eventually(() => podOf('moved', 'bare'));
    await eventually(() => expect(podOf('idle')).rejects.toThrow('no pod'));
    await eventually(() => expect(podOf('moved', 'control')).rejects.toThrow('no pod'));
    // The last: whatever is blind is blind for longer than this one is quiet.
    await compile('heard');
  });

  test('nothing clears, though what is heard does', async () => {
    await resolvedAt('heard', quietMs + onTimeMs);
    // What was shed once is forgotten after a minute.
    await flood();
    for (const app of goingOn) await behave(app);
    const all = await statuses();
    for (const app of goingOn) expect([app, all.get(app)?.count]).toEqual([app, 1]);
    for (const app of [...Object.keys(blind), 'prolonged']) {
      expect([app, all.get(app)?.phase]).toEqual([app, 'Open']);
    }
    expect(all.get('prolonged')?.quiet?.required).toBe('1m');
  });

  test.each(Object.entries(blind))('%s is told why its clock stands still', async (app, { reason, words }) => {
    // A clock that ran before is written down as one that stands still after a minute.
    const { quiet, phase } = await eventually(
      async () => {
        const status = await statusOf(app);
        expect(status.quiet?.suspendedReason).toBe(reason);
        return status;
      },
      { withinMs: 90_000 },
    );
    expect(phase).toBe('Open');
    expect(quiet?.suspendedMessage).toMatch(words);
    expect(quiet).not.toHaveProperty('clearsAt');
  });
});

describe('an operator that was away for longer than the quiet period', () => {
  beforeAll(async () => {
    await compile('orphan');
    const clearsAt = await eventually(async () => {
      const { quiet } = await statusOf('orphan');
      expect(quiet?.clearsAt).toEqual(expect.any(String));
      return Date.parse(quiet?.clearsAt ?? '');
    });
    operator.kill('SIGKILL');
    await operator.exited;
    poster.close();
    living.tell('stale', { answers: 'normal' });
    living.tell('ruleless', { missingRulesFile: undefined });
    await comeBack('parted');
    await world.kubectl(['scale', 'deployment', 'idle', '-n', 'shop', '--replicas=1']);
    await world.cluster.patch('/apis/apps/v1/namespaces/shop/deployments/moved', {
      spec: { template: { spec: { nodeSelector: { [placeLabel]: 'control' } } } },
    });
    await eventually(() => expect(Date.now()).toBeGreaterThan(clearsAt));
    await eventually(async () => expect(await readinessOf('parted')).toBe('True'));
    await speakAgain('falco', 'parted');
    for (const policy of Object.keys(exclusions)) await edit(policy, short);
    mendedAt = Date.now();
    await start();
    // Once more, and never again.
    for (const app of goingOn) await compile(app);
  });

  test('has heard nothing meanwhile, and says so', async () => {
    const { phase, quiet } = await eventually(async () => {
      const status = await statusOf('orphan');
      expect(status.quiet?.suspendedReason).toBe('OperatorDown');
      return status;
    });
    expect(phase).toBe('Open');
    expect(quiet?.suspendedMessage).toMatch(
      /^the operator was away; nobody heard what happened since \d{4}-\d\d-\d\dT/,
    );
  });

  test('clears what is quiet, on time and not before', async () => {
    for (const app of ['orphan', ...Object.keys(blind)]) {
      const at = await resolvedAt(app, quietMs + 2 * onTimeMs);
      expect(at, app).toBeGreaterThanOrEqual(mendedAt + quietMs - headStartMs);
    }
    for (const app of goingOn) {
      const at = await resolvedAt(app, quietMs);
      expect(at - (seenAt.get(app) ?? 0), app).toBeGreaterThanOrEqual(quietMs - roundedMs);
    }
    const prolonged = await resolvedAt('prolonged', prolongedMs + 2 * onTimeMs);
    expect(prolonged - (seenAt.get('prolonged') ?? 0)).toBeGreaterThanOrEqual(prolongedMs - roundedMs);
  });
});
