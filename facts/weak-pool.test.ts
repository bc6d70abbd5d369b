import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { createWeakPool } from './weak-pool.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('createWeakPool', () => {
  it('gives the same object for the same key, and another for another', () => {
    const pool = createWeakPool<object>();
    const a = pool.get('a', () => ({}));
    expect(pool.get('a', () => ({}))).toBe(a);
    expect(pool.get('b', () => ({}))).not.toBe(a);
  });

  it('keeps what is in use and forgets the rest, so that it never outgrows the cluster', async () => {
    const pool = createWeakPool<{ readonly name: string }>();
    const used = pool.get('used', () => ({ name: 'used' }));
    for (let i = 0; i < 1000; i++) pool.get(`gone ${i}`, () => ({ name: `gone ${i}` }));
    expect(pool.size).toBe(1001);
    // An object that was looked at stays until the present job ends, so the collection comes in a later one.
    await vi.waitFor(
      () => {
        collectGarbage();
        expect(pool.size).toBe(1);
      },
      { timeout: 10_000 },
    );
    expect(pool.get('used', () => ({ name: 'new' }))).toBe(used);
  });
});
