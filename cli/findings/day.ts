// Times as people write them on a command line: a day, an instant, or how long from now.
import { UsageError } from '../verb.ts';

const dayMs = 86_400_000;
const units: Readonly<Record<string, number>> = { h: 3_600_000, d: dayMs, w: 7 * dayMs };

/** Epoch milliseconds of `2027-03-01` (its beginning, in UTC), `2027-03-01T12:00:00Z`, `12h`, `14d` or `6w`. */
export const instantOf = (flag: string, written: string, now: number): number => {
  const [, amount, unit = ''] = /^(\d{1,5})([hdw])$/.exec(written) ?? [];
  if (amount !== undefined) return now + Number(amount) * (units[unit] ?? 0);
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(written);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(written);
  const at = isDay || isInstant ? Date.parse(written) : Number.NaN;
  // 30 February would be taken for 2 March.
  if (Number.isNaN(at) || (isDay && new Date(at).toISOString().slice(0, 10) !== written)) {
    throw new UsageError(`--${flag}: "${written}" must be a day such as 2027-03-01, or how long from now, such as 14d`);
  }
  return at;
};

/** The day on which it is, by the calendar of UTC. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const rfc3339 = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
