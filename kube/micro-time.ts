/** Kubernetes' MicroTime: six digits, or Go refuses it. */
export function microTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}000Z`;
}
