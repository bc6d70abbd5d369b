import { expect, test } from 'vitest';
import { whyDeaf } from './deafness.ts';

const well = { elapsed: 15_100, latest: 900, unheard: [] };

test('an operator that is looked after hears', () => {
  expect(whyDeaf(well)).toBeUndefined();
});

test.each([
  ['stood still for 3600 s', { elapsed: 3_600_000 }],
  ['nothing of pods, nodes from the API server', { unheard: ['pods', 'nodes'] }],
  ['up to 90 s before are still being worked in', { latest: 90_000 }],
])('one that %s has heard nothing', (words, hindrance) => {
  expect(whyDeaf({ ...well, ...hindrance })).toEqual({
    listening: false,
    reason: 'OperatorDown',
    message: expect.stringContaining(words) as string,
  });
});
