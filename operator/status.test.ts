import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resources } from '../kube/resource.ts';
import { canonical, createStatusWriter, cut, rfc3339, type Aspect, type StatusRequest } from './status.ts';
import { createRecordingWriter } from './testing/recording-writer.ts';
import type { RawObject } from './watches.ts';

const noon = Date.parse('2026-06-01T12:00:00Z');
const ready: Aspect = { type: 'Ready', status: 'True', reason: 'Evaluated', message: 'all is well' };

const anObject = (status?: unknown, generation = 1): RawObject => ({
  metadata: { name: 'cluster', uid: 'u1', generation },
  ...(status === undefined ? {} : { status }),
});

const aRequest = (overrides: Partial<StatusRequest> = {}): StatusRequest => ({
  resource: resources.coverageReports,
  object: anObject(),
  content: { slices: 3 },
  aspects: [ready],
  now: noon,
  ...overrides,
});

const setUp = () => {
  const writer = createRecordingWriter();
  const kinds: string[] = [];
  return { writer, kinds, status: createStatusWriter(writer, (kind) => kinds.push(kind)) };
};

const conditionsOf = (object: unknown): unknown => (object as { status: { conditions: unknown } }).status.conditions;

test('a first status is written with its conditions, the generation and the time', async () => {
  const { writer, kinds, status } = setUp();
  expect(await status.write(aRequest({ object: anObject(undefined, 4) }))).toBe(true);
  expect(writer.writes[0]?.object).toMatchObject({
    metadata: { name: 'cluster', uid: 'u1' },
    status: {
      slices: 3,
      observedGeneration: 4,
      conditions: [{ ...ready, observedGeneration: 4, lastTransitionTime: '2026-06-01T12:00:00Z' }],
    },
  });
  expect(kinds).toEqual(['CoverageReport']);
});

test('the same again is not written', async () => {
  const { writer, status } = setUp();
  await status.write(aRequest());
  expect(await status.write(aRequest({ now: noon + 60_000 }))).toBe(false);
  expect(writer.writes).toHaveLength(1);
});

test.each<[string, string, unknown, boolean]>([
  ['what somebody else wrote over it is put right', '2', { slices: 99 }, true],
  ['a change elsewhere in the object is no reason to write', '2', { slices: 3 }, false],
  ['what our store has not learnt of yet is no reason to write', '0', { slices: 1 }, false],
])('%s', async (_, resourceVersion, said, expected) => {
  const { writer, status } = setUp();
  await status.write(aRequest());
  const [first] = writer.writes;
  const stored = { ...(first?.object?.['status'] as object), ...(said as object) };
  const object = { ...anObject(stored), metadata: { ...anObject().metadata, resourceVersion } };
  expect(await status.write(aRequest({ object, now: noon + 5000 }))).toBe(expected);
});

test('a new leader does not write what an earlier one wrote, defaults of the server included', async () => {
  const { writer, status } = setUp();
  const conditions = [{ ...ready, observedGeneration: 1, lastTransitionTime: '2026-05-01T00:00:00Z' }];
  const stored = { slices: 3, policiesOmitted: 0, observedGeneration: 1, conditions };
  expect(await status.write(aRequest({ object: anObject(stored) }))).toBe(false);
  expect(writer.writes).toEqual([]);
});

test('a list that got shorter is written', async () => {
  const { status } = setUp();
  const conditions = [{ ...ready, observedGeneration: 1, lastTransitionTime: '2026-05-01T00:00:00Z' }];
  const stored = { gaps: ['a', 'b'], observedGeneration: 1, conditions };
  expect(await status.write(aRequest({ object: anObject(stored), content: { gaps: ['a'] } }))).toBe(true);
});

test('lastTransitionTime moves with the status and not with the message', async () => {
  const { writer, status } = setUp();
  await status.write(aRequest());
  await status.write(aRequest({ aspects: [{ ...ready, message: 'other words' }], now: noon + 1000 }));
  await status.write(aRequest({ aspects: [{ ...ready, status: 'False' }], now: noon + 2000 }));
  expect(writer.writes.map(({ object }) => conditionsOf(object))).toMatchObject([
    [{ lastTransitionTime: '2026-06-01T12:00:00Z' }],
    [{ message: 'other words', lastTransitionTime: '2026-06-01T12:00:00Z' }],
    [{ status: 'False', lastTransitionTime: '2026-06-01T12:00:02Z' }],
  ]);
});

test('what only tells the time is written along with other changes, or when it is due', async () => {
  const { writer, status } = setUp();
  const clockFields = { evaluatedAt: 'now' };
  await status.write(aRequest({ clockFields }));
  expect(await status.write(aRequest({ clockFields: { evaluatedAt: 'later' } }))).toBe(false);
  expect(await status.write(aRequest({ clockFields: { evaluatedAt: 'due' }, clockIsDue: true }))).toBe(true);
  expect(
    writer.writes.map(({ object }) => (object as unknown as { status: { evaluatedAt: string } }).status.evaluatedAt),
  ).toEqual(['now', 'due']);
});

test('an object that was deleted and made again is written anew', async () => {
  const { writer, status } = setUp();
  await status.write(aRequest());
  const again = { metadata: { name: 'cluster', uid: 'u2', generation: 1 } };
  expect(await status.write(aRequest({ object: again }))).toBe(true);
  expect(writer.writes).toHaveLength(2);
});

test('a write that failed is tried again', async () => {
  const { writer, status } = setUp();
  writer.failNext(new Error('refused'));
  await expect(status.write(aRequest())).rejects.toThrow('refused');
  expect(await status.write(aRequest())).toBe(true);
});

test('the order of keys makes no other text', () => {
  expect(canonical({ b: 1, a: { d: 2, c: [3] } })).toBe(canonical({ a: { c: [3], d: 2 }, b: 1 }));
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});

test('times are written without fractions', () => {
  expect(rfc3339(noon + 123)).toBe('2026-06-01T12:00:00Z');
});

test('a cut text is never longer than asked for, and is its own beginning', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (text, length) => {
      const short = cut(text, length);
      expect(short.length).toBeLessThanOrEqual(Math.max(length, 0));
      expect(text.startsWith(short === text ? text : short.slice(0, -1))).toBe(true);
    }),
  );
});
