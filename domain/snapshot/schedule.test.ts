import { expect, test } from 'vitest';
import { dueSnapshot, type ScheduleMemory } from './schedule.ts';

const at = (text: string): number => Date.parse(text);
const daily = { schedule: '@daily', timeZone: undefined };
const memory = (lastScheduledAt: string, other: Partial<ScheduleMemory> = {}): ScheduleMemory => ({
  ...daily,
  lastScheduledAt: at(lastScheduledAt),
  ...other,
});
const now = at('2026-11-22T05:00:00Z');
const tomorrow = at('2026-11-23T00:00:00Z');

test.each([
  ['a schedule that is new has missed nothing', undefined, now, undefined],
  ['one that was served is not served again', memory('2026-11-22T00:00:00Z'), at('2026-11-22T00:00:00Z'), undefined],
  ['one that is due is served', memory('2026-11-21T00:00:00Z'), at('2026-11-21T00:00:00Z'), at('2026-11-22T00:00:00Z')],
  [
    'of all that was missed the last is made up for',
    memory('2026-10-01T00:00:00Z'),
    at('2026-10-01T00:00:00Z'),
    at('2026-11-22T00:00:00Z'),
  ],
  ['another schedule has missed nothing', memory('2026-10-01T00:00:00Z', { schedule: '@hourly' }), now, undefined],
  ['another time zone has missed nothing', memory('2026-10-01T00:00:00Z', { timeZone: 'Asia/Tokyo' }), now, undefined],
  ['a clock that was set back starts anew', memory('2027-10-01T00:00:00Z'), now, undefined],
])('%s', (_, remembered, since, dueAt) => {
  expect(dueSnapshot(daily, remembered, now)).toEqual({ ok: true, since, dueAt, nextAt: tomorrow });
});

test('what cannot be read is said', () => {
  expect(dueSnapshot({ schedule: '61 * * * *', timeZone: undefined }, undefined, now)).toMatchObject({ ok: false });
  expect(dueSnapshot({ schedule: '@daily', timeZone: 'Europe/Bonn' }, undefined, now)).toEqual({
    ok: false,
    error: 'no time zone is called "Europe/Bonn"; names are such as Europe/Berlin',
  });
});

test('a schedule that never comes has no next time', () => {
  expect(dueSnapshot({ schedule: '0 0 31 4 *', timeZone: undefined }, undefined, now)).toEqual({
    ok: true,
    since: now,
    dueAt: undefined,
    nextAt: undefined,
  });
});
