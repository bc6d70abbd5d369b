// Names of rules as findings keep them: masked and cut like everything that an agent says. What an agent has loaded, or counts, is
// compared with them as it would be kept, or a rule whose name looks like a secret would never be found again after a restart.
import { maskSecrets } from './mask.ts';

/** What the API takes. */
const longest = 253;

export const storedRule = (name: string): string => {
  const shown = maskSecrets(name);
  return shown.length <= longest ? shown : `${shown.slice(0, longest - 1)}…`;
};

/** Most names are kept as they are, and thousands are compared: only where it may matter is it looked at what would be kept. */
export const isStoredRule = (stored: string, name: string): boolean =>
  stored === name || (mayBeAltered(stored, name) && stored === storedRule(name));

const mayBeAltered = (stored: string, name: string): boolean =>
  stored.includes(masked) || stored.length === longest || unprintable.test(name);

/** What is left of a secret. */
const masked = '***';
const unprintable = /\p{C}|\u2028|\u2029/u;
