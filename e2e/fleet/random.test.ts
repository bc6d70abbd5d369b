import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';

describe('seeded numbers', () => {
  it('repeat for the same seed', () => {
    const [a, b] = [seededRandom(5), seededRandom(5)];
    expect(Array.from({ length: 50 }, () => a.next())).toEqual(Array.from({ length: 50 }, () => b.next()));
  });

  it('reach both ends of a range and nothing beyond', () => {
    const random = seededRandom(1);
    const seen = new Set(Array.from({ length: 500 }, () => random.between(3, 6)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual([3, 4, 5, 6]);
  });

  it('are spread evenly enough to size a fleet by', () => {
    const random = seededRandom(2);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.1)).filter(Boolean).length;
    expect(hits).toBeGreaterThan(850);
    expect(hits).toBeLessThan(1150);
  });

  it('refuse to pick from nothing', () => {
    expect(() => seededRandom(1).pick([])).toThrow('nothing to pick from');
  });
});
