// Words of others in a place of ours: names, causes and remedies come from manifests and clusters, and a terminal obeys what it is sent.

/** One line without control characters, bidirectional overrides, or halves of characters. */
export const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim();

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
