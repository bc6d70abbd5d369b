import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCron, type Cron } from './cron.ts';
import { lastBetween, nextAfter } from './occurrences.ts';
import { zoneOf, type Zone } from './zoned-time.ts';

const cronOf = (schedule: string): Cron => {
  const parsed = parseCron(schedule);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.cron;
};
const zone = (name?: string): Zone => {
  const found = zoneOf(name);
  if (found === undefined) throw new Error(`no zone ${name}`);
  return found;
};
const next = (schedule: string, after: string, timeZone?: string, count = 1): readonly string[] => {
  const times: string[] = [];
  for (let at = Date.parse(after), index = 0; index < count; index++) {
    const found = nextAfter(cronOf(schedule), zone(timeZone), at);
    if (found === undefined) return [...times, 'never'];
    times.push(new Date(found).toISOString().replace(':00.000Z', 'Z'));
    at = found;
  }
  return times;
};

describe('the next time of a schedule', () => {
  test.each([
    ['0 6 * * 1', '2026-11-22T05:00Z', ['2026-11-23T06:00Z', '2026-11-30T06:00Z']],
    ['0 6 * * mon-FRI', '2026-11-27T06:00Z', ['2026-11-30T06:00Z', '2026-12-01T06:00Z']],
    ['*/15 * * * *', '2026-11-22T05:46Z', ['2026-11-22T06:00Z', '2026-11-22T06:15Z']],
    ['5/20 3 * * *', '2026-11-22T03:05Z', ['2026-11-22T03:25Z', '2026-11-22T03:45Z']],
    ['0 0 1,15 * *', '2026-12-15T00:00Z', ['2027-01-01T00:00Z', '2027-01-15T00:00Z']],
    ['0 0 * dec,Jan *', '2026-11-30T12:00Z', ['2026-12-01T00:00Z', '2026-12-02T00:00Z']],
    ['0 0 29 2 *', '2026-11-30T12:00Z', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
    ['0 0 29 2 *', '2096-03-01T00:00Z', ['2104-02-29T00:00Z', '2108-02-29T00:00Z']],
    ['0 0 30 2 *', '2026-11-30T12:00Z', ['never']],
    // Either of two narrowed days will do.
    ['0 0 13 * 5', '2026-11-07T00:00Z', ['2026-11-13T00:00Z', '2026-11-20T00:00Z']],
    // Seven is Sunday, as zero is.
    ['0 0 * * 7', '2026-11-23T00:00Z', ['2026-11-29T00:00Z', '2026-12-06T00:00Z']],
    ['0 0 * * 5-7', '2026-11-26T00:00Z', ['2026-11-27T00:00Z', '2026-11-28T00:00Z', '2026-11-29T00:00Z']],
    ['0 0 ? * *', '2026-11-26T00:00Z', ['2026-11-27T00:00Z']],
    ['@hourly', '2026-11-22T05:00Z', ['2026-11-22T06:00Z']],
    ['@daily', '2026-11-22T05:00Z', ['2026-11-23T00:00Z']],
    ['@weekly', '2026-11-22T05:00Z', ['2026-11-29T00:00Z']],
    ['@monthly', '2026-11-22T05:00Z', ['2026-12-01T00:00Z']],
    ['@yearly', '2026-11-22T05:00Z', ['2027-01-01T00:00Z']],
  ])('%s after %s', (schedule, after, expected) => {
    expect(next(schedule, after, undefined, expected.length)).toEqual(expected);
  });

  test.each([
    [
      'a time that clocks jump over is served when they have jumped',
      '30 2 * * *',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
    ],
    [
      'a time that clocks show twice is served once',
      '30 2 * * *',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
    ],
    [
      'every hour is every hour, also when clocks are set back',
      '30 * * * *',
      '2026-10-24T23:40Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'],
    ],
    [
      'every hour is every hour, also when clocks jump',
      '30 * * * *',
      '2026-03-29T00:00Z',
      ['2026-03-29T00:30Z', '2026-03-29T01:30Z'],
    ],
    ['midnight is that of the zone', '0 0 * * *', '2026-06-30T12:00Z', ['2026-06-30T22:00Z']],
  ])('%s', (_, schedule, after, expected) => {
    expect(next(schedule, after, 'Europe/Berlin', expected.length)).toEqual(expected);
  });

  test('a zone half an hour off and a day that a zone left out are no trouble', () => {
    expect(next('0 6 * * *', '2026-11-22T00:31Z', 'Asia/Kolkata')).toEqual(['2026-11-23T00:30Z']);
    // Samoa had no 30th of December 2011; it went from UTC-10 to UTC+14 at midnight.
    expect(next('0 12 * * *', '2011-12-29T23:00Z', 'Pacific/Apia', 2)).toEqual([
      '2011-12-30T10:00Z',
      '2011-12-30T22:00Z',
    ]);
  });

  test('is the first minute that fits, whatever the schedule, and the last one up to it is the same', () => {
    const field = (min: number, max: number): fc.Arbitrary<string> =>
      fc.oneof(
        fc.constant('*'),
        fc.integer({ min: 1, max: Math.max(2, Math.floor(max / 2)) }).map((step) => `*/${step}`),
        fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
      );
    const schedules = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6));
    const minute = 60_000;
    fc.assert(
      fc.property(schedules, fc.integer({ min: 0, max: 527_040 }), (texts, minutes) => {
        const cron = cronOf(texts.join(' '));
        const after = Date.UTC(2026, 0, 1) + minutes * minute;
        const fits = (at: number): boolean => {
          const date = new Date(at);
          return (
            cron.minutes.includes(date.getUTCMinutes()) &&
            cron.hours.includes(date.getUTCHours()) &&
            cron.months.has(date.getUTCMonth() + 1) &&
            cron.isDay(date.getUTCDate(), date.getUTCDay())
          );
        };
        const found = nextAfter(cron, zone(), after);
        if (found === undefined) throw new Error('each of these comes');
        expect(fits(found)).toBe(true);
        // A month of minutes at most, to stay quick.
        for (let at = found - minute; at > Math.max(after, found - 40_000 * minute); at -= minute) {
          if (fits(at)) throw new Error(`${new Date(at).toISOString()} was passed over`);
        }
        expect(lastBetween(cron, zone(), after, found)).toBe(found);
        expect(lastBetween(cron, zone(), after, found - 1)).toBeUndefined();
        expect(lastBetween(cron, zone(), after - 1, found + 30_000)).toBe(found);
      }),
      { numRuns: 150 },
    );
  });
});

test.each([
  ['99 * * * *', 'minute "99": "99" must lie between 0 and 59'],
  ['* 24 * * *', 'hour "24": "24" must lie between 0 and 23'],
  ['* * 0 * *', 'day of month "0": "0" must lie between 1 and 31'],
  ['* * * foo *', 'month "foo": "foo" must lie between 1 and 12 or jan to dec'],
  ['* * * * 8', 'day of week "8": "8" must lie between 0 and 7 or sun to sat'],
  ['* * * * fri-mon', 'day of week "fri-mon": "fri-mon" must go upwards'],
  ['*/0 * * * *', 'minute "*/0": "*/0" must have a step of at least 1'],
  ['1-2-3 * * * *', 'minute "1-2-3": "1-2-3" must be a number, a range such as 1-5, or a step such as */15'],
  [', * * * *', 'minute ",": "" must be a number, a range such as 1-5, or a step such as */15'],
  ['* * * *', '"* * * *" must have five fields, such as "0 6 * * 1", or be @daily or the like'],
])('"%s" is refused with what would be right', (schedule, error) => {
  expect(parseCron(schedule)).toEqual({ ok: false, error });
});

test('a zone that nobody knows is none', () => {
  expect(zoneOf('Mars/Olympus')).toBeUndefined();
});
