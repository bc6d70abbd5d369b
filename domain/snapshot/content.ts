// What a digest is taken of: all that a report says, and nothing that may differ between two copies of it.
import { canonicalJson } from './canonical-json.ts';

/** A report as the API server keeps it. */
export interface ReportObject {
  readonly metadata?: unknown;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A slice as the API server keeps it. */
export interface SliceObject {
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/**
 * The text that is digested, in pieces, since together they are megabytes: the canonical JSON of `{"slices":[…],"spec":…,"status":…}`. The
 * status stands there without its conditions, which change, without the digest itself, and without the mark of an import.
 */
export function* digestedText({ spec, status }: ReportObject, slices: readonly SliceObject[]): Generator<string> {
  yield '{"slices":[';
  const inOrder = slices.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const [index, slice] of inOrder.entries())
    yield `${index === 0 ? '' : ','}${canonicalJson(sliceContent(slice))}`;
  yield `],"spec":${canonicalJson(spec ?? {})},"status":${canonicalJson(statusContent(status))}}`;
}

const sliceContent = ({ metadata: { name }, ...slice }: SliceObject): object => {
  const { apiVersion: _, kind: __, ...said } = slice;
  return { ...said, name };
};

const statusContent = (status: unknown): object => {
  const { conditions: _, snapshot, ...said } = { ...(status as Readonly<Record<string, unknown>> | undefined) };
  if (snapshot === undefined) return said;
  const { digest: __, imported: ___, ...taken } = snapshot as Readonly<Record<string, unknown>>;
  return { ...said, snapshot: taken };
};
