// The one way in which a status of ours is written: server-side apply, with conditions whose times are exact, and never when it
// says what is there already.
import type { Condition } from '../crds/schema/conditions.ts';
import type { Writer } from '../kube/apply.ts';
import { isWrittenAfter } from '../kube/resource-version.ts';
import type { Resource } from '../kube/resource.ts';
import type { RawObject } from './watches.ts';

export const fieldManager = 'workload-protection-operator';

/** What is to be said of one aspect; when it changed is found out here. */
export interface Aspect {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** The status apart from conditions and observedGeneration, as the kind's schema has it. */
export type StatusContent = Readonly<Record<string, unknown>>;

export interface StatusWriter {
  /**
   * Writes unless the stored object says the same. `clock` names fields that are written only along with others, or when
   * `clockIsDue`. Answers whether it wrote.
   */
  readonly write: (request: StatusRequest) => Promise<boolean>;
}

export interface VersionedStatusWriter extends StatusWriter {
  /** The version that our last write of the object's status made; undefined where there was none. */
  readonly lastWritten: (resource: Resource, object: RawObject) => string | undefined;
}

export interface StatusRequest {
  readonly resource: Resource;
  readonly object: RawObject;
  readonly content: StatusContent;
  readonly aspects: readonly Aspect[];
  readonly now: number;
  readonly clockFields?: StatusContent;
  readonly clockIsDue?: boolean;
  /** Upon which the status is written: the write fails with `conflict` where the object has changed since. */
  readonly resourceVersion?: string | undefined;
}

/** A condition's message in bytes of plain text; the schema allows more, eyes do not. */
const longestMessage = 2048;

interface StoredStatus {
  readonly conditions?: readonly Condition[];
}

export const createStatusWriter = (writer: Writer, onWrite: (kind: string) => void): VersionedStatusWriter => {
  /** What we last wrote, by object, since our own store learns of it a moment later. */
  const written = new Map<string, WrittenStatus>();
  return {
    lastWritten: (resource, object) =>
      written.get(`${prefixOf(resource, object)}${object.metadata.uid}`)?.resourceVersion,
    write: async ({
      resource,
      object,
      content,
      aspects,
      now,
      clockFields = {},
      clockIsDue = false,
      resourceVersion,
    }) => {
      const { name, namespace, uid, generation = 1 } = object.metadata;
      const prefix = prefixOf(resource, object);
      const key = `${prefix}${uid}`;
      const last = written.get(key);
      const stored = (object as { status?: StoredStatus }).status;
      const conditions = aspects.map((aspect) =>
        conditionOf(aspect, last?.conditions ?? stored?.conditions ?? [], generation, now),
      );
      const status = { ...content, observedGeneration: generation, conditions };
      const text = canonical(status);
      const isNew = last !== undefined && last.text !== text;
      const mayDiffer = last === undefined || isNewer(object, last);
      const isSaid = !isNew && (!mayDiffer || contains(stored, plain(status)));
      if (isSaid && !clockIsDue) return false;
      const { metadata } = await writer.applyStatus(
        resource,
        {
          metadata: {
            name,
            ...(namespace === undefined ? {} : { namespace }),
            uid,
            ...(resourceVersion === undefined ? {} : { resourceVersion }),
          },
          status: { ...status, ...clockFields },
        },
        { fieldManager },
      );
      for (const other of written.keys()) if (other.startsWith(prefix) && other !== key) written.delete(other);
      written.set(key, { text, conditions, resourceVersion: metadata.resourceVersion });
      onWrite(resource.kind);
      return true;
    },
  };
};

const prefixOf = ({ kind }: Resource, { metadata: { name, namespace } }: RawObject): string =>
  [kind, ...(namespace === undefined ? [] : [namespace]), name, ''].join('/');

interface WrittenStatus {
  readonly text: string;
  readonly conditions: readonly Condition[];
  readonly resourceVersion: string;
}

/** Somebody else wrote after us: whether what we said still stands there has to be looked at. */
const isNewer = (
  { metadata: { resourceVersion = '' } }: RawObject,
  { resourceVersion: ours }: WrittenStatus,
): boolean => isWrittenAfter(resourceVersion, ours);

const conditionOf = (aspect: Aspect, before: readonly Condition[], generation: number, now: number): Condition => {
  const previous = before.find(({ type }) => type === aspect.type);
  return {
    ...aspect,
    message: cut(aspect.message, longestMessage),
    observedGeneration: generation,
    lastTransitionTime: previous?.status === aspect.status ? previous.lastTransitionTime : rfc3339(now),
  };
};

/** Without fractions of a second, as Kubernetes writes metav1.Time. */
export const rfc3339 = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');

/** At most `length` characters, the last of them an ellipsis where something is left out. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** Keys sorted, so that equal content is equal text; the API server answers in an order of its own. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** Without what JSON leaves out. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/**
 * Whether the stored value says all that is wanted. The server adds defaults to what was applied, so that fields which it has
 * and we do not name are no difference, unless they hold something of ours from before: lists must be equal in length.
 */
const contains = (stored: unknown, wanted: unknown): boolean => {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(stored) &&
      stored.length === wanted.length &&
      wanted.every((item, index) => contains(stored[index], item))
    );
  }
  if (typeof wanted === 'object' && wanted !== null) {
    if (typeof stored !== 'object' || stored === null) return false;
    return Object.entries(wanted).every(([key, item]) => contains((stored as Record<string, unknown>)[key], item));
  }
  return stored === wanted;
};
