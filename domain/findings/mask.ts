// Secrets in command lines and messages, masked before anything is stored. What is masked is gone: better one argument too many than
// one password in etcd.
import { maskAll, suspect } from './secret-patterns.ts';

/** Longer text is cut before it is looked at. */
const longest = 4096;

export const maskSecrets = (text: string): string => {
  const shown = clean(text);
  return suspect.test(shown) ? maskAll(shown) : shown;
};

/** Control characters would let a command line write into terminals and logs. */
const clean = (text: string): string =>
  text.slice(0, longest).replace(/[[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]--[\t\n]]/gv, ' ');
