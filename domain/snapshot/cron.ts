// Schedules as cron writes them: five fields with names, ranges, steps and lists, or one of the well-known words.

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly isDay: (dayOfMonth: number, dayOfWeek: number) => boolean;
  /** Every hour is meant, whatever clocks do; a schedule that names its hours means what clocks show. */
  readonly isHourly: boolean;
}

export type ParsedCron =
  | { readonly ok: true; readonly cron: Cron }
  /** Says which field is wrong, and what would be right. */
  | { readonly ok: false; readonly error: string };

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const fields = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  {
    name: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  // Sunday is 0, and 7 as well.
  { name: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const satisfies readonly Field[];

const words: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
};

export const parseCron = (schedule: string): ParsedCron => {
  const texts = (words[schedule] ?? schedule).split(' ');
  if (texts.length !== fields.length) {
    return { ok: false, error: `"${schedule}" must have five fields, such as "0 6 * * 1", or be @daily or the like` };
  }
  const read = fields.map((field, index) => valuesOf(texts[index] ?? '', field));
  const wrong = read.find((values) => typeof values === 'string');
  if (typeof wrong === 'string') return { ok: false, error: wrong };
  const [minutes, hours, days, months, weekdays] = read as readonly ReadonlySet<number>[] as readonly [
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
    ReadonlySet<number>,
  ];
  const [anyDay, anyWeekday] = [isOpen(texts[2]), isOpen(texts[4])];
  const inWeek = (day: number): boolean => weekdays.has(day) || (day === 0 && weekdays.has(7));
  return {
    ok: true,
    cron: {
      minutes: [...minutes].toSorted((a, b) => a - b),
      hours: [...hours].toSorted((a, b) => a - b),
      months,
      // Where both are narrowed either will do, as cron has always had it.
      isDay: (day, weekday) =>
        anyDay || anyWeekday ? days.has(day) && inWeek(weekday) : days.has(day) || inWeek(weekday),
      isHourly: isOpen(texts[1]),
    },
  };
};

// `*` and a step of it leave the field open; cron takes them as not narrowing the day.
const isOpen = (text: string | undefined): boolean => text === '?' || text?.startsWith('*') === true;

const valuesOf = (text: string, field: Field): ReadonlySet<number> | string => {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const range = rangeOf(part, field);
    if (typeof range === 'string') return `${field.name} "${text}": ${range}`;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return values;
};

const rangeOf = (part: string, field: Field): { from: number; to: number; step: number } | string => {
  const match = /^(?:(?<open>[*?])|(?<from>[0-9a-z]+)(?:-(?<to>[0-9a-z]+))?)(?:\/(?<step>[0-9]+))?$/i.exec(part);
  if (match?.groups === undefined) return `"${part}" must be a number, a range such as 1-5, or a step such as */15`;
  const { open, from: first = '', to: last, step: width } = match.groups;
  const step = width === undefined ? 1 : Number(width);
  if (step === 0) return `"${part}" must have a step of at least 1`;
  if (open !== undefined) return { from: field.min, to: field.name === 'day of week' ? 6 : field.max, step };
  const from = numberOf(first, field);
  // "5/15" is from 5 to the end, by 15.
  const to = last === undefined ? (width === undefined ? from : field.max) : numberOf(last, field);
  if (from === undefined || to === undefined) {
    const also = field.names === undefined ? '' : ` or ${field.names[0]} to ${field.names.at(-1)}`;
    return `"${part}" must lie between ${field.min} and ${field.max}${also}`;
  }
  return from > to ? `"${part}" must go upwards` : { from, to, step };
};

const numberOf = (text: string, { min, max, names }: Field): number | undefined => {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
};
