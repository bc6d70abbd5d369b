const digits = /^\d+$/;

/**
 * Below zero where `a` is older than `b`. ResourceVersions of one kind are comparable integers (guaranteed from Kubernetes 1.35, true of
 * every server before); of any length, so never a Number. Undefined where they are not numbers.
 */
export function compareResourceVersions(a: string, b: string): number | undefined {
  if (!digits.test(a) || !digits.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a === b ? 0 : 1;
}

/** Whether what a watch has brought (`seen`) was written after our own last write (`ours`), and so by somebody else. */
export function isWrittenAfter(seen: string, ours: string): boolean {
  return (compareResourceVersions(seen, ours) ?? 0) > 0;
}
