import { expect, test } from 'vitest';
import { eventually } from './eventually.ts';

test('the first answer that does not throw is the answer', async () => {
  let asked = 0;
  const answer = await eventually(
    () => {
      asked += 1;
      if (asked < 3) throw new Error('not yet');
      return asked;
    },
    { everyMs: 1 },
  );
  expect(answer).toBe(3);
});

test('past the deadline the last complaint is told', async () => {
  const look = (): never => {
    throw new Error('the cat is out');
  };
  await expect(eventually(look, { withinMs: 5, everyMs: 1 })).rejects.toThrow('still so after 0.005 s: the cat is out');
});
