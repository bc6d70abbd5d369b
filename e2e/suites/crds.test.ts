/** The API as a real API server sees it: accepted, defaulted, refused in words that help, printed, explained and selected. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { customResourceDefinition } from '../../crds/definition.ts';
import { kinds } from '../../crds/kinds.ts';
import { group, version } from '../../crds/schema/vocabulary.ts';
import { badObjects, badStatuses } from '../../crds/testing/bad-objects.ts';
import {
  digest,
  finding,
  findingStatus,
  gap,
  goodObjects,
  moments,
  policy,
  report,
  slice,
  type ApiObject,
} from '../../crds/testing/good-objects.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';

const execute = promisify(execFile);
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** An API server needs well under a second to serve a new kind; two cores that build something else need longer. */
const servedWithinMs = 30_000;

let plane: ControlPlane;

interface Status {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

beforeAll(async () => {
  plane = await startControlPlane({ name: `crds-${process.pid}`, controllers: false, kwok: false });
});

afterAll(() => plane?.stop());

const tableOf = (kind: string) => {
  const table = kinds.find((candidate) => candidate.kind === kind);
  if (table === undefined) throw new Error(`no kind ${kind}`);
  return table;
};

const pathOf = ({ kind, metadata }: ApiObject): string => {
  const { plural, scope } = tableOf(kind);
  return `/apis/${group}/${version}/${scope === 'Namespaced' ? `namespaces/${metadata.namespace}/` : ''}${plural}`;
};

const remove = (object: ApiObject) => plane.api.call('DELETE', `${pathOf(object)}/${object.metadata.name}`);
/** In the place of what an earlier try of the test may have left. */
const create = async (object: ApiObject) => {
  await remove(object);
  return plane.api.call('POST', pathOf(object), object);
};
const change = (object: ApiObject, patch: object, subresource = '') =>
  plane.api.call('PATCH', `${pathOf(object)}/${object.metadata.name}${subresource}`, patch);

async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute(plane.binaries.kubectl, ['--kubeconfig', plane.kubeconfig, ...args]);
  return stdout;
}

/** The words about one field. The API server writes `<nil>` for the object itself. */
function wordsAbout(path: string, body: unknown): string {
  const causes = (body as Status).details?.causes ?? [];
  return causes.flatMap(({ field, message }) => (field === (path === '' ? '<nil>' : path) ? [message] : [])).join('\n');
}

describe('the definitions', () => {
  test.each(kinds)('$kind is accepted and served', async (table) => {
    const definition = customResourceDefinition(table);
    const created = await plane.api.call('POST', definitions, definition);
    // A first try of this test has had it accepted.
    expect([201, 409], JSON.stringify(created.body)).toContain(created.status);

    await expect
      .poll(() => conditionsOf(definition.metadata.name), { timeout: servedWithinMs })
      .toMatchObject({ Established: 'True', NamesAccepted: 'True' });
    expect(await conditionsOf(definition.metadata.name)).not.toHaveProperty('NonStructuralSchema');
    await expect
      .poll(async () => (await plane.api.call('GET', `/apis/${group}/${version}/${table.plural}`)).status, {
        timeout: servedWithinMs,
      })
      .toBe(200);
  });

  async function conditionsOf(name: string): Promise<Readonly<Record<string, string>>> {
    const { body } = await plane.api.call('GET', `${definitions}/${name}`);
    const { status } = body as {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
    };
    return Object.fromEntries((status?.conditions ?? []).map((condition) => [condition.type, condition.status]));
  }
});

describe('objects that are right', () => {
  test.each(goodObjects)('$name is stored as the schema reads it', async ({ object }) => {
    const created = await create(object);
    expect(created.body).toMatchObject({ kind: object.kind });
    const stored = object.status === undefined ? created : await change(object, { status: object.status }, '/status');
    expect(stored.status).toBe(200 + (object.status === undefined ? 1 : 0));

    const { schema } = tableOf(object.kind);
    const { spec, status, profiles, rulesets } = schema.parse(object) as ApiObject;
    const withoutNothing = JSON.parse(JSON.stringify({ spec, status, profiles, rulesets })) as object;
    const {
      spec: storedSpec,
      status: storedStatus,
      profiles: storedProfiles,
      rulesets: storedRulesets,
    } = stored.body as ApiObject;
    expect(
      JSON.parse(
        JSON.stringify({ spec: storedSpec, status: storedStatus, profiles: storedProfiles, rulesets: storedRulesets }),
      ),
    ).toEqual(withoutNothing);
    expect((await remove(object)).status).toBe(200);
  });
});

describe('what the schemas take and what the API server takes', () => {
  test.each(moments)('that %s is a moment is %s', async (moment, accepted) => {
    const object = finding({ riskAcceptedUntil: moment });
    const { status } = await create(object);
    if (status === 201) await remove(object);
    expect(status).toBe(accepted ? 201 : 422);
  });

  test.each([
    [253, 201],
    [254, 422],
  ])('%d characters that JavaScript counts twice are answered with %d', async (length, expected) => {
    const object = finding({ team: '\u{1F680}'.repeat(length) });
    const { status } = await create(object);
    if (status === 201) await remove(object);
    expect(status).toBe(expected);
  });
});

describe('objects that are wrong', () => {
  test.each(badObjects)('$name is refused', async ({ object, path, message }) => {
    const answer = await create(object);
    if (answer.status === 201) await remove(object);
    expect(answer.status).toBe(422);
    expect(wordsAbout(path, answer.body)).toContain(message);
    expect((answer.body as Status).message).not.toContain('rule evaluation error');
  });

  test.each(badStatuses)('a status with $name is refused', async ({ object, path, message }) => {
    await create(object);
    const answer = await change(object, { status: object.status }, '/status');
    await remove(object);
    expect(answer.status).toBe(422);
    expect(wordsAbout(path, answer.body)).toContain(message);
  });
});

describe('a snapshot', () => {
  const snapshot = report({ snapshotOf: { name: 'cluster' } }, 'cluster-frozen');
  const frozenStatus = { evaluatedAt: '2026-10-02T08:00:00Z', snapshot: { takenAt: '2026-10-02T08:00:00Z', digest } };

  const refusal = async (answer: Promise<{ readonly status: number; readonly body: unknown }>) => {
    const { status, body } = await answer;
    expect(status).toBe(422);
    return (body as Status).message;
  };

  test('takes its status once, and then never changes', async () => {
    expect((await create(snapshot)).status).toBe(201);
    expect((await change(snapshot, { status: { evaluatedAt: '2026-10-02T07:59:59Z' } }, '/status')).status).toBe(200);
    expect((await change(snapshot, { status: frozenStatus }, '/status')).status).toBe(200);

    const late = { status: { evaluatedAt: '2026-10-03T08:00:00Z' } };
    expect(await refusal(change(snapshot, late, '/status'))).toContain(
      'its status cannot change once its digest is written',
    );
    expect(await refusal(change(snapshot, { status: null }, '/status'))).toContain('its status cannot change');
    expect(await refusal(change(snapshot, { status: { snapshot: null } }, '/status'))).toContain(
      'its status cannot change',
    );
    expect(await refusal(change(snapshot, { spec: { refreshInterval: '1h' } }))).toContain('its spec cannot change');
    expect(await refusal(change(snapshot, { spec: { snapshotOf: { name: 'other' } } }))).toContain(
      'its spec cannot change',
    );
    expect(await refusal(change(snapshot, { spec: { snapshotOf: null } }))).toContain(
      'neither be added to a report nor removed',
    );
    expect(await refusal(change(snapshot, { spec: null }))).toContain('neither be added to a report nor removed');

    expect((await change(snapshot, { metadata: { labels: { kept: 'true' } } })).status).toBe(200);
    expect((await remove(snapshot)).status).toBe(200);
  });

  test('cannot be made of a report that exists', async () => {
    const live = report({}, 'live');
    await create(live);
    expect(await refusal(change(live, { spec: { snapshotOf: { name: 'cluster' } } }))).toContain(
      'a snapshot from its creation or never',
    );
    await remove(live);
  });

  test('freezes its slices', async () => {
    const content = { profiles: [{ id: 'p', state: 'Protected', names: ['n1'] }] };
    const frozen = slice({ frozen: true }, content);
    expect((await create(frozen)).status).toBe(201);
    expect(await refusal(change(frozen, { profiles: [] }))).toContain('a slice of a snapshot');
    expect(await refusal(change(frozen, { spec: { frozen: false } }))).toContain('a slice of a snapshot');
    await remove(frozen);

    const living = slice({}, content);
    await create(living);
    expect((await change(living, { profiles: [] })).status).toBe(200);
    await remove(living);
  });

  test('of which a slice holds 5,000 nodes may be labelled within the cost of its rules', async () => {
    const names = Array.from(
      { length: 5000 },
      (_, index) => `ip-10-0-${index >> 8}-${index & 255}.eu-central-1.compute.internal`,
    );
    const full = slice({ frozen: true }, { profiles: [{ id: 'p', state: 'Protected', names }] });
    expect((await create(full)).status).toBe(201);
    expect((await change(full, { metadata: { labels: { kept: 'true' } } })).status).toBe(200);
    expect(await refusal(change(full, { profiles: [] }))).toContain('a slice of a snapshot');
    await remove(full);
  });

  test('with as many gaps, namespaces and moments as it may hold is judged within the cost of its rules', async () => {
    const full = report({ snapshotOf: { name: 'cluster' } }, 'cluster-full');
    const many = <T>(length: number, make: (index: number) => T) => Array.from({ length }, (_, index) => make(index));
    const status = {
      ...frozenStatus,
      gaps: many(100, (index) => ({
        ...gap,
        cause: `${gap.cause} ${index}`,
        examples: many(5, (n) => `node/gpu-${n}`),
      })),
      namespaces: many(500, (index) => ({ name: `team-${index}`, state: 'Protected', workloads: { total: index } })),
      history: many(744, () => ({ time: '2026-10-02T08:00:00Z', nodesPercent: '96.4', nodes: 300 })),
    };
    expect((await create(full)).status).toBe(201);
    expect((await change(full, { status }, '/status')).status).toBe(200);
    expect((await change(full, { metadata: { labels: { kept: 'true' } } })).status).toBe(200);
    expect(await refusal(change(full, { status: { gaps: [] } }, '/status'))).toContain('its status cannot change');
    await remove(full);
  });
});

describe('kubectl', () => {
  const seen: ApiObject = {
    ...goodObjects.find(({ object }) => object.kind === 'Finding')!.object,
    metadata: { name: 'seen', namespace: 'default' },
    spec: { case: { team: 'checkout', phase: 'Triaged' } },
  };

  beforeAll(async () => {
    await create(policy({ criticality: 'High' }, 'seen'));
    await create(policy({ criticality: 'Low' }, 'unseen'));
    await create(seen);
    await change(seen, { status: findingStatus }, '/status');
  });

  test.each(kinds)('explains every level of $kind', async ({ shortName, schema }) => {
    const text = await kubectl('explain', shortName, '--recursive=false');
    expect(text).toContain((schema.description ?? '').slice(0, 40));
    expect(text).not.toContain('<no description>');
  });

  test('explains a field with what may stand in it', async () => {
    const text = await kubectl('explain', 'wpol.spec.require.evidence');
    expect(text.replaceAll(/\s+/g, ' ')).toContain('Declared alone never makes an asset Protected');
    expect(text).toMatch(/ENUM:\s+Running\s+Reporting\s+Loaded/);
  });

  test('shows a policy and a finding in one line each', async () => {
    const policies = await kubectl('get', 'wpol', 'seen');
    expect(policies).toMatch(/^NAME +CRITICALITY +SATISFIED +NODES +NODES % +WORKLOADS +WORKLOADS % +ADMISSION +AGE/);
    expect(policies).toMatch(/\nseen +High .*Off/);
    const findings = await kubectl('get', 'fnd');
    expect(findings).toMatch(/^NAME +SEVERITY +BEHAVIOUR +SUBJECT +PHASE +COUNT +LAST SEEN +CLEARS +AGE/);
    expect(findings).toMatch(/\nseen +High +CompilerInContainer +Deployment\/checkout +Open +7 /);
  });

  test('lists all kinds by their category', async () => {
    const all = await kubectl('get', 'workload-protection', '-A', '-o', 'name');
    expect(all).toContain(`workloadpolicy.${group}/seen`);
    expect(all).toContain(`finding.${group}/seen`);
  });

  test.each([
    ['wpol', 'spec.criticality=High', 'seen'],
    ['fnd', 'status.severity=High', 'seen'],
    ['fnd', 'status.severity=Low', ''],
    ['fnd', 'status.behaviour=CompilerInContainer,spec.case.team=checkout', 'seen'],
    ['fnd', 'spec.case.phase=New', ''],
  ])('selects %s by %s', async (kind, selector, expected) => {
    const names = await kubectl('get', kind, '--field-selector', selector, '-o', 'jsonpath={.items[*].metadata.name}');
    expect(names).toBe(expected);
  });
});
