import { describe, expect, test } from 'vitest';
import { identityOf } from './identity.ts';
import { compiling, installing, leader } from './testing/leader.ts';
import { createStandingFindings } from './testing/standing-findings.ts';

/** A leader whose API server knows versions, after it has written what there was to write; nothing is proven before `proven.until`. */
const setUp = async (provenUntil = Number.POSITIVE_INFINITY) => {
  const proven = { until: Number.POSITIVE_INFINITY };
  const world = await leader(undefined, { provenUntil: () => proven.until, stand: createStandingFindings });
  const { standing, object, clock } = world;
  if (standing === undefined) throw new Error('nothing stands');
  const key = `${object.metadata.namespace}/${object.metadata.name}`;
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await clock.advance(1000);
      standing.tell();
    }
  };
  // Until its clock is written, too.
  await pass(120);
  standing.requests.length = 0;
  proven.until = provenUntil;
  const count = (): number | undefined => standing.get(key)?.status?.count;
  const { requests } = standing;
  return { ...world, standing, requests, key, pass, count, proven };
};

const garbage = { status: { count: 99, phase: 'Resolved' } };

describe('a finding that somebody else changes', () => {
  test('is written upon what stands, with one more try and no word of the case lost', async () => {
    const { standing, requests, key, keeper, clock, count } = await setUp();
    const spec = { case: { phase: 'Triaged', owner: 'me' } };
    standing.edit(key, { spec });
    keeper.take(compiling, 'b', 5);
    await clock.advance(10_000);
    expect(requests).toEqual(['status refused', 'get done', 'status done']);
    expect(count()).toBe(2);
    expect(standing.get(key)?.spec).toEqual(spec);
    expect([keeper.included(9), keeper.refused()]).toEqual([9, []]);
  });

  test('by working on its case alone is not written', async () => {
    const { standing, requests, key, pass } = await setUp();
    standing.edit(key, { spec: { case: { phase: 'New', owner: 'me' } } });
    await pass(60);
    expect(requests).toEqual([]);
  });

  test('is put right soon, and then left alone', async () => {
    const { standing, requests, key, pass, count } = await setUp();
    standing.edit(key, garbage);
    standing.tell();
    await pass(6);
    expect([requests, count()]).toEqual([['status done'], 1]);
    standing.tellFirst();
    standing.edit(key, garbage);
    standing.tell();
    await pass(300);
    expect([requests, count()]).toEqual([['status done', 'status done'], 1]);
  });

  test('again and again is put right each time, and not more often than any other', async () => {
    const { standing, requests, key, pass, count } = await setUp();
    for (let second = 0; second < 60; second++) {
      standing.edit(key, garbage);
      await pass(1);
    }
    expect(requests.filter((request) => request === 'status done').length).toBeLessThanOrEqual(13);
    await pass(10);
    expect(count()).toBe(1);
  });

  test('is left to whoever leads by now, and not given up where that is this one', async () => {
    const { standing, requests, key, keeper, pass, count, proven } = await setUp(0);
    standing.edit(key, garbage);
    standing.tell();
    keeper.take(compiling, 'b', 5);
    await pass(60);
    expect([requests, count(), keeper.included(9)]).toEqual([[], 99, 4]);
    proven.until = Number.POSITIVE_INFINITY;
    await pass(10);
    expect([requests, count(), keeper.included(9)]).toEqual([['status done'], 2, 9]);
  });

  test('is left to whoever leads by now also where the watch has not told of it', async () => {
    const { standing, requests, key, keeper, clock, count } = await setUp(0);
    standing.edit(key, garbage);
    keeper.take(compiling, 'b', 5);
    await clock.advance(60_000);
    expect([requests, count(), keeper.included(9)]).toEqual([['status refused', 'get done'], 99, 4]);
  });

  test('by making it is not written over unseen', async () => {
    const { standing, requests, keeper, clock } = await setUp(0);
    const subject = { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' };
    const identity = identityOf('PackageManagerInContainer', subject, 'workload-protection');
    await standing.writer.apply({} as never, { metadata: { ...identity } }, { fieldManager: 'another' });
    standing.edit(`${identity.namespace}/${identity.name}`, { status: { count: 7 } });
    requests.length = 0;
    keeper.take(installing, 'b', 5);
    await clock.advance(60_000);
    expect(requests).toEqual(['apply done']);
    expect(standing.get(`${identity.namespace}/${identity.name}`)?.status?.count).toBe(7);
  });
});

test('a finding whose time is over is not deleted where somebody has written to it since', async () => {
  const status = { phase: 'Resolved', resolution: 'Verified', resolvedAt: '2026-01-01T00:00:00Z' };
  let isTold = false;
  const { standing, clock } = await leader(undefined, { mayGo: () => isTold, status, stand: createStandingFindings });
  if (standing === undefined) throw new Error('nothing stands');
  const [object] = standing.all();
  const key = `${object?.metadata.namespace}/${object?.metadata.name}`;
  standing.edit(key, { status: { ...object?.status, phase: 'Open' } });
  isTold = true;
  await clock.advance(20_000);
  expect(standing.requests).toContain('delete refused');
  expect(standing.get(key)?.status).toMatchObject({ phase: 'Open' });
});

test('a write of which the answer was lost is none of somebody else, and counts nothing twice', async () => {
  const { standing, requests, keeper, pass, count } = await setUp();
  keeper.take(compiling, 'b', 5);
  standing.loseAnswer();
  await pass(120);
  expect(count()).toBe(2);
  expect(requests.length).toBeLessThanOrEqual(4);
  expect(keeper.included(9)).toBe(9);
});

test('what is written is given back once nobody else can have led when it was', async () => {
  const { keeper, pass, count, proven } = await setUp(0);
  keeper.take(compiling, 'b', 5);
  await pass(10);
  expect([count(), keeper.included(9)]).toEqual([2, 4]);
  keeper.take(compiling, 'b', 7);
  await pass(10);
  expect([count(), keeper.included(9)]).toEqual([3, 4]);
  proven.until = Number.POSITIVE_INFINITY;
  expect(keeper.included(9)).toBe(9);
});
