import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeIn } from './event-time.ts';

const at = Date.UTC(2026, 7, 1, 10, 0, 0, 123);

describe('a time of an event', () => {
  it.each<[string, unknown, number]>([
    ['RFC 3339 to the nanosecond', '2026-08-01T10:00:00.123456789Z', at],
    ['RFC 3339 of another zone', '2026-08-01T12:00:00.123+02:00', at],
    ['RFC 3339 without a fraction', '2026-08-01T10:00:00Z', at - 123],
    ['seconds', 1785578400, at - 123],
    ['seconds with a fraction', 1785578400.123, at],
    ['milliseconds', 1785578400123, at],
    ['microseconds', 1785578400123456, at],
    ['nanoseconds, as far as a number holds them', Number('1785578400123456789'), at],
    ['nanoseconds as digits', '1785578400123456789', at],
    ['a pair of seconds and nanoseconds', { seconds: 1785578400, nanos: 123456789 }, at],
    ['a pair with its seconds as digits', { seconds: '1785578400', nanos: 123456789 }, at],
    ['a pair without nanoseconds', { seconds: 1785578400 }, at - 123],
  ])('is read where it is written as %s', (_, written, expected) => {
    expect(timeIn(written)).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['the zero time of Go', '0001-01-01T00:00:00Z'],
    ['zero', 0],
    ['a number of no unit', 42],
    ['what is no number', Number.NaN],
    ['more than any number', Number.POSITIVE_INFINITY],
    ['a word', 'yesterday'],
    ['nothing', ''],
    ['a time with a book behind it', `2026-08-01T10:00:00Z${' '.repeat(100)}`],
    ['a time in a list', ['2026-08-01T10:00:00Z']],
    ['none', null],
    ['a year nobody is in', '2999-01-01T00:00:00Z'],
    ['a pair of nothing', { seconds: null, nanos: 5 }],
  ])('is none where it is %s', (_, written) => {
    expect(timeIn(written)).toBeUndefined();
  });

  it('means the same in every unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2014, 6, 1), max: Date.UTC(2099, 0, 1) }), (milliseconds) => {
        const seconds = Math.floor(milliseconds / 1000);
        expect(timeIn(seconds)).toBe(seconds * 1000);
        expect(timeIn(milliseconds)).toBe(milliseconds);
        expect(timeIn(`${milliseconds}000000`)).toBe(milliseconds);
        expect(timeIn(new Date(milliseconds).toISOString())).toBe(milliseconds);
      }),
    );
  });
});
