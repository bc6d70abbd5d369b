// Findings as an API server keeps them, which refuses what is written upon an older version; and a watch that tells of them when it is let.
import { KubeError } from '../../../kube/errors.ts';
import type { Applied, Writer, Written } from '../../../kube/apply.ts';
import type { Store } from '../../../kube/store.ts';
import type { RawObject } from '../../watches.ts';

interface StandingFinding extends RawObject {
  readonly metadata: RawObject['metadata'] & { readonly resourceVersion: string };
  readonly spec?: unknown;
  readonly status?: { readonly count?: number; readonly [field: string]: unknown };
}

export interface StandingFindings {
  readonly writer: Pick<Writer, 'apply' | 'applyStatus' | 'delete' | 'get'>;
  /** What was asked of it, and how that was answered. */
  readonly requests: string[];
  readonly get: (key: string) => StandingFinding | undefined;
  readonly all: () => Iterable<StandingFinding>;
  /** Somebody else writes. */
  readonly edit: (key: string, change: object) => void;
  /** The watch brings all that has happened. */
  readonly tell: () => void;
  /** The next answer is lost, though what was asked is done. */
  readonly loseAnswer: () => void;
  /** From now on the watch is quicker than any answer. */
  readonly tellFirst: () => void;
}

export const createStandingFindings = (first: RawObject, watched: Store<RawObject>): StandingFindings => {
  const objects = new Map<string, StandingFinding>();
  const untold: StandingFinding[] = [];
  const requests: string[] = [];
  let version = 100;
  let isLost = false;
  let isToldFirst = false;

  const put = (key: string, object: Pick<StandingFinding, 'metadata'>): StandingFinding => {
    version += 1;
    const before = objects.get(key);
    const uid = before?.metadata.uid ?? `uid-${version}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } };
    objects.set(key, stored);
    untold.push(stored);
    return stored;
  };
  const answer = <T>(request: string, key: string, given: Applied['metadata'], act: () => T): T => {
    const stands = objects.get(key)?.metadata.resourceVersion;
    const isStale = given.resourceVersion !== undefined && given.resourceVersion !== stands;
    requests.push(`${request} ${isStale ? 'refused' : 'done'}`);
    const fail = (code: number, reason: string): never => {
      throw new KubeError({ code, reason, message: `of ${key}`, request });
    };
    if (isStale) return fail(409, 'Conflict');
    const result = act();
    if (isToldFirst) tell();
    if (!isLost) return result;
    isLost = false;
    return fail(0, 'ECONNRESET');
  };
  const tell = (): void => {
    for (const object of untold.splice(0)) watched.upsert(object);
  };
  const keyOf = ({
    namespace = '',
    name,
  }: {
    readonly namespace?: string | undefined;
    readonly name: string;
  }): string => `${namespace}/${name}`;

  const firstKey = keyOf(first.metadata);
  objects.set(firstKey, { ...first, metadata: { ...first.metadata, resourceVersion: '100' } });
  watched.upsert(objects.get(firstKey) ?? first);

  return {
    requests,
    get: (key) => objects.get(key),
    all: () => objects.values(),
    edit: (key, change) => {
      const object = objects.get(key);
      if (object !== undefined) put(key, { ...object, ...change });
    },
    tell,
    tellFirst: () => {
      isToldFirst = true;
    },
    loseAnswer: () => {
      isLost = true;
    },
    writer: {
      apply: async (_, object): Promise<Written> => {
        const key = keyOf(object.metadata);
        return answer(
          'apply',
          key,
          object.metadata,
          () =>
            objects.get(key) ??
            put(key, { metadata: { uid: '', resourceVersion: '', ...object.metadata } as StandingFinding['metadata'] }),
        );
      },
      applyStatus: async (_, { metadata, status }): Promise<Written> => {
        const key = keyOf(metadata);
        return answer('status', key, metadata, () => {
          const before = objects.get(key);
          if (before === undefined) throw new Error(`there is no ${key}`);
          return put(key, { ...before, status: JSON.parse(JSON.stringify(status)) as object } as StandingFinding);
        });
      },
      get: async <T>(_: unknown, at: { readonly namespace?: string | undefined; readonly name: string }) =>
        answer('get', keyOf(at), at, () => objects.get(keyOf(at))) as T,
      delete: async (_, at, preconditions) => {
        answer('delete', keyOf(at), { ...at, ...preconditions } as Applied['metadata'], () =>
          objects.delete(keyOf(at)),
        );
      },
    },
  };
};
