import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry, withOrigin } from './entry.ts';
import { readItems } from './items.ts';
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

  it('is read from the body as it came as the request was read', () => {
    const whose = { source: 'falco' as const, sender: 'x', node: undefined, at: 1 };
    for (const body of ['{"a":1}', '[{"a":1},{"a":"\\u001b"}]', '{"a":1}\r\n\n{"a":"größe"}\n', '{\n"a":\n[1]}']) {
      const read = readItems(body);
      const items = 'good' in read ? read.good.map(({ item }) => item) : [];
      expect(items.length).toBeGreaterThan(0);
      const payload = encodeEntry({ ...whose, items }, Buffer.from(body));
      expect(decodeEntry(payload)).toEqual({ ...whose, items });
      const via = { journal: 'a', position: 7 };
      expect(decodeEntry(withOrigin(payload, via) ?? payload)).toEqual({ ...whose, items, origin: via, via });
    }
  });

  it.each(['', 'text', '{}', '{"source":"other","sender":"x","at":1}', '{"source":"falco","sender":"x","at":1}\n{'])(
    'is undefined where it is %j',
    (text) => {
      expect(decodeEntry(Buffer.from(text))).toBeUndefined();
    },
  );
});
