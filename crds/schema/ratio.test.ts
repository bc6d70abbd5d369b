import { assert, property, stringMatching } from 'fast-check';
import { expect, test } from 'vitest';
import { parseRatio, ratioField } from './ratio.ts';

test.each([
  ['0%', 0],
  ['1%', 0.01],
  ['0.05%', 0.0005],
  ['100%', 1],
])('%s is %d', (text, expected) => {
  expect(parseRatio(text)).toBeCloseTo(expected, 10);
});

test.each(['', '5', '0.05', '101%', '100.1%', '-1%', '1.%', '%'])('"%s" is no percentage', (text) => {
  expect(() => parseRatio(text)).toThrow(RangeError);
  expect(ratioField('maxDropRatio', 'A share.').safeParse(text).success).toBe(false);
});

test('every percentage that the schema takes is a share from 0 to 1', () => {
  assert(
    property(stringMatching(/^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$/), (text) => {
      expect(ratioField('maxDropRatio', 'A share.').safeParse(text).success).toBe(true);
      expect(parseRatio(text)).toBeGreaterThanOrEqual(0);
      expect(parseRatio(text)).toBeLessThanOrEqual(1);
    }),
  );
});
