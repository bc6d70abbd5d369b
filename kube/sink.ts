/**
 * What a reflector fills. A replacement is mark and sweep rather than a second copy: 150,000 pods are never held twice, and a reader
 * never sees an empty store while the list is read again.
 */
export interface Sink<T> {
  /** From now on what is upserted is marked. Calling it again, after a list that broke off, starts the marking anew. */
  beginReplace(): void;
  upsert(item: T): void;
  /** The namespace is '' for what has none. What is not there is no error. `last`: what the server said of it last, where it did. */
  remove(namespace: string, name: string, last?: unknown): void;
  /** Removes what was not upserted since beginReplace. */
  endReplace(): void;
  /** For the audit and for state(); both may be left out. */
  has?(namespace: string, name: string): boolean;
  readonly size?: number;
}
