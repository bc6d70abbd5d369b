// RFC 8785: the one way to write a value as JSON, so that equal content has equal bytes whoever writes it. Keys stand in the order of
// their UTF-16 code units, numbers and texts as ECMAScript writes them, and nothing stands between tokens.

/** Throws a TypeError on what I-JSON cannot say: numbers that are not finite, and halves of surrogate pairs. */
export const canonicalJson = (value: unknown): string => {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return written(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is no number that JSON knows`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.entries(value)
      // What JSON leaves out.
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${written(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} is nothing that JSON knows`);
};

const written = (text: string): string => {
  if (!text.isWellFormed())
    throw new TypeError('a text holds half of a surrogate pair, which JSON cannot say in UTF-8');
  return JSON.stringify(text);
};
