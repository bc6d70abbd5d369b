// Notes of a finding's case: two people who work on it, and one who would rather that it said something else; by every way that kubectl
// has, with the webhook and without.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../crds/schema/finding.ts';
import { apiVersion } from '../../crds/schema/vocabulary.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { capture } from './support/capture.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics } from './support/exposition.ts';
import type { Said } from './support/kubectl.ts';
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

afterAll(() => world?.stop());

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
const printed = ({ stdout, stderr }: Said): string => `${stderr}${stdout}`;

const asked = async (): Promise<number> =>
  (await fetchMetrics(`${webhook.metricsUrl}/metrics`)).sum('workload_protection_webhook_requests_total') ?? 0;

describe('with the webhook', () => {
  test('each note is signed by who adds it, whichever way', async () => {
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
    await world.kubectl(['create', '-f', '-'], { ...finding(), metadata: { name: 'made', namespace: 'shop' } });
    expect(await asked()).toBe(before);
    await world.kubectl(['create', '-f', '-'], {
      ...finding({ phase: 'Triaged' }),
      metadata: { name: 'triaged', namespace: 'shop' },
    });
    expect(await asked()).toBe(before + 1);
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

  test('and even without its configuration, nobody signs for another, or changes a note', async () => {
    await world.kubectl(['delete', 'mutatingwebhookconfiguration', 'workload-protection']);
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
