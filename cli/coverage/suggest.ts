// Names like one that was not found.

const suggestions = 3;

/** "; did you mean a, b?", or nothing. */
export const nearestTo = (name: string, names: readonly string[]): string => {
  const wanted = name.toLowerCase();
  const near = names
    .map((each) => ({ each, distance: distanceOf(wanted, each.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, wanted.length / 4))
    .toSorted((a, b) => a.distance - b.distance || (a.each < b.each ? -1 : 1))
    .slice(0, suggestions);
  return near.length === 0 ? '' : `; did you mean ${near.map(({ each }) => each).join(', ')}?`;
};

/** How many letters must be put in, taken out or changed; 0 for a part of the name. */
const distanceOf = (wanted: string, name: string): number => {
  if (wanted.length > 2 && name.includes(wanted)) return 0;
  // Far apart in length is far apart: it spares the long sum for most of five thousand names.
  if (Math.abs(wanted.length - name.length) > Math.max(2, wanted.length / 4)) return Infinity;
  let row = Array.from({ length: name.length + 1 }, (_, index) => index);
  for (let i = 1; i <= wanted.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= name.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (wanted[i - 1] === name[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[name.length] ?? Infinity;
};
