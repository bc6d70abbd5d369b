import { describe, expect, test } from 'vitest';
import { leader } from './testing/leader.ts';

describe('a namespace that goes', () => {
  test('leaves a tombstone before its findings are gone', async () => {
    const { clock, terminate, tombstones } = await leader();
    terminate();
    await clock.advance(15_000);
    expect(tombstones()).toHaveLength(1);
    await clock.advance(600_000);
    expect(tombstones()).toHaveLength(1);
  });

  test('leaves one where the finding goes first', async () => {
    const { clock, ours, terminate, tombstones, object } = await leader();
    ours.findings.remove('shop', object.metadata.name);
    terminate();
    await clock.advance(1000);
    expect(tombstones()).toHaveLength(1);
  });
});

test('a finding that somebody deletes leaves nothing', async () => {
  const { clock, ours, tombstones, object } = await leader();
  ours.findings.remove('shop', object.metadata.name);
  await clock.advance(600_000);
  expect(tombstones()).toEqual([]);
});
