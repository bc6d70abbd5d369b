// Reads JSON of which nothing is promised: what is missing or of another type reads as empty, and nothing ever throws. An object
// that one field makes odd is then still counted, and one odd object never ends a watch.
import type { Labels } from '../domain/types.ts';

export type Raw = Readonly<Record<string, unknown>>;

const nothing: Raw = Object.freeze({});
const noItems: readonly unknown[] = Object.freeze([]);
const noTexts: Readonly<Record<string, string>> = Object.freeze({});

export const object = (value: unknown): Raw => (isObject(value) ? value : nothing);

export const isObject = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : noItems);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Undefined for an empty text too: Go writes "" for what is not set. */
export const textOrNone = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const texts = (value: unknown): readonly string[] =>
  list(value).filter((item): item is string => typeof item === 'string');

/** The very object where all its values are texts, as they always are in labels: no copy is made then. */
export const textMap = (value: unknown): Labels => {
  if (!isObject(value)) return noTexts;
  if (isTextMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
};

/** Epoch milliseconds; 0 where there is no time. */
export const time = (value: unknown): number => {
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? 0 : parsed;
};

/** Of `status.conditions`, the one of this type. */
export const condition = (status: Raw, type: string): Raw | undefined => {
  for (const item of list(status.conditions)) {
    const candidate = object(item);
    if (candidate.type === type) return candidate;
  }
  return undefined;
};

/** Each once, in order, so that equal facts are written alike. */
export const distinct = (items: Iterable<string>): readonly string[] => [...new Set(items)].sort();

const isTextMap = (value: Raw): value is Labels => {
  for (const key in value) if (typeof value[key] !== 'string') return false;
  return true;
};
