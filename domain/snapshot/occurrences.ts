// When a schedule falls due: the next time after a moment, and the last time up to one.
import type { Cron } from './cron.ts';
import { endOfGap, momentsOf, type Zone } from './zoned-time.ts';

const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
/** The 29th of February may be eight years away, when a century lies between; a schedule without a day in that time has none. */
const searchedDays = 8 * 366 + 1;

/** The first time after `after`; undefined where there is none, as on the 30th of February. */
export const nextAfter = (cron: Cron, zone: Zone, after: number): number | undefined => {
  // A day back, since the local day of `after` may still have moments of the one before.
  const first = Math.floor((after + zone.offsetAt(after)) / day) * day - day;
  const farthestAhead = Math.max(...[after - day, after, after + day].map(zone.offsetAt));
  for (let index = 0; index < searchedDays; index++) {
    const midnight = first + index * day;
    const date = new Date(midnight);
    if (!cron.months.has(date.getUTCMonth() + 1) || !cron.isDay(date.getUTCDate(), date.getUTCDay())) continue;
    const found = firstOfDay(cron, zone, midnight, after, after + farthestAhead - 2 * hour);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** `notBefore`: local times that cannot be after `after` are not worth a look. */
const firstOfDay = (cron: Cron, zone: Zone, midnight: number, after: number, notBefore: number): number | undefined => {
  let found: number | undefined;
  for (const hours of cron.hours) {
    // Later hours bring nothing earlier, but for the two in which clocks may be set back.
    if (found !== undefined && midnight + hours * hour - zone.offsetAt(found) > found + 2 * hour) return found;
    for (const minutes of cron.minutes) {
      const local = midnight + hours * hour + minutes * minute;
      if (local < notBefore) continue;
      for (const moment of due(cron, zone, local)) {
        if (moment > after && (found === undefined || moment < found)) found = moment;
      }
    }
  }
  return found;
};

/** Once a day is once a day, also on the two days in a year when clocks change; once an hour is once an hour. */
const due = ({ isHourly }: Cron, zone: Zone, local: number): readonly number[] => {
  const moments = momentsOf(zone, local);
  if (isHourly) return moments;
  return moments.length === 0 ? [endOfGap(zone, local)] : moments.slice(0, 1);
};

/** The last time after `from` and up to `now`; undefined where there is none. */
export const lastBetween = (cron: Cron, zone: Zone, from: number, now: number): number | undefined => {
  // Backwards in steps that double, so that neither a minute's schedule nor a year's takes long.
  for (let span = minute; ; span *= 2) {
    const start = Math.max(from, now - span);
    let last: number | undefined;
    for (let at = nextAfter(cron, zone, start); at !== undefined && at <= now; at = nextAfter(cron, zone, at))
      last = at;
    if (last !== undefined || start === from) return last;
  }
};
