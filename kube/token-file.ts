import { readFile } from 'node:fs/promises';
import { systemClock, type Clock } from './clock.ts';

/** The kubelet replaces a projected token well before it expires; a minute is what other clients use too. */
const rereadAfterMs = 60_000;

/** A bearer token in a file that is replaced now and then. A failed re-read keeps the old one: it may still be good. */
export function tokenFile(path: string, clock: Clock = systemClock): (fresh?: boolean) => Promise<string> {
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return async (fresh = false) => {
    if (!fresh && clock.monotonic() - readAt < rereadAfterMs) return token;
    try {
      const text = (await readFile(path, 'utf8')).trim();
      if (text === '') throw new Error('the file is empty');
      token = text;
      readAt = clock.monotonic();
    } catch (error) {
      if (token === '') throw new Error(`cannot read the API server's token from ${path}`, { cause: error });
    }
    return token;
  };
}
