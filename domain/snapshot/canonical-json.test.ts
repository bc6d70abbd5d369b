import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

const euro = String.fromCharCode(0x20ac);
const control = String.fromCharCode(0x0f);

test.each<readonly [string, unknown, string]>([
  [
    'numbers are written as ECMAScript writes them',
    [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27],
    '[333333333.3333333,1e+30,4.5,0.002,1e-27]',
  ],
  ['zero has no sign', [-0, 0], '[0,0]'],
  [
    'the smallest and the largest',
    [5e-324, -5e-324, 1.7976931348623157e308],
    '[5e-324,-5e-324,1.7976931348623157e+308]',
  ],
  [
    'exponents begin at 1e21 and below 1e-6',
    [1e20, 1e21, 1e-6, 1e-7, 9007199254740992],
    '[100000000000000000000,1e+21,0.000001,1e-7,9007199254740992]',
  ],
  ['only what must be escaped is', `${euro}$${control}\nA'B"\\\\"/`, String.raw`"€$\u000f\nA'B\"\\\\\"/"`],
  ['literals', [null, true, false], '[null,true,false]'],
  ['keys are sorted, at every depth', { b: { z: 1, a: [] }, a: {} }, '{"a":{},"b":{"a":[],"z":1}}'],
  // By code units the emoji, whose first is d83d, comes before the ligature fb33, though its code point is larger.
  [
    'keys are sorted by UTF-16 code units',
    { '\u{fb33}': 7, '\u{1f600}': 6, '€': 5, ö: 4, '\u{80}': 3, '1': 2, '\r': 1 },
    '{"\\r":1,"1":2,"\u{80}":3,"ö":4,"€":5,"\u{1f600}":6,"\u{fb33}":7}',
  ],
  ['what is undefined is left out, as JSON leaves it out', { a: undefined, b: 1 }, '{"b":1}'],
])('%s', (_, value, expected) => {
  expect(canonicalJson(value)).toBe(expected);
});

test.each([
  ['infinity', Number.POSITIVE_INFINITY],
  ['not a number', Number.NaN],
  ['half of a surrogate pair', '\ud83d'],
  ['a key that is half of a pair', { '\udead': 1 }],
  ['a function', () => 1],
  ['a hole in a list', [undefined]],
])('%s is refused', (_, value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});

const json = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' });

test('is JSON that says the same', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('is the same whatever the order of keys', () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([key, member]) => [key, turned(member)]),
    );
  };
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
    }),
  );
});

test('writes each number so that it reads back', () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(double, (number) => {
      expect(Number(canonicalJson(number))).toBe(number === 0 ? 0 : number);
    }),
  );
});
