import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { satisfies } from './version-requirement.ts';

describe('a version', () => {
  test.each([
    ['v0.2.400', '>=0.2.300', true],
    ['v0.2.400', '>= 0.2.500', false],
    ['1.4.2', '~1.4', true],
    ['1.5.0', '~1.4', false],
    ['1.4.2', '~1.4.3', false],
    ['1.9.9', '~1', true],
    ['1.9.0', '^1.2.3', true],
    ['2.0.0', '^1.2.3', false],
    ['0.2.9', '^0.2.3', true],
    ['0.3.0', '^0.2.3', false],
    ['0.0.4', '^0.0.3', false],
    ['0.5.0', '^0', true],
    ['1.2.5', '1.2.x', true],
    ['1.3.0', '1.2.x', false],
    ['1.3.0', '1', true],
    ['1.2.3', '=1.2.3', true],
    ['1.2.4-rc.1', '=1.2.3', false],
    ['1.2.4', '!=1.2.3', true],
    ['1.2.3', '!=1.2.3', false],
    ['1.2.3', '>1.2.3', false],
    ['1.2.3', '>1.2', false],
    ['1.3.0', '>1.2', true],
    ['1.2.9', '<=1.2', true],
    ['1.3.0', '<=1.2', false],
    ['1.2.3', '<=1.2.3', true],
    ['1.4.0', '>=1.2.0 <2', true],
    ['2.1.0', '>=1.2.0, <2', false],
    ['2.1.0', '^1 || >=2.1', true],
    ['1.2.3', '*', true],
    ['1.2.3', '', true],
    ['latest', '>=1', undefined],
    ['1.2.3', 'newest', undefined],
    ['1.2.3', '>=1 <newest', undefined],
    ['1.2.3', 'newest || >=1', true],
    ['0.2.3', 'newest || >=1', undefined],
  ])('%s and %s', (version, range, expected) => {
    expect(satisfies(version, range)).toBe(expected);
  });

  const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'));

  test('is below, at or above any other', () => {
    fc.assert(
      fc.property(version, version, (one, other) => {
        expect(satisfies(one, `>=${other}`)).toBe(!satisfies(one, `<${other}`));
        expect(satisfies(one, `<=${other}`)).toBe(!satisfies(one, `>${other}`));
        expect(satisfies(one, `=${other}`)).toBe(!satisfies(one, `!=${other}`));
        expect(satisfies(one, other)).toBe(one === other);
      }),
    );
  });

  test('within ~ is within ^, and both are at least what they name', () => {
    fc.assert(
      fc.property(version, version, (one, other) => {
        if (satisfies(one, `~${other}`) === true && !other.startsWith('0.'))
          expect(satisfies(one, `^${other}`)).toBe(true);
        if (satisfies(one, `^${other}`) === true) expect(satisfies(one, `>=${other}`)).toBe(true);
      }),
    );
  });
});
