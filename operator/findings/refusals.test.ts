import { describe, expect, test } from 'vitest';
import { KubeError } from '../../kube/errors.ts';
import { installing, leader } from './testing/leader.ts';

describe('a finding that the API server refuses to store', () => {
  const refusal = (code: number, reason: string): KubeError =>
    new KubeError({ code, reason, message: 'status.count: Invalid value', request: 'PATCH finding' });

  /** Up to where the journal is given back, minute by minute, while every write is answered so. */
  const minutes = async (error: Error, count: number) => {
    const { keeper, clock, writer } = await leader();
    const applyStatus = writer.applyStatus.bind(writer);
    const refuse: typeof applyStatus = async () => {
      throw error;
    };
    Object.assign(writer, { applyStatus: refuse });
    keeper.take(installing, 'b', 5);
    const included: number[] = [];
    for (let minute = 0; minute < count; minute++) {
      await clock.advance(60_000);
      included.push(keeper.included(9));
    }
    return { keeper, clock, writer, included, mend: () => void Object.assign(writer, { applyStatus }) };
  };

  test.each<[string, Error]>([
    ['as invalid', refusal(422, 'Invalid')],
    ['as too large', refusal(413, 'RequestEntityTooLarge')],
    ['since nobody may', refusal(403, 'Forbidden')],
    ['in no words at all, since it cannot be put into any', new RangeError('Invalid time value')],
  ])('%s holds the journal for some minutes, and not for ever', async (_, error) => {
    const { keeper, included } = await minutes(error, 5);
    expect(included[0]).toBe(4);
    expect(included.at(-1)).toBe(9);
    expect(keeper.refused()).toContainEqual({
      finding: expect.stringMatching(/^shop\/package-manager-in-container-/) as string,
      message: error.message,
    });
  });

  test('is written with all that it counts once it may be', async () => {
    const { keeper, clock, writer, mend } = await minutes(refusal(422, 'Invalid'), 5);
    keeper.take(installing, 'b', 8);
    expect(keeper.included(9)).toBe(9);
    mend();
    await clock.advance(120_000);
    expect(keeper.refused()).toEqual([]);
    const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name.startsWith('package'));
    expect(written?.object).toMatchObject({ status: { count: 2, journal: { b: 8 } } });
    keeper.take(installing, 'b', 10);
    expect(keeper.included(10)).toBe(9);
  });

  test.each<[string, Error]>([
    ['is busy', refusal(429, 'TooManyRequests')],
    ['has failed', refusal(500, 'InternalError')],
    ['is away', refusal(0, 'ECONNREFUSED')],
  ])('because it %s is waited for as long as that lasts', async (_, error) => {
    const { keeper, included } = await minutes(error, 10);
    expect([included.at(-1), keeper.refused()]).toEqual([4, []]);
  });
});
