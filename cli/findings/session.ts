// One run of a verb that reads findings: where it looks, and what it found.
import { parseFlags, type FlagTable, type Given } from '../flags/table.ts';
import { paintFor, type Paint } from '../output/paint.ts';
import type { Io } from '../verb.ts';
import { inNamespaces } from './filter.ts';
import { openFindings, type FindingPlace, type FindingSource, type StoredFinding } from './source.ts';

export interface Session {
  readonly given: Given;
  readonly source: FindingSource;
  readonly paint: Paint;
  readonly now: number;
  readonly write: (pieces: Iterable<string>) => void;
  /** Beside the answer: for people, never for programs. */
  readonly note: (text: string) => void;
}

export interface SessionOptions {
  readonly flags: FlagTable;
  readonly positionals: number;
  /** Throws where it is called wrongly, before any cluster is asked. */
  readonly check?: (given: Given) => void;
}

export const runSession = async (
  { flags, positionals, check }: SessionOptions,
  args: readonly string[],
  io: Io,
  answer: (session: Session) => Promise<number>,
): Promise<number> => {
  const given = parseFlags(flags, args, positionals);
  check?.(given);
  const source = await openFindings(given, io);
  try {
    return await answer({
      given,
      source,
      paint: paintFor(io, !given.isSet('no-color')),
      now: io.now(),
      write: (pieces) => {
        for (const piece of pieces) io.stdout.write(piece);
      },
      note: (text) => void io.stderr.write(`note: ${text}\n`),
    });
  } finally {
    await source.close();
  }
};

export interface Reach {
  /** The one namespace that is asked; undefined for all. */
  readonly namespace: string | undefined;
  readonly includes: (finding: StoredFinding) => boolean;
}

/** As with kubectl: the namespace of the context, unless others are named, or all are. */
export const reachOf = ({ given, source }: Pick<Session, 'given' | 'source'>): Reach => {
  const named = given.texts('namespace');
  if (given.isSet('all-namespaces')) return { namespace: undefined, includes: (each) => inNamespaces(named, each) };
  const [only = source.namespace] = named;
  return named.length > 1 || /[*!]/.test(only)
    ? { namespace: undefined, includes: (each) => inNamespaces(named, each) }
    : { namespace: only, includes: () => true };
};

/** `NAME`, `NAMESPACE/NAME`, or either after `finding/`, as other commands print it. */
export const placeOf = (written: string, namespace: string): FindingPlace => {
  const parts = written.replace(/^(?:findings?|fnd)(?:\.workloadprotection\.dev)?\//, '').split('/');
  const [first = '', second] = parts;
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second };
};
