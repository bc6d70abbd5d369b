// Reads what vendors write, of which nothing is promised: what is missing or of another type reads as empty, and nothing ever throws.

export type Raw = Readonly<Record<string, unknown>>;

const nothing: Raw = Object.freeze({});
const noItems: readonly unknown[] = Object.freeze([]);

export const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const object = (value: unknown): Raw => (isObject(value) ? value : nothing);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : noItems);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Undefined for an empty text too: Go writes "" for what is not set. */
export const textOrNone = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const texts = (value: unknown): readonly string[] =>
  list(value).filter((item): item is string => typeof item === 'string');

/** Without what is no text. */
export const textMap = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(object(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
