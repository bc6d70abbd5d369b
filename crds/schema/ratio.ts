/** Shares in our API are percentages with their sign, such as `1%` or `0.05%`: a bare 0.05 is read by half of its readers as 5 %. */
import type { z } from 'zod';
import { text } from './fields.ts';

const percentPattern = /^(100|[0-9]{1,2}(\.[0-9]{1,4})?)%$/;

/** `"5%"` → 0.05. Throws on anything that the API server would not have accepted. */
export function parseRatio(percent: string): number {
  if (!percentPattern.test(percent)) throw new RangeError(`"${percent}" is not a percentage such as 1% or 0.05%`);
  return Number.parseFloat(percent) / 100;
}

export function ratioField(name: string, description: string): z.ZodString {
  return text(description, {
    max: 8,
    pattern: percentPattern,
    mustBe: `${name} must be a percentage from 0% to 100%, with its sign, such as "1%" or "0.05%"`,
  });
}
