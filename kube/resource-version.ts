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
