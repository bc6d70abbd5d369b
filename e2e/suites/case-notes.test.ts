// Notes of a finding's case, and decisions on it: two people who work on it, and one who would rather that it said something else; by every
// way that kubectl has, with the webhook and without.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import { caseStampAnnotation, readStamp, writeStamp } from '../../domain/findings/case-stamp.ts';
import type { CasePhase } from '../../domain/findings/types.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import { freshName } from './support/fresh-name.ts';
import type { Said } from './support/said.ts';
import { createAll, namespace } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

type Note = NonNullable<Finding['spec']['case']['notes']>[number];
type User = 'ann' | 'bob' | 'mallory';

let world: World;
let webhook: ProcessHandle;

beforeAll(async () => {
  world = await startWorld('case-notes', { controllers: false, kwok: false });
  await createAll(world.cluster, [namespace('shop')]);
  await world.install({ operator: { replicas: 0 }, webhook: { replicas: 0 } });
  const subjects = ['ann', 'bob', 'mallory'].map((name) => ({
    kind: 'User',
    name,
    apiGroup: 'rbac.authorization.k8s.io',
  }));
  // No controller aggregates roles here.
  for (const role of ['workload-protection-view', 'workload-protection-edit']) {
    await world.kubectl(['create', '-f', '-'], {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: role, namespace: 'shop' },
      subjects,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    });
  }
  await world.kubectl(['create', '-f', '-'], finding());
  webhook = await world.startWebhook();
  // API servers take a moment until they call a new hook, and by a new policy.
  await eventually(async () => {
    expect(await as('ann', patchOf([{ text: 'hello' }]), '--dry-run=server')).toMatchObject({ code: 0 });
    expect((await as('ann', patchOf([{ text: 'hello', author: 'bob' }]), '--dry-run=server')).code).toBe(1);
  });
});

afterAll(() => {
  vi.unstubAllEnvs();
  return world?.stop();
});

const name = 'gcc';
const at = ['-n', 'shop', name] as const;
const finding = (file: object = {}): object => ({
  apiVersion,
  kind: 'Finding',
  metadata: { name, namespace: 'shop' },
  spec: { case: file },
});

const as = (user: User, args: readonly string[], ...more: readonly string[]): Promise<Said> =>
  world.kubectl.say([...args, ...more, `--as=${user}`]);
const patchOf = (notes: readonly object[] | null): readonly string[] => [
  'patch',
  'finding',
  ...at,
  '--type=merge',
  '-p',
  JSON.stringify({ spec: { case: { notes } } }),
];
const write = (user: User, verb: readonly string[], object: object): Promise<Said> =>
  world.kubectl.say([...verb, '-f', '-', `--as=${user}`], object);

const read = (): Promise<Finding> => world.get(`/apis/${apiVersion}/namespaces/shop/findings/${name}`);
const notes = async (): Promise<readonly Note[]> => (await read()).spec.case.notes ?? [];
const texts = async (): Promise<readonly string[]> =>
  (await notes()).map(({ text, author = '' }) => `${author}: ${text}`);

/** Who decided, as far as the stamp is one of the finding as it stands. */
const decided = async (): Promise<string | undefined> => {
  const { metadata, spec } = await read();
  const { uid = '', generation = 0, annotations } = metadata;
  return readStamp(annotations?.[caseStampAnnotation], { uid, generation, phase: spec.case.phase });
};
const stamp = async (): Promise<string | undefined> => (await read()).metadata.annotations?.[caseStampAnnotation];
/** Ways to put a whole finding there, stamp and all. */
const puttingWhole = [
  ['replace'],
  ['apply'],
  ['apply', '--server-side', '--force-conflicts', '--field-manager=mallory'],
] as const;
const stamped = async (phase: CasePhase, value: string): Promise<object> => ({
  ...finding({ ...(await read()).spec.case, phase }),
  metadata: { name, namespace: 'shop', annotations: { [caseStampAnnotation]: value } },
});
/** Merges into the case, and into what is annotated. */
const change = (user: User, file: object, annotations?: object): Promise<Said> => {
  const patch = { ...(annotations === undefined ? {} : { metadata: { annotations } }), spec: { case: file } };
  return as(user, ['patch', 'finding', ...at, '--type=merge', '-p', JSON.stringify(patch)]);
};
const annotate = (user: User, value: string): Promise<Said> =>
  as(user, ['annotate', 'finding', ...at, '--overwrite', value]);

const printed = ({ stdout, stderr }: Said): string => `${stderr}${stdout}`;

const asked = async (): Promise<number> =>
  (await fetchMetrics(`${webhook.metricsUrl}/metrics`)).sum('workload_protection_webhook_requests_total') ?? 0;

describe('with the webhook', () => {
  test('each note is signed by who adds it, whichever way', async () => {
    // Without what an earlier try has noted.
    await world.kubectl(['delete', 'finding', ...at, '--wait']);
    await world.kubectl(['create', '-f', '-'], finding());
    expect((await as('ann', patchOf([{ text: 'build image, ours' }]))).code).toBe(0);
    const current = await read();
    const replaced = finding({ ...current.spec.case, notes: [...(await notes()), { text: 'moved to the builder' }] });
    expect((await write('bob', ['replace'], replaced)).code).toBe(0);
    // As from Git: with nothing but the text. Applied twice it is one note.
    const applied = finding({ notes: [{ text: 'tracked in SEC-7' }] });
    for (const _ of [1, 2]) {
      expect((await write('ann', ['apply', '--server-side', '--force-conflicts'], applied)).code).toBe(0);
    }
    expect(await texts()).toEqual(['ann: build image, ours', 'bob: moved to the builder', 'ann: tracked in SEC-7']);
    for (const { time = '' } of await notes()) expect(Math.abs(Date.now() - Date.parse(time))).toBeLessThan(600_000);
    await capture('case-notes.txt', [
      'kubectl get fnd gcc -n shop -o jsonpath=…',
      (await notes()).map(({ time = '', author = '', text }) => `${time}  ${author}  ${text}\n`).join(''),
    ]);
  });

  test('what is left out is put back', async () => {
    const before = await notes();
    expect((await as('mallory', patchOf(null))).code).toBe(0);
    expect((await as('mallory', patchOf([]))).code).toBe(0);
    expect((await write('mallory', ['replace'], finding({ owner: 'mallory' }))).code).toBe(0);
    expect((await write('mallory', ['apply'], finding({ notes: [] }))).code).toBe(0);
    expect((await write('mallory', ['apply', '--server-side', '--force-conflicts'], finding())).code).toBe(0);
    expect(await notes()).toEqual(before);
  });

  test("nobody signs for another, changes another's note or dates one", async () => {
    const before = await notes();
    const [first, ...others] = before;
    const forged = await as('mallory', patchOf([...before, { text: 'all is well', author: 'ann' }]));
    expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('cannot be added or changed by mallory')]);
    for (const attempt of [
      [{ ...first, text: 'never mind' }, ...others],
      [{ ...first, author: 'mallory' }, ...others],
      [{ ...first, time: '2020-01-01T00:00:00Z' }, ...others],
      [...before, { text: 'long ago', time: '2020-01-01T00:00:00Z' }],
    ]) {
      expect((await as('mallory', patchOf(attempt))).code).toBe(1);
      expect((await write('mallory', ['replace'], finding({ notes: attempt }))).code).toBe(1);
      expect((await write('mallory', ['apply'], finding({ notes: attempt }))).code).toBe(1);
      const applying = ['apply', '--server-side', '--force-conflicts'];
      expect((await write('mallory', applying, finding({ notes: attempt }))).code).toBe(1);
    }
    expect(await notes()).toEqual(before);
    await capture('case-notes-forged.txt', ['kubectl patch fnd gcc -n shop --type=merge -p …', printed(forged)]);
  });
});

describe('the case beside them', () => {
  const patched = (file: object): Promise<Said> =>
    as('bob', ['patch', 'finding', ...at, '--type=merge', '-p', JSON.stringify({ spec: { case: file } })]);

  test('accepts no risk until a day that is past, and warns of a due date that is', async () => {
    const accepted = { phase: 'RiskAccepted', riskAcceptedReason: 'an isolated build image' };
    const past = await patched({ ...accepted, riskAcceptedUntil: '2020-01-01T00:00:00Z' });
    expect(past.code).toBe(1);
    expect(past.stderr).toContain('spec.case.riskAcceptedUntil: 2020-01-01T00:00:00Z is past');
    const due = await patched({ dueDate: '2020-01-01' });
    expect([due.code, due.stderr]).toEqual([0, 'Warning: spec.case.dueDate: 2020-01-01 is past\n']);
    const status = await patched({ dueDate: null });
    expect([status.code, status.stderr]).toEqual([0, '']);
  });

  test('is not asked about where the operator makes a finding', async () => {
    const before = await asked();
    await world.kubectl(['create', '-f', '-'], {
      ...finding(),
      metadata: { name: freshName('made'), namespace: 'shop' },
    });
    expect(await asked()).toBe(before);
    await world.kubectl(['create', '-f', '-'], {
      ...finding({ phase: 'Triaged' }),
      metadata: { name: freshName('triaged'), namespace: 'shop' },
    });
    expect(await asked()).toBe(before + 1);
  });
});

describe('a decision', () => {
  /** Each way that kubectl has of changing a phase. */
  const ways: readonly (readonly [string, (user: User, phase: CasePhase) => Promise<Said>])[] = [
    ['patch', (user, phase) => change(user, { phase })],
    [
      'patch as JSON',
      (user, phase) =>
        as(user, [
          'patch',
          'finding',
          ...at,
          '--type=json',
          '-p',
          JSON.stringify([{ op: 'replace', path: '/spec/case/phase', value: phase }]),
        ]),
    ],
    // Without the annotations, as from Git.
    ['replace', async (user, phase) => write(user, ['replace'], finding({ ...(await read()).spec.case, phase }))],
    ['apply', (user, phase) => write(user, ['apply'], finding({ phase }))],
    [
      'apply on the server',
      (user, phase) => write(user, ['apply', '--server-side', '--force-conflicts'], finding({ phase })),
    ],
    [
      'edit',
      (user, phase) => {
        vi.stubEnv('KUBE_EDITOR', `sed -i 's/^    phase: .*/    phase: ${phase}/'`);
        return as(user, ['edit', 'finding', ...at]);
      },
    ],
  ];

  test.each(ways)('carries the name of who made it, by %s', async (_, decide) => {
    for (const [user, phase] of [
      ['ann', 'Remediating'],
      ['bob', 'Fixed'],
    ] as const) {
      expect(await decide(user, phase)).toMatchObject({ code: 0 });
      expect([await decided(), (await read()).spec.case.phase]).toEqual([user, phase]);
    }
  });

  test('keeps it while others work on the rest of the case, and the operator writes what it sees', async () => {
    expect((await change('ann', { phase: 'Triaged' })).code).toBe(0);
    expect((await change('mallory', { owner: 'mallory' })).code).toBe(0);
    expect((await as('bob', patchOf([{ text: 'looked at' }]))).code).toBe(0);
    expect(await decided()).toBe('ann');
    const status = { behaviour: 'CompilerInContainer', severity: 'High', phase: 'Open' };
    const subject = { reference: 'Deployment/cart', kind: 'Deployment', name: 'cart' };
    const patch = JSON.stringify({ status: { ...status, subject } });
    await world.kubectl(['patch', 'finding', ...at, '--subresource=status', '--type=merge', '-p', patch]);
    expect(await decided()).toBe('ann');
  });

  test('is nobody else’s, and nobody takes it away', async () => {
    const before = await read();
    const { uid = '', generation = 0 } = before.metadata;
    const forged = writeStamp({ uid, generation: generation + 1, phase: 'Fixed', user: 'ann' });
    // The webhook puts its own in the place of each.
    expect((await change('mallory', { phase: 'Fixed' }, { [caseStampAnnotation]: forged })).code).toBe(0);
    expect(await decided()).toBe('mallory');
    for (const value of [`${caseStampAnnotation}=${forged}`, `${caseStampAnnotation}-`]) {
      expect((await annotate('mallory', value)).code).toBe(0);
      expect(await decided()).toBe('mallory');
    }
    expect((await change('bob', { phase: 'New' })).code).toBe(0);
    for (const how of puttingWhole) {
      const { metadata, spec } = await read();
      const phase = spec.case.phase === 'Fixed' ? 'Remediating' : 'Fixed';
      const value = writeStamp({ uid, generation: (metadata.generation ?? 0) + 1, phase, user: 'ann' });
      expect([how, (await write('mallory', how, await stamped(phase, value))).code]).toEqual([how, 0]);
      expect([how, await decided()]).toEqual([how, 'mallory']);
    }
    // What kubectl applied last would otherwise be taken away by whoever applies next.
    expect((await write('ann', ['apply'], finding({ phase: 'New' }))).code).toBe(0);
    expect(await decided()).toBe('ann');
  });
});

describe('what the operator knows a finding by', () => {
  const refused = async (patch: object): Promise<string> => {
    const { code, stderr } = await as('mallory', [
      'patch',
      'finding',
      ...at,
      '--type=merge',
      '-p',
      JSON.stringify({ metadata: patch }),
    ]);
    expect([patch, code]).toEqual([patch, 1]);
    return stderr;
  };

  test('is changed by nobody who only works on cases', async () => {
    const told = 'workloadprotection.dev/cloudevents-told';
    expect(await refused({ annotations: { [told]: 'the-last' } })).toContain("are the operator's");
    expect(await refused({ labels: { 'workloadprotection.dev/tombstone': 'true' } })).toContain("are the operator's");
    const nobody = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: '6f1c5a52-1d5c-4a3e-9d0c-0a4d1f3b8c11' };
    expect(await refused({ ownerReferences: [nobody] })).toContain('a finding has no owner');
    for (const verb of ['patch', 'update']) {
      const can = ['auth', 'can-i', verb, 'findings', '--subresource=status', '-n', 'shop'];
      expect((await as('mallory', can)).stdout).toBe('no\n');
    }
    expect((await as('mallory', ['delete', 'finding', ...at])).stderr).toContain('cannot delete resource "findings"');
    // As administrator, and as the operator, it can be.
    await world.kubectl(['annotate', 'finding', ...at, '--overwrite', `${told}=one`]);
    const operator = 'system:serviceaccount:workload-protection:workload-protection-operator';
    await world.kubectl(['annotate', 'finding', ...at, '--overwrite', `${told}=two`, `--as=${operator}`]);
    expect(await refused({ annotations: { [told]: 'the-last' } })).toContain("are the operator's");
    // What is one's own may be annotated and labelled.
    expect((await annotate('mallory', 'example.com/ticket=1')).code).toBe(0);
    expect((await as('mallory', ['label', 'finding', ...at, 'example.com/wave=2'])).code).toBe(0);
  });
});

describe('without the webhook', () => {
  beforeAll(async () => {
    webhook.kill('SIGKILL');
    await webhook.exited;
  });

  test('nothing is added, and all the rest of the case can be worked on', async () => {
    const before = await notes();
    expect((await as('ann', patchOf([...before, { text: 'more' }]))).code).toBe(1);
    const rest = JSON.stringify({ spec: { case: { phase: 'Remediating', owner: 'bob' } } });
    expect((await as('bob', ['patch', 'finding', ...at, '--type=merge', '-p', rest])).code).toBe(0);
    expect(await notes()).toEqual(before);
  });

  test('a decision is of an unknown author, and stops nobody', async () => {
    for (const [user, phase] of [
      ['ann', 'Triaged'],
      ['bob', 'Fixed'],
    ] as const) {
      expect((await change(user, { phase })).code).toBe(0);
      expect(await decided()).toBeUndefined();
    }
    // However it is done, unless the stamp is left out.
    const { case: file } = (await read()).spec;
    const applied = finding({ phase: 'Triaged' });
    expect(await write('ann', ['apply', '--server-side', '--force-conflicts'], applied)).toMatchObject({ code: 0 });
    expect(await write('bob', ['apply'], finding({ phase: 'Fixed' }))).toMatchObject({ code: 0 });
    expect(await decided()).toBeUndefined();
    const replaced = await write('bob', ['replace'], finding({ ...file, phase: 'Triaged' }));
    expect([replaced.code, replaced.stderr]).toEqual([1, expect.stringContaining('leave it as it is')]);
  });

  test('and still nobody decides in the name of another', async () => {
    expect((await change('bob', { phase: 'Fixed' })).code).toBe(0);
    const before = await stamp();
    const { uid = '', generation = 0 } = (await read()).metadata;
    const next = { uid, generation: generation + 1 };
    for (const [file, forged] of [
      [{ phase: 'Remediating' }, writeStamp({ ...next, phase: 'Remediating', user: 'ann' })],
      [
        { phase: 'Remediating' },
        writeStamp({ uid, generation: generation + 2, phase: 'Remediating', user: 'mallory' }),
      ],
      [{ phase: 'Remediating' }, null],
      // On what others have decided.
      [{ owner: 'mallory' }, writeStamp({ ...next, phase: 'Fixed', user: 'ann' })],
      [{ owner: 'mallory' }, writeStamp({ ...next, phase: 'Fixed', user: 'mallory' })],
      [{ owner: 'mallory' }, null],
      [{}, writeStamp({ uid, generation, phase: 'Fixed', user: 'mallory' })],
    ] as const) {
      const { code, stderr } = await change('mallory', file, { [caseStampAnnotation]: forged });
      expect([forged, code, stderr]).toEqual([forged, 1, expect.stringContaining('with the name of mallory')]);
    }
    for (const how of puttingWhole) {
      const value = writeStamp({ ...next, phase: 'Remediating', user: 'ann' });
      const { code, stderr } = await write('mallory', how, await stamped('Remediating', value));
      expect([how, code, stderr]).toEqual([how, 1, expect.stringContaining('with the name of mallory')]);
    }
    expect(await stamp()).toBe(before);
    // Under one's own name it can be done by hand.
    const own = writeStamp({ ...next, phase: 'Remediating', user: 'ann' });
    expect((await change('ann', { phase: 'Remediating' }, { [caseStampAnnotation]: own })).code).toBe(0);
    expect(await decided()).toBe('ann');
  });

  test('and even without its configuration, nobody signs for another, or changes a note', async () => {
    await world.kubectl(['delete', 'mutatingwebhookconfiguration', 'workload-protection', '--ignore-not-found']);
    const before = await notes();
    const time = new Date().toISOString();
    await eventually(async () => {
      // The API server has stopped calling the hook.
      const { stderr } = await as('mallory', patchOf([]));
      expect(stderr).toContain('notes of a finding are only ever added');
    });
    const [first, ...others] = before;
    for (const attempt of [
      [{ ...first, text: 'never mind' }, ...others],
      [...others, first],
      [...before, first],
      others,
      [...before, { text: 'all is well', author: 'ann', time }],
      [...before, { text: 'unsigned' }],
      [...before, { text: 'undated', author: 'mallory' }],
    ]) {
      expect((await as('mallory', patchOf(attempt as readonly object[]))).code).toBe(1);
      expect((await write('mallory', ['replace'], finding({ notes: attempt }))).code).toBe(1);
    }
    const forged = await as('mallory', patchOf([...before, { text: 'all is well', author: 'ann', time }]));
    expect(forged.stderr).toContain('a note must carry the name of whoever adds it, mallory');
    expect(await notes()).toEqual(before);
    // Under one's own name it can be done by hand.
    expect((await as('ann', patchOf([...before, { text: 'by hand', author: 'ann', time }]))).code).toBe(0);
    expect((await texts()).at(-1)).toBe('ann: by hand');
  });
});
