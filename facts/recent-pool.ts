// One object for equal ones, remembered while it is in use of late.

/** The pooled value of the key, made by `make` where there is none. */
export type Pool<T> = (key: string, make: (key: string) => T) => T;

/**
 * Two generations: what is asked for moves into the young one, and when that is full the old one is dropped whole. So the pool holds
 * at most twice its limit however many keys come and go over months, at the cost of one lookup or two. What was dropped while in use
 * is merely made a second time. Meant for texts and other small values, which nothing can refer to weakly.
 */
export const createRecentPool = <T>(limit: number): Pool<T> => {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (key, make) => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const value = old.get(key) ?? make(key);
    if (young.size >= limit) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
    return value;
  };
};
