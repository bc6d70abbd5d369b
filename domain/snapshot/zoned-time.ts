// Wall clocks of time zones: which moments a local time is. There is none where clocks jump ahead, and there are two where they are set back.

export interface Zone {
  /** How far local time is ahead of UTC at a moment, in milliseconds. */
  readonly offsetAt: (moment: number) => number;
}

const minute = 60_000;
const day = 86_400_000;

/** Undefined for a zone that nobody knows. */
export const zoneOf = (timeZone: string | undefined): Zone | undefined => {
  if (timeZone === undefined || timeZone === 'UTC') return { offsetAt: () => 0 };
  const format = formatOf(timeZone);
  return format && { offsetAt: (moment) => localOf(format, moment) - Math.floor(moment / 1000) * 1000 };
};

/** The moments at which the zone's clocks show `local`, which is a local time written as if it were UTC. */
export const momentsOf = ({ offsetAt }: Zone, local: number): readonly number[] => {
  const offsets = new Set([offsetAt(local - day), offsetAt(local + day)]);
  return [...offsets]
    .map((offset) => local - offset)
    .filter((moment) => moment + offsetAt(moment) === local)
    .toSorted((a, b) => a - b);
};

/** For a local time that is skipped: the moment at which clocks jump over it. */
export const endOfGap = ({ offsetAt }: Zone, local: number): number => {
  const offsets = [offsetAt(local - day), offsetAt(local + day)];
  let before = local - Math.max(...offsets);
  let after = local - Math.min(...offsets);
  const changed = offsetAt(after);
  while (after - before > minute) {
    const middle = before + Math.floor((after - before) / 2 / minute) * minute;
    if (offsetAt(middle) === changed) after = middle;
    else before = middle;
  }
  return offsetAt(before) === changed ? before : after;
};

const formatOf = (timeZone: string): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
};

const localOf = (format: Intl.DateTimeFormat, moment: number): number => {
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
};
