/** Puts an entry at the end of a map that holds `most` at the most: whoever is put last is forgotten last. Answers the value. */
export const placeLast = <Value>(map: Map<string, Value>, key: string, value: Value, most: number): Value => {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
  return value;
};
