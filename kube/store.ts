import type { Sink } from './sink.ts';

export interface Key {
  readonly namespace: string;
  readonly name: string;
}

export type Change<T> =
  | { readonly type: 'added'; readonly item: T }
  | { readonly type: 'modified'; readonly item: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly item: T };

export interface StoreOptions<T> {
  readonly keyOf: (item: T) => Key;
  /** An upsert of an equal item is no change: a relist of an unchanged kind is then silent. Default: never equal. */
  readonly equal?: (previous: T, item: T) => boolean;
}

/** The objects of one kind, by namespace and name. */
export class Store<T extends object> implements Sink<T> {
  readonly #keyOf: (item: T) => Key;
  readonly #equal: (previous: T, item: T) => boolean;
  readonly #namespaces = new Map<string, Map<string, T>>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #size = 0;
  /** Undefined outside of a replacement. */
  #marked: Set<T> | undefined;

  constructor({ keyOf, equal }: StoreOptions<T>) {
    this.#keyOf = keyOf;
    this.#equal = equal ?? (() => false);
  }

  get size(): number {
    return this.#size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  has(namespace: string, name: string): boolean {
    return this.#namespaces.get(namespace)?.has(name) ?? false;
  }

  /** All, or those of one namespace, without a copy. Not to be kept over an await. */
  *list(namespace?: string): Generator<T> {
    if (namespace !== undefined) {
      yield* this.#namespaces.get(namespace)?.values() ?? [];
      return;
    }
    for (const items of this.#namespaces.values()) yield* items.values();
  }

  /** Listeners are called at once, in the order of subscription, and must not throw. Returns how to end it. */
  subscribe(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  beginReplace(): void {
    this.#marked = new Set();
  }

  upsert(item: T): void {
    const { namespace, name } = this.#keyOf(item);
    let items = this.#namespaces.get(namespace);
    if (!items) {
      items = new Map();
      this.#namespaces.set(namespace, items);
    }
    const previous = items.get(name);
    if (previous && this.#equal(previous, item)) {
      this.#marked?.add(previous);
      return;
    }
    items.set(name, item);
    this.#marked?.add(item);
    if (previous) {
      this.#tell({ type: 'modified', item, previous });
    } else {
      this.#size += 1;
      this.#tell({ type: 'added', item });
    }
  }

  remove(namespace: string, name: string): void {
    const items = this.#namespaces.get(namespace);
    const item = items?.get(name);
    if (!items || !item) return;
    items.delete(name);
    if (items.size === 0) this.#namespaces.delete(namespace);
    this.#size -= 1;
    this.#tell({ type: 'deleted', item });
  }

  endReplace(): void {
    const marked = this.#marked;
    this.#marked = undefined;
    if (!marked) return;
    for (const [namespace, items] of this.#namespaces) {
      for (const [name, item] of items) {
        if (!marked.has(item)) this.remove(namespace, name);
      }
    }
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }
}
