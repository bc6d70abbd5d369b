// Admission through the real API server, as whoever types kubectl sees it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiVersion, group } from '../../crds/schema/vocabulary.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { Installation, ProcessHandle } from '../installation/install.ts';
import { eventually } from './support/eventually.ts';
import { freshName } from './support/fresh-name.ts';
import type { Said } from './support/said.ts';
import { createAll, deployment, namespace, namespacesOf, node, pod } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const agents = falco({ tolerations: everywhere, nodeSelector: { 'agents.example.com/falco': 'true' } });
const longestWarning = 256;

let world: World;
let installation: Installation;
let webhook: ProcessHandle;
let names = 0;

beforeAll(async () => {
  world = await startWorld('webhook');
  await createAll(world.cluster, [
    namespace('vault', { deny: 'true' }),
    ...namespacesOf(agents),
    node('guarded', { 'agents.example.com/falco': 'true' }),
    node('open'),
    ...agents,
  ]);
  installation = await world.install({
    starterPolicy: { spec: { gracePeriod: '0s', admission: { mode: 'Warn' } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0 },
  });
  await world.startOperator();
  webhook = await world.startWebhook();
  await eventually(async () => {
    const { nodes } = await world.verdicts();
    expect([nodes.get('guarded')?.state, nodes.get('open')?.state]).toEqual(['Protected', 'NoAgent']);
  });
  await eventually(async () => expect(warningsIn(await tryOn('open'))).toHaveLength(1));
});

afterAll(() => world?.stop());

const create = (manifest: object, ...more: readonly string[]): Promise<Said> =>
  world.kubectl.say(['create', '-f', '-', ...more], manifest);

const nextName = (): string => `pod-${(names += 1)}`;

/** A pod that fits this node only; asked for, not made. */
const tryOn = (on: string, inNamespace = 'default'): Promise<Said> =>
  create(pod(inNamespace, nextName(), { on }), '--dry-run=server');

const warningsIn = ({ stderr }: Said): readonly string[] =>
  stderr.split('\n').flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length)] : []));

const expectWarned = (said: Said, subject: string): void => {
  expect(said.code, said.stderr).toBe(0);
  const [warning, ...more] = warningsIn(said);
  expect(more).toEqual([]);
  expect(warning).toContain('WorkloadPolicy baseline');
  expect(warning).toContain(subject);
  expect(warning).toContain('unprotected');
  // Why, and what mends it.
  expect(warning).toContain('the nodeSelector of DaemonSet falco/falco');
  expect(warning).toContain('Label the node');
  expect(warning?.length).toBeLessThanOrEqual(longestWarning);
};

const template = (manifest: Manifest): { readonly template: { readonly metadata: object; readonly spec: object } } =>
  manifest['spec'] as ReturnType<typeof template>;

describe('pods', () => {
  test('one that fits no protected node is made, with a warning that names policy, cause and remedy', async () => {
    const name = nextName();
    expectWarned(await create(pod('default', name, { on: 'open' })), 'the pod');
    expect(await world.kubectl(['get', 'pod', name, '-o', 'name'])).toBe(`pod/${name}\n`);
  });

  test('one that fits a protected node only is made without a word', async () => {
    const said = await create(pod('default', nextName(), { on: 'guarded' }));
    expect([said.code, said.stderr]).toEqual([0, '']);
  });

  test('one that may land on a protected node as well is no cause for a warning', async () => {
    expect((await create(pod('default', nextName()), '--dry-run=server')).stderr).toBe('');
  });

  test('one that fits no node of today is judged by what the agents would follow', async () => {
    const said = await create(pod('default', nextName(), { on: 'a-node-to-come' }), '--dry-run=server');
    expect(said.code).toBe(0);
    expect(warningsIn(said).join('\n')).toContain('no node of today fits the pod');
  });

  test('a dry run is answered like any other', async () => {
    const name = nextName();
    expectWarned(await create(pod('default', name, { on: 'open' }), '--dry-run=server'), 'the pod');
    expect((await world.kubectl.say(['get', 'pod', name])).stderr).toContain('not found');
  });

  test('kube-system and our own namespace are left alone', async () => {
    for (const inNamespace of ['kube-system', 'workload-protection']) {
      const said = await tryOn('open', inNamespace);
      expect([said.code, said.stderr], inNamespace).toEqual([0, '']);
    }
  });
});

describe('controllers of pods', () => {
  const { template: podTemplate } = template(deployment('default', 'controlled', { on: 'open' }));
  const selector = { matchLabels: { app: 'controlled' } };
  const toEnd = { ...podTemplate, spec: { ...podTemplate.spec, restartPolicy: 'Never' } };
  test.each<readonly [string, string, object]>([
    ['Deployment', 'apps/v1', { selector, template: podTemplate }],
    ['StatefulSet', 'apps/v1', { selector, template: podTemplate, serviceName: 'controlled' }],
    ['DaemonSet', 'apps/v1', { selector, template: podTemplate }],
    ['ReplicaSet', 'apps/v1', { selector, template: podTemplate }],
    ['ReplicationController', 'v1', { selector: selector.matchLabels, template: podTemplate }],
    ['Job', 'batch/v1', { template: toEnd }],
    ['CronJob', 'batch/v1', { schedule: '0 3 * * *', jobTemplate: { spec: { template: toEnd } } }],
  ])('a %s is warned of when its pods would run unprotected', async (kind, version, spec) => {
    const manifest = { apiVersion: version, kind, metadata: { name: 'controlled', namespace: 'default' }, spec };
    expectWarned(await create(manifest, '--dry-run=server'), `pods of this ${kind}`);
  });

  test('a Deployment is warned of when it is moved to where nothing protects, and not when it is scaled', async () => {
    const mover = freshName('mover');
    await createAll(world.cluster, [deployment('default', mover, { on: 'guarded' })]);
    const moved = await world.kubectl.say(
      ['apply', '--server-side', '--force-conflicts', '-f', '-'],
      deployment('default', mover, { on: 'open' }),
    );
    expectWarned(moved, 'pods of this Deployment');
    const scaled = await world.kubectl.say(['scale', 'deployment', mover, '--replicas=2']);
    expect([scaled.code, scaled.stderr]).toEqual([0, '']);
  });
});

describe('a policy that denies', () => {
  test('refuses with cause, remedy and the way round, and only what it selects', async () => {
    await world.kubectl(['apply', '-f', '-'], {
      apiVersion,
      kind: 'WorkloadPolicy',
      metadata: { name: 'vault-only' },
      spec: {
        selector: { namespaceSelector: { matchLabels: { deny: 'true' } } },
        gracePeriod: '0s',
        admission: { mode: 'Deny' },
      },
    });
    const refused = await eventually(async () => {
      const said = await create(pod('vault', nextName(), { on: 'open' }));
      expect(said.code).toBe(1);
      return said;
    });
    expect(refused.stderr).toContain('denied the request');
    expect(refused.stderr).toContain('WorkloadPolicy vault-only');
    expect(refused.stderr).toContain('Remedy: ');
    expect(refused.stderr).toContain('spec.exemptions of WorkloadPolicy vault-only');
    // The API server prints some words of its own, but the object is not there.
    expect((await tryOn('guarded', 'vault')).code).toBe(0);
    expect((await tryOn('open')).code).toBe(0);
  });

  test('warns of a Deployment whose pods it would refuse, and so breaks no rollout half-way', async () => {
    const said = await create(deployment('vault', 'safe', { on: 'open' }), '--dry-run=server');
    expect(said.code, said.stderr).toBe(0);
    expect(warningsIn(said).join('\n')).toContain('vault-only');
    expect(warningsIn(said).join('\n')).toContain('pods of this Deployment');
  });
});

describe('WorkloadPolicies', () => {
  const policy = (name: string, spec: object) => ({ apiVersion, kind: 'WorkloadPolicy', metadata: { name }, spec });
  const exemption = (name: string, expiresAt: string) => ({
    name,
    selector: { podSelector: { matchLabels: { app: name } } },
    reason: 'until it is moved',
    expiresAt,
  });

  test('one with several faults is refused with all of them', async () => {
    const said = await create(
      policy('faulty', {
        require: { policies: [{ name: 'rules.yaml', rules: ['one', 'two', 'one'] }] },
        exemptions: [
          exemption('old', '2020-01-01T00:00:00Z'),
          exemption('same', '2999-01-01T00:00:00Z'),
          exemption('same', '2999-01-01T00:00:00Z'),
        ],
      }),
    );
    expect(said.code).toBe(1);
    for (const field of [
      'spec.exemptions[0].expiresAt',
      'spec.exemptions[2].name',
      'spec.require.policies[0].rules[2]',
    ]) {
      expect(said.stderr).toContain(field);
    }
  });

  test('one that asks for an agent that nobody knows is warned of', async () => {
    const said = await create(
      policy('hopeful', { require: { agents: [{ name: 'no-such-agent' }] } }),
      '--dry-run=server',
    );
    expect(said.code).toBe(0);
    expect(warningsIn(said).join('\n')).toContain('there is no ProtectionAgent no-such-agent');
  });

  test('a new exemption must have an end to come; one that has ended may be edited around', async () => {
    const endsAt = Date.now() + 4000;
    const short = new Date(endsAt).toISOString();
    const created = await create(policy('aging', { exemptions: [exemption('short', short)] }));
    expect([created.code, created.stderr]).toEqual([0, '']);
    await eventually(() => expect(Date.now()).toBeGreaterThan(endsAt));

    const around = await world.kubectl.say([
      'patch',
      'wpol',
      'aging',
      '--type=merge',
      '-p',
      '{"spec":{"criticality":"High"}}',
    ]);
    expect([around.code, around.stderr]).toEqual([0, '']);
    const second = { spec: { exemptions: [exemption('short', short), exemption('another', short)] } };
    const refused = await world.kubectl.say(['patch', 'wpol', 'aging', '--type=merge', '-p', JSON.stringify(second)]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('spec.exemptions[1].expiresAt');
    expect(refused.stderr).not.toContain('spec.exemptions[0]');
    await world.kubectl(['delete', 'wpol', 'aging']);
  });
});

interface Configuration {
  readonly metadata: { readonly resourceVersion: string };
  readonly webhooks: readonly {
    readonly name: string;
    readonly failurePolicy: string;
    readonly clientConfig: { readonly url?: string; readonly caBundle?: string };
  }[];
}

const configuration = (): Promise<Configuration> =>
  world.get('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/workload-protection');

describe('the webhook itself', () => {
  test('survives that GitOps applies again what the chart renders', async () => {
    const before = await configuration();
    const rendered = installation.objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration');
    await world.kubectl(['apply', '--server-side', '--field-manager=gitops', '--force-conflicts', '-f', '-'], rendered);
    expect((await configuration()).webhooks).toEqual(before.webhooks);
    expectWarned(await tryOn('open'), 'the pod');
    // A pipeline that replaces everything takes the authority away; it is published again.
    await world.kubectl(['replace', '-f', '-'], rendered);
    await eventually(async () => {
      for (const { clientConfig } of (await configuration()).webhooks) expect(clientConfig.caBundle).toBeTruthy();
      expectWarned(await tryOn('open'), 'the pod');
    });
  });

  test('issues its certificate anew when the Secret is deleted, and publishes it', async () => {
    const authority = async (): Promise<readonly (string | undefined)[]> =>
      (await configuration()).webhooks.map(({ clientConfig }) => clientConfig.caBundle);
    const before = await authority();
    await world.kubectl(['delete', 'secret', 'workload-protection-webhook-tls', '-n', 'workload-protection']);
    await eventually(async () => {
      const after = await authority();
      expect(after).toHaveLength(before.length);
      expect(after.some((bundle) => before.includes(bundle))).toBe(false);
    });
    await eventually(async () => expectWarned(await tryOn('open'), 'the pod'));
    expect(await world.kubectl(['get', 'secret', '-n', 'workload-protection', '-o', 'name'])).toContain(
      'workload-protection-webhook-tls',
    );
  });

  test('is never the outage: while it is down everything goes through, and it answers again once it is back', async () => {
    for (const { name, failurePolicy } of (await configuration()).webhooks) expect(failurePolicy, name).toBe('Ignore');
    webhook.kill('SIGKILL');
    await webhook.exited;
    const name = nextName();
    const denied = await create(pod('vault', name, { on: 'open' }));
    expect([denied.code, denied.stderr]).toEqual([0, '']);
    const applied = await create(deployment('default', freshName('meanwhile'), { on: 'open' }));
    expect([applied.code, applied.stderr]).toEqual([0, '']);

    webhook = await world.startWebhook();
    await eventually(async () => expectWarned(await tryOn('open'), 'the pod'));
    expect((await tryOn('open', 'vault')).code).toBe(1);
  });

  test('answers to the last: asked to end it drops no request', async () => {
    const stopping = webhook.stop();
    const drain = { isOver: false };
    void stopping.finally(() => (drain.isOver = true));
    let asked = 0;
    while (!drain.isOver && asked < 20) {
      const said = await tryOn('open');
      expect(said.code).toBe(0);
      asked += 1;
      if (!drain.isOver && asked < 5) expectWarned(said, 'the pod');
    }
    await stopping;
    webhook = await world.startWebhook();
    await eventually(async () => expectWarned(await tryOn('open'), 'the pod'));
  });

  test('may be removed without a trace that blocks', async () => {
    await world.kubectl(['delete', `wpol.${group}`, '--all']);
    expect((await create(pod('default', nextName(), { on: 'open' }))).stderr).toBe('');
  });
});
