// Our own kinds by their schema: an object that the API server should have refused is an answer, not an exception.
import { isObject, object, text } from './read.ts';

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  /** `error` lists every path that is wrong, and how. */
  | { readonly ok: false; readonly name: string; readonly error: string };

/** What we need of a zod schema. */
export interface Schema<T> {
  safeParse(
    raw: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly Issue[] } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The status is not looked at: one that an older or newer operator wrote must not make the spec unreadable. */
export const parseSpec = <T>(schema: Schema<T>, raw: unknown): Result<T> => {
  const { apiVersion, kind, metadata, spec } = object(raw);
  const parsed = schema.safeParse(isObject(raw) ? { apiVersion, kind, metadata, spec } : raw);
  if (parsed.success) return { ok: true, value: parsed.data };
  const error = parsed.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${pathText(path)}: ${message}`))
    .join('; ');
  return { ok: false, name: text(object(metadata).name), error };
};

/** `spec.exemptions[0].expiresAt`, as the API server writes paths. */
const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (written, step) =>
      typeof step === 'number' ? `${written}[${step}]` : written === '' ? String(step) : `${written}.${String(step)}`,
    '',
  );
