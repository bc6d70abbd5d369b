import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from './entry.ts';
import { sources } from './source.ts';

describe('an entry of the journal', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          source: fc.constantFrom(...sources),
          sender: fc.string(),
          node: fc.option(fc.string(), { nil: undefined }),
          at: fc.nat(),
          items: fc.array(
            fc.json().map((json): Record<string, unknown> => ({ event: JSON.parse(json) })),
            { minLength: 1 },
          ),
        }),
        (entry) => {
          expect(JSON.stringify(decodeEntry(encodeEntry(entry)))).toBe(JSON.stringify(entry));
        },
      ),
    );
  });

  it.each(['', 'text', '{}', '{"source":"other","sender":"x","at":1}', '{"source":"falco","sender":"x","at":1}\n{'])(
    'is undefined where it is %j',
    (text) => {
      expect(decodeEntry(Buffer.from(text))).toBeUndefined();
    },
  );
});
