// When it happened, in whatever way an agent or its forwarder writes a time: RFC 3339 to the nanosecond, seconds to nanoseconds since
// the epoch as a number or as its digits, protobuf's pair of seconds and nanoseconds.
import { isObject } from './read.ts';

/** Epoch milliseconds; undefined for what is no time. */
export const timeIn = (value: unknown): number | undefined => {
  if (typeof value === 'number') return sane(unitsOf(value));
  if (isObject(value)) {
    const seconds = timeIn(value.seconds);
    return seconds === undefined ? undefined : sane(seconds + nanosecondsOf(value.nanos) / 1e6);
  }
  if (typeof value !== 'string' || value.length > longestTime) return undefined;
  return sane(/^\d+(?:\.\d+)?$/.test(value) ? unitsOf(Number(value)) : Date.parse(value));
};

/** No agent writes a longer one, and what is parsed came from a stranger. */
const longestTime = 64;
/** There was no Kubernetes before, so what says so is no time; the zero time of Go is one of these. */
const earliest = Date.UTC(2014, 5, 1);
const latest = Date.UTC(2100, 0, 1);

/** From the earliest to the latest is less than a factor of three, so that only one unit can be meant. */
const unitsOf = (value: number): number => {
  for (const unit of [1000, 1, 1e-3, 1e-6]) {
    const at = value * unit;
    if (at >= earliest && at <= latest) return at;
  }
  return Number.NaN;
};

const nanosecondsOf = (value: unknown): number => (typeof value === 'number' && value >= 0 && value < 1e9 ? value : 0);

/** A number of nanoseconds loses half a microsecond at the worst, which must not make it the millisecond before. */
const sane = (at: number): number | undefined =>
  at >= earliest && at <= latest ? Math.floor(at + lostToNumbers) : undefined;
const lostToNumbers = 1e-3;
