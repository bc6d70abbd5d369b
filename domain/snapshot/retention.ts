// Which scheduled snapshots are one too many.

export interface KeptSnapshot {
  readonly name: string;
  /** When the schedule asked for it. */
  readonly scheduledAt: number;
  /** Another report compares with it. */
  readonly isBaseline: boolean;
}

/** The oldest beyond `keep`. What somebody compares with stays, and counts: the bound is on the number of snapshots. */
export const expired = (snapshots: readonly KeptSnapshot[], keep: number): readonly string[] =>
  snapshots
    .toSorted((a, b) => b.scheduledAt - a.scheduledAt || (a.name < b.name ? 1 : -1))
    .slice(keep)
    .filter(({ isBaseline }) => !isBaseline)
    .map(({ name }) => name);
