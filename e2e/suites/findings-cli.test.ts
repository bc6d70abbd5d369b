// `kubectl protection findings` as a team uses it, with rights in its own namespace only: found, assigned, noted, claimed as fixed, failed,
// claimed anew, quiet, verified, handed to an auditor; and a sink and an Alertmanager that hear of each step.
import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import type { CloudEvent } from '../../domain/findings/cloud-event.ts';
import { canonicalJson } from '../../domain/snapshot/canonical-json.ts';
import type { Alert } from '../../operator/sinks/alert.ts';
import { startReceiver, type ReceiverServer } from '../../operator/sinks/testing/receiver.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { sendersWith } from '../installation/senders.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import type { Poster } from './support/post-events.ts';
import { inProduction, productionPolicy } from './support/production.ts';
import { installProtection, type Protection } from './support/protection.ts';
import { createAll, deployment, namespace, namespacesOf, node } from './support/small-fleet.ts';
import { startTakingIn } from './support/taking-in.ts';
import { condition, startWorld, type World } from './support/world.ts';

const agents = falco({ tolerations: everywhere });
const token = 'a-token-of-the-test-that-nobody-guesses';
const fixedImage = 'registry.example.com/shop/checkout:12.0';
const signingKey = 'a-signing-key-of-the-test';
const digest = `sha256:${'1f'.repeat(32)}`;
const dana = 'system:serviceaccount:shop:dana';
/** The clock is looked at every quarter of a minute, and written when it has run for a minute. */
const clearsWithinMs = 150_000;

let world: World;
let webhook: ProcessHandle;
let poster: Poster;
let protection: Protection;
let receiver: ReceiverServer;
/** Of somebody in the team of the namespace shop. */
let kubeconfig = '';
let pods: readonly string[] = [];

beforeAll(async () => {
  receiver = await startReceiver();
  world = await startWorld('findings-cli');
  protection = await installProtection(world, 'findings-cli');
  await createAll(world.cluster, [
    ...namespacesOf(agents),
    namespace('shop', inProduction),
    node('worker-7'),
    ...agents,
    deployment('shop', 'checkout', { on: 'worker-7', replicas: 2 }),
  ]);
  await world.kubectl(['annotate', 'namespace', 'shop', 'team=payments']);
  await world.install({
    starterPolicy: { enabled: false },
    clusterName: 'north',
    operator: {
      replicas: 0,
      sinks: {
        cloudEvents: { url: receiver.url.href },
        alertmanager: { url: receiver.url.origin },
        secretName: 'workload-protection-sinks',
      },
    },
    webhook: { replicas: 0 },
  });
  await world.apply(
    sendersWith(token),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'workload-protection-sinks', namespace: 'workload-protection' },
      stringData: { 'signing-key': signingKey },
    },
    productionPolicy({ behaviour: 'CompilerInContainer', severity: 'High', quietPeriod: '50s' }),
  );
  kubeconfig = await memberOf('shop', 'dana');
  webhook = await world.startWebhook();
  ({ poster } = await startTakingIn(world, token));
  pods = await eventually(podsOfCheckout);
  await tellDigest(pods[0] ?? '');
  expect((await gcc()).status).toBe(202);
});

afterAll(async () => {
  poster?.close();
  await world?.stop();
  await receiver?.close();
});

/** Rights in one namespace, as the chart's roles give them; no controller aggregates roles here. */
const memberOf = async (namespace: string, name: string): Promise<string> => {
  const create = (object: object): Promise<string> => world.kubectl(['create', '-f', '-'], object);
  await create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  for (const role of ['workload-protection-view', 'workload-protection-edit']) {
    await create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role, namespace },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    });
  }
  return world.plane.kubeconfigFor({ namespace, serviceAccount: name });
};

const podsOfCheckout = async (): Promise<readonly string[]> => {
  const { items } = await world.get<{
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly status: { readonly phase?: string };
    }[];
  }>('/api/v1/namespaces/shop/pods');
  const running = items.filter(({ status }) => status.phase === 'Running').map(({ metadata }) => metadata.name);
  expect(running).toHaveLength(2);
  return running;
};

/** No kubelet pulls an image here. */
const tellDigest = async (pod: string): Promise<void> => {
  const { spec } = await world.get<{ readonly spec: { readonly containers: readonly { readonly image: string }[] } }>(
    `/api/v1/namespaces/shop/pods/${pod}`,
  );
  const { image = '' } = spec.containers[0] ?? {};
  const imageID = `${image.replace(/:[^:]*$/, '')}@${digest}`;
  const running = { running: { startedAt: new Date().toISOString() } };
  const status = { name: 'main', image, imageID, ready: true, started: true, restartCount: 0, state: running };
  const patch = JSON.stringify({ status: { containerStatuses: [status] } });
  await world.kubectl(['patch', 'pod', pod, '-n', 'shop', '--subresource=status', '--type=merge', '-p', patch]);
};

/** A compiler in a pod, as falcosidekick's webhook tells of it. */
const gcc = (): ReturnType<Poster['post']> =>
  poster.post('falco', {
    uuid: crypto.randomUUID(),
    output: 'Compiler run in container',
    priority: 'Notice',
    rule: 'Compiler run in container',
    time: new Date().toISOString(),
    source: 'syscall',
    hostname: 'worker-7',
    tags: ['container', 'T1027.004'],
    output_fields: {
      'container.name': 'main',
      'k8s.ns.name': 'shop',
      'k8s.pod.name': pods[0],
      'proc.name': 'gcc',
      'proc.cmdline': 'gcc -o helper helper.c',
      'user.name': 'root',
    },
  });

const findings = (...args: readonly string[]) => protection.say(['findings', ...args], { kubeconfig });
/** What it printed, where it ended well. */
const said = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await findings(...args);
  expect([stderr, code]).toEqual([expect.not.stringContaining('refused'), 0]);
  return stdout;
};

let name = '';
const finding = (): Promise<Finding> => world.get(`/apis/${apiVersion}/namespaces/shop/findings/${name}`);
const phase = async (): Promise<string | undefined> => (await finding()).status?.phase;

const told = (): readonly CloudEvent[] =>
  receiver.received.filter(({ path }) => path === '/events').map(({ body }) => JSON.parse(body) as CloudEvent);
const toldTypes = (): readonly string[] => told().map(({ type }) => type.split('.').at(-2) ?? '');

describe('a team with rights in its own namespace', () => {
  test('sees what was found, by what it is and whose it is', async () => {
    name = await eventually(async () => {
      const [line = ''] = (await said('list', '-o', 'name', '--behaviour', 'CompilerInContainer')).split('\n');
      expect(line).toMatch(/^shop\/compiler-in-container-checkout-/);
      return line.slice('shop/'.length);
    });
    const list = await said('list');
    expect(list).toMatch(/High +CompilerInContainer +Deployment\/checkout +Open +New/);
    await capture('findings-list.txt', ['kubectl protection findings list', list]);
    expect(await said('list', '--group-by', 'team')).toMatch(/^payments +High +1 +1/m);
    const elsewhere = await findings('list', '-A');
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.stderr).toContain('you may not read the findings of all namespaces');
  });

  test('works on it: owner, day, link, and notes that are signed by the cluster', async () => {
    const before = (await finding()).spec.case.notes ?? [];
    expect(
      await said('assign', name, '--owner', 'dana@example.com', '--due', '14d', '--phase', 'Remediating'),
    ).toContain(`shop/${name}: owner dana@example.com`);
    await said('note', name, 'gcc comes with the base image; nothing in the service calls it');
    await said('note', name, 'asked the team of the base image');
    await said('link', name, 'https://tracker.example.com/PAY-421', '--title', 'two-stage build');
    const { notes = [], links } = (await finding()).spec.case;
    expect(notes.slice(before.length).map(({ text, author }) => [author, text.split(' ')[0]])).toEqual([
      [dana, 'gcc'],
      [dana, 'asked'],
    ]);
    expect(links).toContainEqual({ title: 'two-stage build', url: 'https://tracker.example.com/PAY-421' });
    await eventually(async () => expect(await phase()).toBe('Remediating'));
  });

  test('is warned as by kubectl', async () => {
    const late = await findings('assign', name, '--due', '2020-01-01');
    expect([late.code, late.stderr]).toEqual([0, 'Warning: spec.case.dueDate: 2020-01-01 is past\n']);
    expect(await findings('assign', name, '--due', '14d')).toMatchObject({ code: 0, stderr: '' });
  });

  test('goes on while no webhook answers, and then nobody is said to have done it', async () => {
    const remediate = async (): Promise<void> => {
      await said('assign', name, '--phase', 'Remediating');
      await eventually(async () => expect(await phase()).toBe('Remediating'));
    };
    await remediate();
    webhook.kill('SIGKILL');
    await webhook.exited;
    try {
      await said('assign', name, '--phase', 'Triaged');
      await eventually(async () => expect(await phase()).toBe('Open'));
    } finally {
      webhook = await world.startWebhook();
    }
    // The API server takes a moment to call it again; a note shows when, since it is refused until then.
    const note = JSON.stringify({ spec: { case: { notes: [{ text: 'back' }] } } });
    await eventually(() =>
      world.kubectl(['patch', 'finding', name, '-n', 'shop', '--type=merge', '--dry-run=server', '-p', note]),
    );
    await remediate();
    const steps = (await finding()).status?.history?.map(({ reason, actor }) => [reason, actor]);
    expect(steps?.slice(-3)).toEqual([
      ['RemediationStarted', dana],
      ['RemediationStopped', 'unknown (the webhook was away)'],
      ['RemediationStarted', dana],
    ]);
  });

  test('is refused in the words of the API server', async () => {
    const reason = await findings('accept', name, '--until', '90d', '--reason', 'short');
    expect(reason.code).toBe(2);
    expect(reason.stderr).toMatch(/422 Invalid: .*riskAcceptedReason/);
    const elsewhere = await findings('assign', `workload-protection/${name}`, '--owner', 'dana');
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.stderr).toMatch(/403 Forbidden: .*cannot patch/);
  });

  test('claims a fix; where it fails it is claimed anew, and then silence proves it', async () => {
    await said('fix', name, '--remediation', 'two-stage build, image 12.0');
    await eventually(async () => expect(await phase()).toBe('Verifying'));
    // The time of an event is told in milliseconds, that of a claim in seconds: the next second is after it.
    await eventually(async () =>
      expect(Date.now()).toBeGreaterThan(Date.parse((await finding()).status?.fixedAt ?? '') + 1000),
    );
    expect((await gcc()).status).toBe(202);
    await eventually(async () => expect(await phase()).toBe('Open'));
    await eventually(async () =>
      expect(await said('show', name)).toContain('The behaviour came back after a fix was claimed'),
    );
    expect(await said('fix', name)).toContain('claimed as fixed anew');
    await eventually(async () => expect(await phase()).toMatch(/Verifying|Resolved/));
    const before = (await finding()).status?.subject;
    expect(before?.imageDigest).toBe(digest);
    // The image of the fix is rolled out.
    await world.kubectl(['set', 'image', 'deployment/checkout', '-n', 'shop', `main=${fixedImage}`]);
    await eventually(async () => expect(condition(await finding(), 'ImageChanged').status).toBe('True'));
    const changed = condition(await finding(), 'ImageChanged');
    expect(changed.message).toBe(
      `checkout runs ${fixedImage} on all 2 pods; the behaviour was last seen in ${before?.image}@${digest}.`,
    );
    expect(changed.observedGeneration).toBe((await finding()).metadata.generation);
    expect(await said('show', name)).toContain(`${fixedImage} on all pods since`);
    await capture('findings-show.txt', [`kubectl protection findings show ${name}`, await said('show', name)]);
    await eventually(async () => expect(await phase()).toBe('Resolved'), { withinMs: clearsWithinMs });
    expect(await said('show', name)).toContain('Verified');
    expect((await finding()).status?.history?.at(-1)?.message).toMatch(
      /after its image changed from .*@sha256:(1f)+ to registry[.]example[.]com.shop.checkout:12[.]0[.]$/,
    );
    expect(await said('list', '--resolved', '-o', 'name')).toBe(`shop/${name}\n`);
  });

  test('hands an auditor a record that can be checked without us', async () => {
    const { digest, exportedAt, ...record } = JSON.parse(await said('export', name)) as Readonly<
      Record<string, unknown>
    >;
    expect(digest).toBe(`sha256:${createHash('sha256').update(canonicalJson(record)).digest('hex')}`);
    expect(Date.parse(String(exportedAt))).not.toBeNaN();
    expect(record).toMatchObject({
      owned: { owner: 'dana@example.com', team: 'payments' },
      done: {
        remediation: 'two-stage build, image 12.0',
        notes: expect.arrayContaining([expect.objectContaining({ author: dana })]),
      },
      outcome: { phase: 'Resolved', resolution: 'Verified' },
    });
    const { history } = record['done'] as { readonly history: readonly { reason: string; actor: string }[] };
    expect(history.filter(({ actor }) => actor === dana).map(({ reason }) => reason)).toContain('FixClaimed');
    expect(history.map(({ actor }) => actor)).not.toContain('dana@example.com');
    const page = await said('export', name, '-o', 'md');
    expect(page).toContain('**Verified at ');
    expect(page).toMatch(/\| Open → Remediating \| .* \| system:serviceaccount:shop:dana \|/);
    await capture('findings-record.txt', [`kubectl protection findings export ${name} -o md`, page]);
    expect(JSON.parse(await said('export', name, '-o', 'ocsf'))).toMatchObject({
      class_uid: 2004,
      activity_name: 'Close',
    });
  });
});

describe('others', () => {
  test('heard of each transition, signed and in order, and how far they heard is noted on the finding', async () => {
    await eventually(() => expect(toldTypes().at(-1)).toBe('resolved'));
    const { metadata, status } = await finding();
    const ids = new Set<string>();
    const once = told().filter(({ id }) => !ids.has(id) && ids.add(id));
    expect(once.map(({ data }) => (data as { transition: { to: string } }).transition.to)).toEqual(
      status?.history?.map(({ to }) => to),
    );
    expect(once[0]?.source).toBe(`/workload-protection/north/findings/shop/${name}`);
    for (const { headers, body } of receiver.received.filter(({ path }) => path === '/events')) {
      const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      expect(headers['webhook-signature']).toBe(
        `v1,${createHmac('sha256', signingKey).update(content).digest('base64')}`,
      );
    }
    await eventually(async () =>
      expect((await finding()).metadata.annotations?.['workloadprotection.dev/cloudevents-told']).toBe(
        told().at(-1)?.id,
      ),
    );
    expect(metadata.name).toBe(name);
  });

  test('were alerted while it stood open, and no longer', async () => {
    const alerts = (): readonly Alert[] =>
      receiver.received
        .filter(({ path }) => path === '/api/v2/alerts')
        .flatMap(({ body }) => JSON.parse(body) as readonly Alert[])
        .filter(({ labels }) => labels['finding'] === name);
    expect(alerts()[0]?.labels).toMatchObject({
      severity: 'high',
      namespace: 'shop',
      cluster: 'north',
      team: 'payments',
    });
    await eventually(async () =>
      expect(alerts().at(-1)?.endsAt).toBe(new Date((await finding()).status?.resolvedAt ?? 0).toISOString()),
    );
  });

  test('see in Events who did what', async () => {
    const { items } = await world.get<{ readonly items: readonly { reason: string; note: string }[] }>(
      '/apis/events.k8s.io/v1/namespaces/shop/events',
    );
    const claimed = items.filter(({ reason }) => reason === 'FixClaimed').map(({ note }) => note);
    expect(claimed).not.toEqual([]);
    for (const note of claimed) expect(note).toContain(`By ${dana}.`);
  });

  test('get the digest of a snapshot', async () => {
    const { code, stdout } = await protection.say(['snapshot'], { kubeconfig: world.plane.kubeconfig });
    expect(code).toBe(0);
    const [snapshot = '', digest = ''] = stdout.trim().split('\n');
    await eventually(() =>
      expect(told().map(({ data }) => data)).toContainEqual(expect.objectContaining({ snapshot, digest })),
    );
  });
});

test('a share of the nodes that a policy is content with is what the team reads', async () => {
  const share = { behaviour: 'CompilerInContainer', severity: 'High', quietPeriod: '50s', quietNodes: '60%' } as const;
  await world.apply(productionPolicy(share));
  // Others than those that were fixed.
  pods = await eventually(podsOfCheckout);
  expect((await gcc()).status).toBe(202);
  await eventually(async () =>
    expect((await finding()).status).toMatchObject({ phase: 'Open', quiet: { requiredNodes: '60%' } }),
  );
  expect((await said('show', name)).replaceAll(/\s+/g, ' ')).toContain(
    'time counts while at least 60% of the nodes that run it have an agent',
  );
});
