import { expect, test } from 'vitest';
import { placeLast } from './place-last.ts';

test('whoever was put last is forgotten last', () => {
  const map = new Map<string, number>();
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) expect(placeLast(map, key, index, 2)).toBe(index);
  expect([...map]).toEqual([
    ['a', 2],
    ['c', 3],
  ]);
});
