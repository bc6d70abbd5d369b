import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRecentPool } from './recent-pool.ts';

const aPool = (limit: number) => {
  const pool = createRecentPool<{ readonly key: string }>(limit);
  let made = 0;
  const get = (key: string) =>
    pool(key, () => {
      made += 1;
      return { key };
    });
  return { get, made: () => made };
};

describe('createRecentPool', () => {
  it('gives the same value again', () => {
    const { get } = aPool(2);
    expect(get('a')).toBe(get('a'));
  });

  it('keeps what is asked for, however many others come and go', () => {
    const { get } = aPool(4);
    const a = get('a');
    for (let i = 0; i < 100; i++) {
      get(`other ${i}`);
      expect(get('a')).toBe(a);
    }
  });

  it('forgets what was not asked for while twice its limit of others came', () => {
    const { get } = aPool(4);
    const a = get('a');
    for (let i = 0; i < 8; i++) get(`other ${i}`);
    expect(get('a')).not.toBe(a);
  });

  it('always answers for the key, and makes no value twice that still fits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }).map(String)), (keys) => {
        const { get, made } = aPool(10);
        for (const key of keys) expect(get(key)).toEqual({ key });
        expect(made()).toBe(new Set(keys).size);
      }),
    );
  });
});
