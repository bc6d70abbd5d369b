// What the API takes of a Finding's status. One value too long or too many, and the finding could never be written, nor the journal given
// back.
import { cut, rfc3339 } from '../status.ts';

export const most = {
  pods: 20,
  nodes: 20,
  services: 20,
  policies: 32,
  agents: 16,
  rules: 32,
  tactics: 16,
  techniques: 32,
  evidence: 10,
  tags: 16,
  history: 100,
  journals: 16,
  count: Number.MAX_SAFE_INTEGER,
  smallCount: 2 ** 31 - 1,
} as const;
export const longest = { name: 253, label: 63, reference: 400, path: 1024 } as const;

export const timeOf = (time: number | undefined): string | undefined => (time === undefined ? undefined : dateOf(time));

export const dateOf = (time: number): string => rfc3339(withinYears(time));

/** No clock is so wrong; but what can be no date would be an error each time that it is to be written. */
export const withinYears = (time: number): number => (time > 0 ? Math.min(time, lastTime) : 0);
const lastTime = Date.UTC(9999, 0);

export const counted = (count: number, largest: number): number =>
  count > 0 ? Math.min(Math.floor(count), largest) : 0;

export const shortened = (text: string | undefined, length: number): string | undefined =>
  text === undefined ? undefined : cut(text, length);

export const few = (texts: readonly string[], count: number, length: number): readonly string[] =>
  texts.slice(0, count).map((text) => cut(text, length));

/** Without what is not there: the API server would prune it, and it would look like a change. */
export const optional = <T extends Readonly<Record<string, unknown>>>(
  values: T,
): { readonly [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== '')) as {
    readonly [K in keyof T]?: NonNullable<T[K]>;
  };

export const lists = <T extends Readonly<Record<string, readonly string[]>>>(
  values: T,
): { readonly [K in keyof T]?: T[K] } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value.length > 0)) as {
    readonly [K in keyof T]?: T[K];
  };
