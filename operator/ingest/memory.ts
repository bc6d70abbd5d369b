// Answers that are kept for a while. Who asks while an answer is on its way waits for that one.
import type { Clock } from '../../kube/clock.ts';
import { placeLast } from '../place-last.ts';

export interface Memory<T> {
  /** What is known, or what `find` finds; a failure is not kept. */
  get(key: string, find: () => Promise<{ readonly value: T; readonly keptMs: number }>): Promise<T>;
  /** Whether something is known of it, or was before it had to be asked anew. */
  knew(key: string): boolean;
}

export const createMemory = <T>({ clock, most }: { readonly clock: Clock; readonly most: number }): Memory<T> => {
  const known = new Map<string, { readonly value: T; readonly until: number }>();
  const finding = new Map<string, Promise<T>>();
  return {
    knew: (key) => known.has(key),
    async get(key, find) {
      const found = known.get(key);
      if (found !== undefined && found.until > clock.monotonic()) return found.value;
      const underWay = finding.get(key);
      if (underWay !== undefined) return underWay;
      const search = (async () => {
        try {
          const { value, keptMs } = await find();
          // One that is forgotten is asked for anew should it come again.
          if (keptMs > 0) placeLast(known, key, { value, until: clock.monotonic() + keptMs }, most);
          else known.delete(key);
          return value;
        } finally {
          finding.delete(key);
        }
      })();
      finding.set(key, search);
      return search;
    },
  };
};
