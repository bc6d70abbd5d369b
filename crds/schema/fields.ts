/**
 * The few ways in which a field of our API is declared. Each one demands a description and a bound, so that `kubectl explain` has
 * no holes, and so that the API server can prove that every CEL rule is cheap enough to run.
 */
import { z } from 'zod';

/** A CEL rule of the CRD and, where it needs no old object, the same rule for parsing outside the API server. */
export interface Rule<T = unknown> {
  readonly rule: string;
  /** Says which field, what is wrong, and what would be right. Under 2,048 characters, one line. */
  readonly message: string;
  readonly fieldPath?: string;
  /** The rule again for zod. Left out for transition rules, which only the API server can check. */
  readonly holds?: (value: T) => boolean;
}

/** The value and everything inside it, read only: what is parsed is never changed in place. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

export function withRules<T extends z.ZodType>(schema: T, ...rules: readonly Rule<z.output<T>>[]): T {
  const existing = (schema.meta()?.['x-kubernetes-validations'] ?? []) as readonly object[];
  const checked = rules.reduce(
    (result, { holds, message, fieldPath }) =>
      holds === undefined
        ? result
        : result.refine(holds, {
            message,
            ...(fieldPath === undefined ? {} : { path: fieldPath.slice(1).split('.') }),
          }),
    schema,
  );
  const written = rules.map(({ rule, message, fieldPath }) =>
    fieldPath === undefined ? { rule, message } : { rule, message, fieldPath },
  );
  return checked.meta({ 'x-kubernetes-validations': [...existing, ...written] });
}

/** The expression as RE2 and YAML want it: JavaScript alone escapes the slash. */
export function sourceOf(pattern: RegExp): string {
  return pattern.source.replaceAll(String.raw`\/`, '/');
}

export interface TextBounds {
  readonly max: number;
  readonly min?: number;
  readonly pattern?: RegExp;
  /** What a person reads when the pattern does not match; without it the API server shows them the expression. */
  readonly mustBe?: string;
  /** No CEL rule for the pattern: for texts that may occur so often that the API server would find the rule too costly. */
  readonly frequent?: true;
}

export function text(description: string, { max, min, pattern, mustBe, frequent }: TextBounds): z.ZodString {
  // Kubernetes counts characters, JavaScript counts some of them twice: what the API server takes must never fail here.
  let schema = z
    .string()
    .refine(
      (value) => value.length <= max || Array.from(value).length <= max,
      `may not be longer than ${max} characters`,
    )
    .meta({ maxLength: max });
  if (min !== undefined) schema = schema.min(min);
  if (pattern !== undefined) schema = schema.regex(pattern, mustBe ?? `must match ${sourceOf(pattern)}`);
  schema = schema.describe(description);
  if (pattern === undefined || mustBe === undefined || frequent === true) return schema;
  return withRules(schema, { rule: `self.matches(r'${sourceOf(pattern)}')`, message: mustBe });
}

export function oneOf<const T extends readonly [string, ...string[]]>(description: string, values: T) {
  return z.enum(values).describe(description);
}

export function flag(description: string): z.ZodBoolean {
  return z.boolean().describe(description);
}

/** A whole number from zero: 32 bits unless it may pass two thousand million. */
export function count(description: string): z.ZodInt32 {
  return z.int32().min(0).describe(description);
}

export function largeCount(description: string): z.ZodInt {
  return z.int().min(0).meta({ format: 'int64', description });
}

export function between(description: string, min: number, max: number): z.ZodInt32 {
  return z.int32().min(min).max(max).describe(description);
}

const instantPattern =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/i;

/** JavaScript takes the 30th of February for the 2nd of March. */
const isDay = (date: string): boolean => new Date(date).toISOString().startsWith(date);

const isInstant = (value: string): boolean =>
  instantPattern.test(value) && !Number.isNaN(Date.parse(value)) && isDay(value.slice(0, 10));

/** A moment as any of our fields takes it. */
export const instantText = z.string().max(40).refine(isInstant, 'must be a time such as 2027-03-01T00:00:00Z');

/** A moment in RFC 3339, in every spelling that the API server takes. 40 characters hold nanoseconds and any offset. */
export function instant(description: string): z.ZodString {
  return instantText.meta({ format: 'date-time', description });
}

export function day(description: string) {
  return z.iso.date({ error: 'must be a day such as 2027-03-01' }).max(10).describe(description);
}

/** A list that is replaced as a whole. Its fields have one owner, so that managedFields stay small however long it grows. */
export function atomicList<T extends z.ZodType>(description: string, item: T, max: number, min = 0) {
  const list = z.array(item).max(max);
  return (min > 0 ? list.min(min) : list).meta({ 'x-kubernetes-list-type': 'atomic', description });
}

/** A short list merged by key in server-side apply: only for conditions and for what several people write. */
export function keyedList<T extends z.ZodType>(description: string, item: T, keys: readonly string[], max: number) {
  return z.array(item).max(max).meta({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
    description,
  });
}

export function mapOf<T extends z.ZodType>(description: string, value: T, max: number) {
  return z
    .record(z.string(), value)
    .refine((entries) => Object.keys(entries).length <= max, `must have at most ${max} entries`)
    .meta({ maxProperties: max, description });
}

export function group<T extends z.core.$ZodLooseShape>(description: string, shape: T) {
  return z.object(shape).describe(description);
}
