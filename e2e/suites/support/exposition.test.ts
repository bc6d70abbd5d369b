import { expect, test } from 'vitest';
import { readExposition } from './exposition.ts';

const text = `# HELP things Things.
# TYPE things gauge
things{kind="a",said="he said \\"no\\""} 2
things{kind="b"} 3
bare 1.5e3
open_bucket{le="+Inf"} 7
`;

test('samples are read with their labels', () => {
  const { samples } = readExposition(text);
  expect(samples).toContainEqual({ name: 'things', labels: { kind: 'a', said: 'he said "no"' }, value: 2 });
  expect(samples).toContainEqual({ name: 'bare', labels: {}, value: 1500 });
  expect(samples).toContainEqual({ name: 'open_bucket', labels: { le: '+Inf' }, value: 7 });
});

test('samples are added up by the labels that are asked for', () => {
  const { sum } = readExposition(text);
  expect(sum('things')).toBe(5);
  expect(sum('things', { kind: 'b' })).toBe(3);
  expect(sum('things', { kind: 'c' })).toBeUndefined();
});
