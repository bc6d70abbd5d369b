// Falco's priorities, the most urgent first; their place in the list is their number.

const priorities = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'] as const;

/** In any case; undefined for what is none. */
export const priorityOf = (word: string | undefined): number | undefined => {
  const lower = word?.toLowerCase();
  const found = priorities.findIndex((name) => name.toLowerCase() === (lower === 'info' ? 'informational' : lower));
  return found === -1 ? undefined : found;
};

export const priorityName = (priority: number): string => priorities[priority] ?? `${priority}`;

export const lowestPriority = priorities.length - 1;
