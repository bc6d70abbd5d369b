/**
 * Durations in our API: whole numbers with a unit, the largest unit first, as in `90s`, `5m`, `1h30m` or `24h`. The order and the
 * number of digits are fixed so that no accepted text can overflow CEL's `duration()`, which ends at 292 years.
 */
import type { z } from 'zod';
import { text, withRules, type Rule } from './fields.ts';

const durationPattern = /^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?([0-9]{1,9}ms)?$/;

/** Milliseconds. Throws on anything that the API server would not have accepted. */
export function parseDuration(duration: string): number {
  const parts = duration === '' ? null : durationPattern.exec(duration);
  if (parts === null) throw new RangeError(`"${duration}" is not a duration such as 30s, 5m or 24h`);
  const amount = (part: string | undefined): number => (part === undefined ? 0 : Number.parseInt(part, 10));
  return amount(parts[1]) * 3_600_000 + amount(parts[2]) * 60_000 + amount(parts[3]) * 1000 + amount(parts[4]);
}

/** As `parseDuration` reads it, in whole seconds unless it is shorter; never more than it is. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${Math.floor(milliseconds)}ms`;
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : '', rest > 0 ? `${rest}s` : ''];
  return parts.join('') || '0s';
}

/**
 * Compares two durations of one object. Where either is malformed the rule holds: that is already said of the field itself, and an
 * evaluation error beside it would only confuse.
 */
export function notShorter<T>(
  longer: { readonly cel: string; readonly of: (value: T) => string | undefined },
  shorter: { readonly cel: string; readonly of: (value: T) => string | undefined },
  message: string,
): Rule<T> {
  return {
    rule: `!has(${longer.cel}) || !${wellFormed(longer.cel)} || !${wellFormed(shorter.cel)} || duration(${longer.cel}) >= duration(${shorter.cel})`,
    message,
    holds: (value) => {
      const [long, short] = [longer.of(value), shorter.of(value)];
      if (long === undefined || short === undefined || !isDuration(long) || !isDuration(short)) return true;
      return parseDuration(long) >= parseDuration(short);
    },
  };
}

const isDuration = (duration: string): boolean => duration !== '' && durationPattern.test(duration);
const wellFormed = (path: string): string => `${path}.matches(r'${durationPattern.source}')`;

export interface DurationBounds {
  readonly atLeast?: string;
  readonly atMost?: string;
}

/** `name` is the field's own name: the message says it, because the path in an error is easily overlooked. */
export function durationField(
  name: string,
  description: string,
  { atLeast, atMost }: DurationBounds = {},
): z.ZodString {
  let schema = text(description, {
    max: 20,
    min: 2,
    pattern: durationPattern,
    mustBe: `${name} must be a duration in hours, minutes and seconds, such as "30s", "5m" or "1h30m"; days are written as hours ("24h")`,
  });
  if (atLeast !== undefined) {
    schema = withRules(schema, {
      rule: `!${wellFormed('self')} || duration(self) >= duration('${atLeast}')`,
      message: `${name} must be at least ${atLeast}`,
      holds: (value) => !isDuration(value) || parseDuration(value) >= parseDuration(atLeast),
    });
  }
  if (atMost !== undefined) {
    schema = withRules(schema, {
      rule: `!${wellFormed('self')} || duration(self) <= duration('${atMost}')`,
      message: `${name} must be at most ${atMost}`,
      holds: (value) => !isDuration(value) || parseDuration(value) <= parseDuration(atMost),
    });
  }
  return schema;
}
