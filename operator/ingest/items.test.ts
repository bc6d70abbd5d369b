import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostItems, readItems, type Items } from './items.ts';

const itemsOf = (body: string): Items => {
  const items = readItems(body);
  if ('message' in items) throw new Error(items.message);
  return items;
};

describe('a body', () => {
  it.each([
    ['one object', '{"a":1}', [{ a: 1 }]],
    ['one object over several lines', '{\n "a": 1\n}\n', [{ a: 1 }]],
    ['an array', '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['lines', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['lines behind a byte order mark', '\ufeff{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    ['lines with the ends of Windows, and empty ones', '{"a":1}\r\n\r\n{"a":2}\r\n', [{ a: 1 }, { a: 2 }]],
  ])('may be %s', (_, body, expected) => {
    const { good, bad } = itemsOf(body);
    expect(good.map(({ item }) => item)).toEqual(expected);
    expect(bad).toEqual([]);
  });

  it('keeps its good events beside bad ones, which are named by their place', () => {
    const { good, bad } = itemsOf('{"a":1}\n{"a":\n7\n{"a":2}\n{"b":{"__proto__":1}}');
    expect(good).toEqual([
      { index: 0, item: { a: 1 } },
      { index: 3, item: { a: 2 } },
    ]);
    expect(bad).toEqual([
      { index: 1, field: '', message: expect.stringMatching(/^is not JSON/) },
      { index: 2, field: '', message: 'an event must be a JSON object' },
      { index: 4, field: 'b.__proto__', message: 'is no name that a field may have' },
    ]);
  });

  it('may be as rich as any that agents send', () => {
    const event = JSON.stringify(
      Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`field_${index}`, '12:00:00'])),
    );
    expect(itemsOf(`${event}\n`.repeat(5000)).good).toHaveLength(5000);
  });

  it.each([
    ['nothing', ''],
    ['an empty array', '[]'],
    ['no JSON', 'Warning: a shell was spawned'],
    ['lines of no JSON', 'one\ntwo\nthree'],
    ['one broken document over several lines', '{\n"a": 1,\n"b":\n}'],
    ['a tower of lists', '['.repeat(4_000_000)],
    ['a million empty objects', `[${'{},'.repeat(1_000_000)}{}]`],
    [
      'an object of millions of fields',
      `{${Array.from({ length: 2_100_000 }, (_, index) => `"${index}":1`).join(',')}}`,
    ],
    ['more events than may come at once', `[${'{},'.repeat(mostItems)}{}]`],
  ])('is refused as a whole where it is %s', (_, body) => {
    expect(readItems(body)).toHaveProperty('message');
  });

  it('is never repeated to its sender but in a few plain characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (body) => {
        const items = readItems(body);
        const messages = 'message' in items ? [items.message] : items.bad.map(({ message }) => message);
        for (const message of messages) expect(message).toMatch(/^[\x20-\x7e…]{1,200}$/);
      }),
    );
  });
});
