import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationField, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  test.each([
    ['1s', 1000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1h0m5s20ms', 3_605_020],
    ['0s', 0],
  ])('%s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each(['', '5', '5 m', '1d', '-5s', '1.5h', '5m1h', 's', '5M', '5m '])('"%s" is none', (text) => {
    expect(() => parseDuration(text)).toThrow(/not a duration/);
  });

  test('agrees with the schema about what is a duration', () => {
    const field = durationField('quietPeriod', 'A duration.');
    const units = array(constantFrom('1', '20', '3', 'h', 'm', 's', 'ms', ' ', '-', '.'), { maxLength: 6 });
    assert(
      property(units, (parts) => {
        const text = parts.join('');
        const accepted = field.safeParse(text).success;
        if (accepted) expect(parseDuration(text)).toBeGreaterThanOrEqual(0);
        else if (text.length >= 2) expect(() => parseDuration(text)).toThrow(RangeError);
      }),
    );
  });
});

describe('a field with bounds', () => {
  const field = durationField('quietPeriod', 'A duration.', { atLeast: '1s', atMost: '24h' });

  test.each(['1s', '1000ms', '24h', '23h59m59s'])('takes %s', (text) => {
    expect(field.safeParse(text).success).toBe(true);
  });

  test.each([
    ['999ms', 'quietPeriod must be at least 1s'],
    ['24h0m1s', 'quietPeriod must be at most 24h'],
    ['a day', 'quietPeriod must be a duration in hours, minutes and seconds'],
  ])('says of %s that %s', (text, message) => {
    expect(field.safeParse(text).error?.issues[0]?.message).toContain(message);
  });
});
