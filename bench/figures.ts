// Figures and how they are shown: a table of what was measured, beside the budget where there is one.

export interface Figure {
  readonly what: string;
  readonly measured: string;
  readonly budget: string;
  /** Undefined where there is no budget to hold. */
  readonly holds: boolean | undefined;
}

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

export const table = (figures: readonly Figure[]): string =>
  [
    '| what | measured | budget | |',
    '|---|---|---|---|',
    ...figures.map(
      ({ what, measured, budget, holds }) =>
        `| ${what} | ${measured} | ${budget} | ${holds === undefined ? '' : holds ? 'holds' : 'MISSED'} |`,
    ),
  ].join('\n');
