// The order of texts: by code units, so that it is the same everywhere.

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
