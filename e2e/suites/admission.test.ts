// Admission in an emergency and at its edges: what Deny refuses, how the glass is broken and who records it, what a change of agents or
// policies would cost; by kubectl, through the real API server, with the texts that a user sees.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admissionKinds, apiVersion } from '../../crds/schema/vocabulary.ts';
import { breakGlassAnnotation, breakGlassUntilAnnotation } from '../../facts/break-glass.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { Manifest } from '../fleet/manifest.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import type { Said } from './support/said.ts';
import { createAll, deployment, namespace, namespacesOf, node, pod, type PodOptions } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const runsFalco = { 'agents.example.com/falco': 'true' };
const agents = falco({ tolerations: everywhere, nodeSelector: runsFalco });
const hour = 3_600_000;

let world: World;
let operator: ProcessHandle;
let webhook: ProcessHandle;
let auditFolder: string;

const policy = (name: string, admission: object): Manifest => ({
  apiVersion,
  kind: 'WorkloadPolicy',
  metadata: { name },
  spec: {
    selector: { namespaceSelector: { matchLabels: { judged: name } } },
    gracePeriod: '0s',
    admission: { mode: 'Deny', ...admission },
  },
});

const release = (mode: 'Deny' | 'Off'): Manifest => policy('release', { mode, kinds: ['Pod', 'Deployment'] });

beforeAll(async () => {
  auditFolder = await mkdtemp(path.join(tmpdir(), 'audit-'));
  const rules = path.join(auditFolder, 'policy.yaml');
  await writeFile(
    rules,
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata, resources: [{group: "", resources: [pods]}]}]\n',
  );
  world = await startWorld('admission', {
    apiServerArgs: [
      `--audit-policy-file=${rules}`,
      `--audit-log-path=${path.join(auditFolder, 'audit.log')}`,
      '--audit-log-mode=blocking',
    ],
  });
  await createAll(world.cluster, [
    ...['vault', 'release', 'strict', 'idle', 'watched', 'advised', 'every', 'kinds'].map((name) =>
      namespace(name, { judged: name }),
    ),
    ...namespacesOf(agents),
    node('guarded', runsFalco),
    node('open'),
    ...agents,
  ]);
  await world.install({
    starterPolicy: { spec: { gracePeriod: '0s', admission: { mode: 'Off' } } },
    operator: { replicas: 0 },
    webhook: { replicas: 0, bindings: { enabled: true } },
  });
  const policies = [
    policy('vault', {}),
    release('Deny'),
    policy('strict', { breakGlass: 'Forbidden' }),
    policy('idle', { mode: 'Off' }),
    policy('watched', { mode: 'Audit' }),
    policy('advised', { mode: 'Warn' }),
    policy('every', { when: 'AnyNode' }),
    policy('kinds', { kinds: [...admissionKinds] }),
  ];
  await world.apply(...policies);
  operator = await world.startOperator();
  webhook = await world.startWebhook();
  await eventually(async () => {
    const { nodes } = await world.verdicts();
    expect([nodes.get('guarded')?.state, nodes.get('open')?.state]).toEqual(['Protected', 'NoAgent']);
  });
  for (const each of ['vault', 'release', 'strict']) {
    await eventually(async () => expect((await create(pod(each, 'first', { on: 'open' }), dryRun)).code).toBe(1));
  }
});

afterAll(async () => {
  await world?.stop();
  await rm(auditFolder, { recursive: true, force: true });
});

const dryRun = '--dry-run=server';

const create = (manifest: object, ...more: readonly string[]): Promise<Said> =>
  world.kubectl.say(['create', '-f', '-', ...more], manifest);

const warningsIn = ({ stderr }: Said): readonly string[] =>
  stderr.split('\n').flatMap((line) => (line.startsWith('Warning: ') ? [line.slice('Warning: '.length)] : []));

const broken = (
  inNamespace: string,
  name: string,
  { until = new Date(Date.now() + hour).toISOString(), ...options }: PodOptions & { readonly until?: string } = {},
): Manifest => {
  const manifest = pod(inNamespace, name, { on: 'open', ...options });
  const annotations = { [breakGlassAnnotation]: 'the shop is down, INC-7', [breakGlassUntilAnnotation]: until };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
};

const printed = ({ stdout, stderr }: Said): string => `${stderr}${stdout}`;

describe('Deny', () => {
  test('refuses a pod with the cause, the remedy and both ways round', async () => {
    const said = await create(pod('vault', 'till', { on: 'open' }));
    expect(said.code).toBe(1);
    for (const part of [
      'WorkloadPolicy vault: the pod will be unprotected on the one node that fits',
      'Remedy: ',
      `In an emergency, annotate the pod with ${breakGlassAnnotation}: "<reason>"`,
      'spec.exemptions of WorkloadPolicy vault',
    ]) {
      expect(said.stderr).toContain(part);
    }
    await capture('admission-deny.txt', ['kubectl create -f till.yaml', printed(said)]);
  });

  test('is in the audit log, with the policy, the verdict and the number under which our log has it', async () => {
    const audited = async (name: string): Promise<Readonly<Record<string, string>>> => {
      const lines = (await readFile(path.join(auditFolder, 'audit.log'), 'utf8')).trim().split('\n');
      const entries = lines.map(
        (line) =>
          JSON.parse(line) as {
            readonly objectRef?: { readonly name?: string };
            readonly annotations?: Readonly<Record<string, string>>;
          },
      );
      const found = entries.findLast(({ objectRef }) => objectRef?.name === name)?.annotations ?? {};
      const prefix = 'pods.workloadprotection.dev/';
      return Object.fromEntries(
        Object.entries(found).flatMap(([key, value]) =>
          key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
        ),
      );
    };
    await create(pod('vault', 'refused', { on: 'open' }));
    const refused = await audited('refused');
    expect(refused).toMatchObject({ verdict: 'Unprotected', policies: 'vault', cause: expect.any(String) as string });
    expect(
      webhook
        .logs()
        .split('\n')
        .filter((line) => line.includes(refused['decision'] ?? 'none')),
    ).toEqual([expect.stringContaining('refused')]);
    await create(broken('vault', 'let-in'), dryRun);
    expect(await audited('let-in')).toMatchObject({
      'break-glass': 'the shop is down, INC-7',
      'break-glass-policies': 'vault',
    });
    await create(pod('vault', 'kept', { on: 'guarded' }), dryRun);
    expect(await audited('kept')).toMatchObject({
      verdict: 'Protected',
      policies: expect.stringContaining('vault') as string,
    });
  });

  test('warns of a Deployment where no kinds are named, and refuses it where it is', async () => {
    const warned = await create(deployment('vault', 'till', { on: 'open' }), dryRun);
    expect([warned.code, warningsIn(warned).length]).toEqual([0, 1]);
    const refused = await create(deployment('release', 'till', { on: 'open' }), dryRun);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('pods of this Deployment');
    await capture(
      'admission-controllers.txt',
      ['kubectl create -f till.yaml -n vault', printed(warned)],
      ['kubectl create -f till.yaml -n release', printed(refused)],
    );
  });

  test('refuses no update that makes nothing worse, and no Deployment that is going', async () => {
    const old = freshName('old');
    const patch = (value: object): Promise<Said> =>
      world.kubectl.say(['patch', 'deployment', old, '-n', 'release', '--type=merge', '-p', JSON.stringify(value)]);
    const make = (...more: readonly string[]): Promise<Said> =>
      create(deployment('release', old, { on: 'open' }), ...more);
    // Made before there is a policy that refuses it.
    await world.apply(release('Off'));
    await eventually(async () => expect((await make()).code).toBe(0));
    await world.apply(release('Deny'));
    await eventually(async () => expect((await make(dryRun)).stderr).toContain('pods of this Deployment'));
    const image = { spec: { template: { metadata: { annotations: { build: '2' } } } } };
    const same = await patch(image);
    expect([same.code, same.stderr]).toEqual([0, '']);
    const home = { spec: { template: { spec: { nodeSelector: { 'place.example.com/is': 'guarded' } } } } };
    expect((await patch(home)).code).toBe(0);
    const away = { spec: { template: { spec: { nodeSelector: { 'place.example.com/is': 'open' } } } } };
    expect((await patch(away)).code).toBe(1);
    await patch({ metadata: { finalizers: ['example.com/wait'] } });
    await world.kubectl(['delete', 'deployment', old, '-n', 'release', '--wait=false']);
    expect((await patch(away)).code).toBe(0);
    expect((await patch({ metadata: { finalizers: null } })).code).toBe(0);
  });

  test('judges an ephemeral container where its pod runs', async () => {
    const [calm, wild] = [freshName('calm'), freshName('wild')];
    const guarded = await create(pod('vault', calm, { on: 'guarded' }));
    expect(guarded.code, guarded.stderr).toBe(0);
    const debug = (name: string): Promise<Said> =>
      world.kubectl.say(['debug', name, '-n', 'vault', '--image=registry.example.com/shell:1', '--attach=false']);
    await eventually(async () => expect((await debug(calm)).code).toBe(0));
    const unguarded = await create(broken('vault', wild));
    expect(unguarded.code, unguarded.stderr).toBe(0);
    await world.kubectl([
      'annotate',
      'pod',
      wild,
      '-n',
      'vault',
      `${breakGlassAnnotation}-`,
      `${breakGlassUntilAnnotation}-`,
    ]);
    await eventually(async () => {
      const said = await debug(wild);
      expect(said.stderr).toContain('the pod will be unprotected on the one node that fits');
      expect(said.code).toBe(1);
    });
  });

  test('judges the very node where bindings are judged', async () => {
    // Nobody schedules it but us.
    const bound = freshName('bound');
    const created = await create(pod('vault', bound, { spec: { schedulerName: 'nobody' } }));
    expect(created.code, created.stderr).toBe(0);
    const bind = (to: string) =>
      world.plane.api.call('POST', `/api/v1/namespaces/vault/pods/${bound}/binding`, {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: bound, namespace: 'vault' },
        target: { apiVersion: 'v1', kind: 'Node', name: to },
      });
    const refused = await bind('open');
    expect(refused.status, JSON.stringify(refused.body)).toBe(403);
    expect(JSON.stringify(refused.body)).toContain('WorkloadPolicy vault');
    expect((await bind('guarded')).status).toBe(201);
  });
});

describe('each mode, verdict and kind', () => {
  const places = { guarded: { on: 'guarded' }, open: { on: 'open' }, anywhere: {}, nowhere: { on: 'a-node-to-come' } };
  type Outcome = 'silent' | 'warned' | 'refused';
  const outcomeOf = (said: Said): Outcome =>
    said.code !== 0 ? 'refused' : warningsIn(said).length > 0 ? 'warned' : 'silent';

  test('a pod is told what its policy says of the nodes on which it may land', async () => {
    const expected: readonly (readonly [
      policy: string,
      where: keyof typeof places,
      outcome: Outcome,
      words: string,
    ])[] = [
      ['idle', 'open', 'silent', ''],
      ['watched', 'open', 'silent', ''],
      ['advised', 'guarded', 'silent', ''],
      ['advised', 'anywhere', 'silent', ''],
      ['advised', 'open', 'warned', 'the pod will be unprotected on the one node that fits'],
      ['advised', 'nowhere', 'warned', 'no node of today fits the pod'],
      ['vault', 'guarded', 'silent', ''],
      ['vault', 'anywhere', 'silent', ''],
      ['vault', 'open', 'refused', 'the pod will be unprotected on the one node that fits'],
      ['every', 'guarded', 'silent', ''],
      ['every', 'anywhere', 'refused', 'the pod may be unprotected, on 1 of the 2 nodes that fit'],
    ];
    const transcripts: [string, string][] = [];
    for (const [inNamespace, where, outcome, words] of expected) {
      const said = await create(pod(inNamespace, where, places[where]), dryRun);
      expect([inNamespace, where, outcomeOf(said)], said.stderr).toEqual([inNamespace, where, outcome]);
      expect(said.stderr).toContain(words);
      transcripts.push([`kubectl create -f ${where}.yaml -n ${inNamespace}`, printed(said)]);
    }
    // A node of which nobody has said anything yet.
    const unheard = freshName('unheard');
    operator.kill('SIGSTOP');
    try {
      await createAll(world.cluster, [node(unheard)]);
      const unknown = await eventually(async () => {
        const said = await create(pod('vault', 'unheard', { on: unheard }), dryRun);
        expect(said.stderr).toContain('whether the pod will be protected is not known of the one node that fits');
        return said;
      });
      expect(outcomeOf(unknown)).toBe('warned');
      transcripts.push(['kubectl create -f unheard.yaml -n vault', printed(unknown)]);
    } finally {
      operator.kill('SIGCONT');
      await world.kubectl(['delete', 'node', unheard]);
    }
    await capture('admission-verdicts.txt', ...transcripts);
  });

  test('a controller is refused where its kind is named, in words of its own', async () => {
    const { template } = deployment('kinds', 'till', { on: 'open' })['spec'] as {
      readonly template: { readonly spec: object };
    };
    const selector = { matchLabels: { app: 'till' } };
    const toEnd = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
    const kinds: readonly (readonly [kind: string, version: string, spec: object])[] = [
      ['Deployment', 'apps/v1', { selector, template }],
      ['StatefulSet', 'apps/v1', { selector, template, serviceName: 'till' }],
      ['DaemonSet', 'apps/v1', { selector, template }],
      ['ReplicaSet', 'apps/v1', { selector, template }],
      ['ReplicationController', 'v1', { selector: selector.matchLabels, template }],
      ['Job', 'batch/v1', { template: toEnd }],
      ['CronJob', 'batch/v1', { schedule: '0 3 * * *', jobTemplate: { spec: { template: toEnd } } }],
    ];
    const transcripts: [string, string][] = [];
    for (const [kind, version, spec] of kinds) {
      const manifest = { apiVersion: version, kind, metadata: { name: 'till', namespace: 'kinds' }, spec };
      const said = await create(manifest, dryRun);
      expect([kind, outcomeOf(said)], said.stderr).toEqual([kind, 'refused']);
      expect(said.stderr).toContain(`WorkloadPolicy kinds: the pods of this ${kind} will be unprotected`);
      transcripts.push([`kubectl create -f ${kind.toLowerCase()}.yaml -n kinds`, printed(said)]);
    }
    expect(kinds.map(([kind]) => kind).toSorted()).toEqual(admissionKinds.filter((kind) => kind !== 'Pod').toSorted());
    await capture('admission-kinds.txt', ...transcripts);
  });
});

describe('breaking the glass', () => {
  const eventsOf = async (name: string): Promise<readonly { readonly reason: string; readonly note: string }[]> => {
    const path = '/apis/events.k8s.io/v1/namespaces/vault/events';
    const { items } = await world.get<{
      readonly items: readonly {
        readonly reason: string;
        readonly note: string;
        readonly regarding: { name: string };
      }[];
    }>(path);
    return items.filter(({ reason, regarding }) => reason === 'BreakGlass' && regarding.name === name);
  };
  const counted = async (): Promise<number> =>
    (await fetchMetrics(`${operator.metricsUrl}/metrics`)).sum('workload_protection_break_glass_total') ?? 0;
  const stateOf = async (name: string) => (await world.verdicts()).workloads.get(`Pod/vault/${name}`);

  test('lets the pod through with a warning; the operator records it, and the report shows it as exempt until the end', async () => {
    const tried = await create(broken('vault', 'tried'), dryRun);
    expect([tried.code, warningsIn(tried).length]).toEqual([0, 1]);
    // What an earlier try left under this name, which stands in a document.
    await world.kubectl(['delete', 'pod', 'urgent', '-n', 'vault', '--ignore-not-found', '--wait']);
    await world.kubectl(['delete', 'events', '-n', 'vault', '--all']);
    const before = await counted();
    const said = await create(broken('vault', 'urgent'));
    expect(said.code, said.stderr).toBe(0);
    expect(warningsIn(said)).toEqual([
      expect.stringMatching(/^let through by break-glass until .* \(the shop is down, INC-7\)/),
    ]);

    await eventually(async () => {
      expect(await eventsOf('urgent')).toEqual([
        expect.objectContaining({ note: expect.stringContaining('the shop is down, INC-7') }),
      ]);
      expect(await counted()).toBe(before + 1);
      expect(await stateOf('urgent')).toMatchObject({
        state: 'Exempt',
        exemption: { source: 'BreakGlass', reason: 'the shop is down, INC-7' },
      });
    });
    // A dry run leaves nothing behind.
    expect(await eventsOf('tried')).toEqual([]);
    const events = await world.kubectl([
      'get',
      'events',
      '-n',
      'vault',
      '--field-selector',
      'reason=BreakGlass',
      '-o',
      'custom-columns=TYPE:.type,REASON:.reason,OBJECT:.involvedObject.name,MESSAGE:.message',
    ]);
    await capture(
      'admission-break-glass.txt',
      ['kubectl create -f urgent.yaml', printed(said)],
      ['kubectl get events -n vault --field-selector reason=BreakGlass -o custom-columns=…', events],
    );

    await world.kubectl([
      'annotate',
      '--overwrite',
      'pod',
      'urgent',
      '-n',
      'vault',
      `${breakGlassUntilAnnotation}=2020-01-01T00:00:00Z`,
    ]);
    await eventually(async () => expect(await stateOf('urgent')).toMatchObject({ state: 'NoAgent' }));
  });

  test('another leader neither records nor counts it again', async () => {
    const [lasting, later] = [freshName('lasting'), freshName('later')];
    const said = await create(broken('vault', lasting));
    expect(said.code, said.stderr).toBe(0);
    await eventually(async () => expect(await eventsOf(lasting)).toHaveLength(1));
    operator.kill('SIGKILL');
    await operator.exited;
    operator = await world.startOperator();
    // What it sees later is recorded, so that what it saw first has had its turn.
    expect((await create(broken('vault', later))).code).toBe(0);
    await eventually(async () => expect(await eventsOf(later)).toHaveLength(1));
    expect(await eventsOf(lasting)).toHaveLength(1);
    await eventually(async () => expect(await counted()).toBe(1));
  });

  test.each<[string, () => Promise<Said>, string]>([
    [
      'an end that is past',
      () => create(broken('vault', 'late', { until: '2020-01-01T00:00:00Z' })),
      'its end, 2020-01-01T00:00:00.000Z, is past; write ',
    ],
    ['an end that is none', () => create(broken('vault', 'soon', { until: '2h' })), '"2h" is no time; write '],
    [
      'a policy that forbids it',
      () => create(broken('strict', 'never')),
      'Break-glass does not help: it is forbidden by WorkloadPolicy strict',
    ],
  ])('does not help against %s', async (_, ask, why) => {
    const said = await ask();
    expect(said.code).toBe(1);
    expect(said.stderr).toContain(why);
  });
});

describe('what a change would cost', () => {
  const ask = (...args: readonly string[]): Promise<Said> => world.kubectl.say([...args, dryRun]);

  test('is said of an agent’s DaemonSet, its ProtectionAgent and a policy, before they go', async () => {
    const daemonSet = await ask('delete', 'daemonset', 'falco', '-n', 'falco');
    expect(warningsIn(daemonSet)).toEqual([
      expect.stringMatching(
        /^deleting DaemonSet falco\/falco leaves 1 of 1 protected node \(guarded\) and its \d+ workloads without protection: /,
      ),
    ]);
    const agent = await ask('delete', 'pagent', 'falco');
    expect(warningsIn(agent)).toEqual([expect.stringContaining('deleting ProtectionAgent falco leaves 1 of 1')]);
    const wpol = await ask('delete', 'wpol', 'vault');
    expect(warningsIn(wpol)).toEqual([
      expect.stringMatching(/^deleting WorkloadPolicy vault: .*what it refuses at admission is let in$/),
    ]);
    for (const { code } of [daemonSet, agent, wpol]) expect(code).toBe(0);
    await capture(
      'admission-loss.txt',
      ['kubectl delete daemonset falco -n falco --dry-run=server', printed(daemonSet)],
      ['kubectl delete pagent falco --dry-run=server', printed(agent)],
      ['kubectl delete wpol vault --dry-run=server', printed(wpol)],
    );
  });

  test('is said where the DaemonSet goes to fewer nodes, and not where it is only touched', async () => {
    const patch = (value: object): Promise<Said> =>
      ask('patch', 'daemonset', 'falco', '-n', 'falco', '--type=merge', '-p', JSON.stringify(value));
    const narrowed = await patch({ spec: { template: { spec: { nodeSelector: { pool: 'elsewhere' } } } } });
    expect(narrowed.code).toBe(0);
    expect(warningsIn(narrowed)).toEqual([
      expect.stringMatching(/^this change of DaemonSet falco\/falco leaves 1 of 1 .*elsewhere/),
    ]);
    const touched = await patch({ spec: { template: { metadata: { annotations: { touched: 'yes' } } } } });
    expect([touched.code, touched.stderr]).toEqual([0, '']);
  });

  test('a policy that is loosened, an agent that is there already and a report without its baseline are warned of', async () => {
    const looser = await ask('patch', 'wpol', 'vault', '--type=merge', '-p', '{"spec":{"admission":{"mode":"Warn"}}}');
    expect(warningsIn(looser)).toEqual(['WorkloadPolicy vault is less strict at admission: Warn instead of Deny']);
    const { spec } = await world.agent('falco');
    const twin = await create({ apiVersion, kind: 'ProtectionAgent', metadata: { name: 'falco-too' }, spec }, dryRun);
    expect(warningsIn(twin)).toEqual(['DaemonSet falco/falco is recognised as ProtectionAgent falco too']);
    const report = await create(
      { apiVersion, kind: 'CoverageReport', metadata: { name: 'team' }, spec: { baseline: { name: 'january' } } },
      dryRun,
    );
    expect(warningsIn(report)).toEqual(['spec.baseline.name: there is no CoverageReport january']);
    for (const { code } of [looser, twin, report]) expect(code).toBe(0);
  });
});
