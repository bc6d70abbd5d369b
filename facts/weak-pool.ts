// One object for equal ones, remembered exactly as long as somebody uses it.

export interface WeakPool<T extends object> {
  /** The object of the key, made by `make` where none is in use. */
  get(key: string, make: () => T): T;
  /** Keys held, those of objects that were dropped just now included. */
  readonly size: number;
}

/**
 * Weak references, since these objects are large: a pool with a limit would keep the templates of thousands of finished Jobs, or
 * give up those of a big cluster while in use. An entry goes when the garbage collector has taken its object.
 */
export const createWeakPool = <T extends object>(): WeakPool<T> => {
  const known = new Map<string, WeakRef<T>>();
  const collected = new FinalizationRegistry<string>((key) => {
    // The key may stand for a new object by now.
    if (known.get(key)?.deref() === undefined) known.delete(key);
  });
  return {
    get(key, make) {
      const existing = known.get(key)?.deref();
      if (existing !== undefined) return existing;
      const made = make();
      known.set(key, new WeakRef(made));
      collected.register(made, key);
      return made;
    },
    get size() {
      return known.size;
    },
  };
};
