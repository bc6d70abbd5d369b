// An agent may name as many policies and rules as it likes; what is kept of one reading has a bound.

/** With a hundred characters of its own for each item this stays below the 128 KiB that a reading may take. */
const maximumItems = 500;
const maximumCharacters = 48 * 1024;
/** Above a Kubernetes name with its namespace (317), and above every rule's name that was ever seen. */
const maximumName = 512;

export interface Bounded<T> {
  readonly items: readonly T[];
  /** Whether some were left out. */
  readonly cut: boolean;
}

/** The first of each name, in order of their names. `sizeOf`: what of an item counts, in characters; its name where nothing is said. */
export const boundedByName = <T extends { readonly name: string }>(
  items: readonly T[],
  sizeOf: (item: T) => number = ({ name }) => name.length,
): Bounded<T> => {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(item.name)) byName.set(item.name, item);
  const kept: T[] = [];
  let characters = 0;
  for (const item of [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (item.name.length > maximumName) continue;
    const size = sizeOf(item);
    if (kept.length === maximumItems || characters + size > maximumCharacters) break;
    kept.push(item);
    characters += size;
  }
  return { items: kept, cut: kept.length < byName.size };
};

/** `a, b, c and 4 others`, for a sentence. */
export const someOf = (names: readonly string[]): string => {
  const shown = names.slice(0, 5).map((name) => (name.length > 100 ? `${name.slice(0, 100)}…` : name));
  const others = names.length - shown.length;
  return `${shown.join(', ')}${others === 0 ? '' : ` and ${others === 1 ? '1 other' : `${others} others`}`}`;
};

/** A version as an agent tells it; what is longer is none. */
export const boundedVersion = (version: string | undefined): string | undefined =>
  version === undefined || version === '' || version.length > 128 ? undefined : version;
