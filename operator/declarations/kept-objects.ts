// Objects of one kind as the API server gives them, for adapters to read: whole, but without what nobody reads, and no more of them
// than there is room for.
import { hash } from 'node:crypto';
import { list, object, text, type Raw } from '../../facts/read.ts';
import type { Sink } from '../../kube/sink.ts';

export interface KeptObject {
  readonly namespace: string;
  readonly name: string;
  readonly raw: Raw;
  /** Of its text. */
  readonly bytes: number;
  /** Tells whether it says something else than before. */
  readonly look: string;
}

/** Bytes that all kinds together hold. */
export interface Room {
  bytes: number;
}

export interface KeptObjects extends Sink<KeptObject> {
  readonly list: () => readonly Raw[];
  /** Grows with every change of what is kept. */
  readonly version: () => number;
  /** Objects for which there was no room. */
  readonly leftOut: () => number;
  /** Gives its room back. */
  readonly clear: () => void;
}

/** A thousand rules files of the usual size, or ten thousand small policies. Parsed, text takes two to three times as much. */
const roomBytes = 24 * 1024 * 1024;
/** etcd takes no object above 1.5 MB. */
const mostOfAKind = 10_000;

export const createKeptObjects = (room: Room): KeptObjects => {
  const kept = new Map<string, KeptObject>();
  const leftOut = new Set<string>();
  let named: Set<string> | undefined;
  let version = 0;

  const drop = (key: string): void => {
    leftOut.delete(key);
    const known = kept.get(key);
    if (known === undefined) return;
    kept.delete(key);
    room.bytes -= known.bytes;
    version++;
  };

  return {
    beginReplace: () => {
      named = new Set();
    },
    upsert: (item) => {
      const key = `${item.namespace}/${item.name}`;
      named?.add(key);
      const known = kept.get(key);
      if (known?.look === item.look) return;
      drop(key);
      if (kept.size >= mostOfAKind || room.bytes + item.bytes > roomBytes) {
        leftOut.add(key);
        return;
      }
      kept.set(key, item);
      room.bytes += item.bytes;
      version++;
    },
    remove: (namespace, name) => drop(`${namespace}/${name}`),
    endReplace: () => {
      const seen = named;
      named = undefined;
      if (seen === undefined) return;
      for (const key of [...kept.keys(), ...leftOut]) if (!seen.has(key)) drop(key);
    },
    get size() {
      return kept.size;
    },
    // In the order of their names, so that what is made of them does not depend on when they came.
    list: () => [...kept.entries()].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, { raw }]) => raw),
    version: () => version,
    leftOut: () => leftOut.size,
    clear: () => {
      for (const key of kept.keys()) drop(key);
    },
  };
};

/** An object as it is kept; `omit` names fields of it that nobody reads and that change often. */
export const keep = (raw: unknown, omit: readonly string[] = []): KeptObject | undefined => {
  const whole = object(raw);
  const metadata = object(whole.metadata);
  const name = text(metadata.name);
  if (name === '' || isLock(metadata)) return undefined;
  const { managedFields: _managed, resourceVersion: _version, ...told } = metadata;
  const slim = {
    ...Object.fromEntries(Object.entries(whole).filter(([field]) => !omit.includes(field))),
    metadata: { ...told, annotations: withoutCopies(object(metadata.annotations)) },
  };
  const written = JSON.stringify(slim);
  return {
    namespace: text(metadata.namespace),
    name,
    raw: slim,
    bytes: written.length,
    look: hash('sha256', written, 'base64'),
  };
};

/** Some leaders are elected by an annotation, which then changes every other second. */
const isLock = (metadata: Raw): boolean => lockAnnotation in object(metadata.annotations);
const lockAnnotation = 'control-plane.alpha.kubernetes.io/leader';

/** kubectl apply keeps a copy of the whole object in itself. */
const withoutCopies = (annotations: Raw): Raw =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== copyAnnotation));
const copyAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Of what API discovery answers for a group and version: whether it has the kind. */
export const lists = (discovered: unknown, plural: string): boolean =>
  list(object(discovered).resources).some((item) => text(object(item).name) === plural);
