// Assets on shelves by their hash, so that those of one slice are found without looking through the whole fleet.

export interface Shelved {
  /** Of the name. */
  readonly hash: number;
}

export interface Shelves<T extends Shelved> {
  readonly add: (asset: T) => void;
  readonly remove: (asset: T) => void;
  /** Those that stand at the index where there are `count` places, a power of two. */
  readonly at: (index: number, count: number) => Iterable<T>;
}

/** A power of two, and more than there are slices of one kind in a fleet at the edge of what Kubernetes supports. */
const shelfCount = 256;

export const createShelves = <T extends Shelved>(): Shelves<T> => {
  const shelves = Array.from({ length: shelfCount }, () => new Set<T>());
  const shelfOf = ({ hash }: T): Set<T> | undefined => shelves[placeOf(hash, shelfCount)];
  return {
    add: (asset) => void shelfOf(asset)?.add(asset),
    remove: (asset) => void shelfOf(asset)?.delete(asset),
    at: function* (index, count) {
      const step = Math.min(count, shelfCount);
      for (let at = placeOf(index, step); at < shelfCount; at += step) {
        for (const asset of shelves[at] ?? []) if (placeOf(asset.hash, count) === index) yield asset;
      }
    },
  };
};

/** Of a hash, among a number of places that is a power of two. */
export const placeOf = (hash: number, count: number): number => hash & (count - 1);
