// A set of 64-bit hashes in eight bytes each and some room: millions of ids would be hundreds of megabytes as texts. It grows part by
// part, so that no event waits while all of it is copied.

export interface HashSet {
  readonly size: number;
  readonly has: (high: number, low: number) => boolean;
  readonly add: (high: number, low: number) => void;
}

/** Each is a table of its own; copying the 64th part of a million hashes takes a millisecond. */
const partBits = 6;
const firstSlots = 16;
/** Past it a table is copied into one of twice its size: fuller ones are slow to search. */
const fullest = 0.75;

/** `seed`: whoever chooses ids must not know where they come to lie, or could make all of them lie in one place. */
export const createHashSet = (seed: number): HashSet => {
  /** Pairs of high and low; two zeros are a free slot. */
  const parts: (Uint32Array | undefined)[] = [];
  const sizes = new Uint32Array(1 << partBits);
  let size = 0;

  const placeOf = (high: number, low: number): number => {
    const mixed = Math.imul(high ^ seed, 0x9e3779b1) ^ Math.imul(low ^ (seed >>> 7), 0x85ebca77);
    return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) >>> 0;
  };

  /** The slot of the hash, or the free one where it would lie. */
  const slotOf = (table: Uint32Array, place: number, high: number, low: number): number => {
    const slots = table.length >>> 1;
    let slot = place & (slots - 1);
    for (;;) {
      const [isHigh, isLow] = [table[slot * 2], table[slot * 2 + 1]];
      if ((isHigh === high && isLow === low) || (isHigh === 0 && isLow === 0)) return slot;
      slot = (slot + 1) & (slots - 1);
    }
  };

  const put = (table: Uint32Array, high: number, low: number): boolean => {
    const slot = slotOf(table, placeOf(high, low), high, low);
    if (table[slot * 2] !== 0 || table[slot * 2 + 1] !== 0) return false;
    table[slot * 2] = high;
    table[slot * 2 + 1] = low;
    return true;
  };

  const grown = (table: Uint32Array): Uint32Array => {
    const larger = new Uint32Array(table.length * 2);
    for (let index = 0; index < table.length; index += 2) {
      const [high = 0, low = 0] = [table[index], table[index + 1]];
      if (high !== 0 || low !== 0) put(larger, high, low);
    }
    return larger;
  };

  return {
    get size() {
      return size;
    },
    has: (high, low) => {
      const place = placeOf(high, low);
      const table = parts[place >>> (32 - partBits)];
      if (table === undefined) return false;
      const slot = slotOf(table, place, high, low);
      return table[slot * 2] !== 0 || table[slot * 2 + 1] !== 0;
    },
    add: (high, low) => {
      const part = placeOf(high, low) >>> (32 - partBits);
      const table = parts[part] ?? new Uint32Array(firstSlots * 2);
      if (!put(table, high, low)) return;
      size++;
      const inPart = (sizes[part] ?? 0) + 1;
      sizes[part] = inPart;
      parts[part] = inPart > (table.length >>> 1) * fullest ? grown(table) : table;
    },
  };
};
