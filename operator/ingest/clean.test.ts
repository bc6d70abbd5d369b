import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, cleanText, deepest, isPlain, isShallow } from './clean.ts';

const nested = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('an event of a stranger', () => {
  it('is passed on as it is where it is clean', () => {
    const event = { a: [{ b: 'gcc -o x\tx.c\n' }, 1, null, true], constructor: 'a label may be called so' };
    const cleaned = clean(event);
    expect(cleaned.ok && cleaned.value).toBe(event);
  });

  it.each([
    ['an escape that colours a terminal', '\u001b[31mred', '\ufffd[31mred'],
    ['a null', 'a\u0000b', 'a\ufffdb'],
    ['a C1 control', 'a\u009bb', 'a\ufffdb'],
    ['a turn of direction', 'exe.\u202egpj', 'exe.\ufffdgpj'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
    ['a line end, which command lines have', 'a\r\nb', 'a\r\nb'],
    ['any language', 'größe 日本 🚀', 'größe 日本 🚀'],
  ])('keeps its text but not %s', (_, text, expected) => {
    expect(cleanText(text)).toBe(expected);
  });

  it('has its keys cleaned like its values', () => {
    expect(clean({ 'a\u0007': { b: 'c\u0007' } })).toEqual({ ok: true, value: { 'a\ufffd': { b: 'c\ufffd' } } });
  });

  it('is refused with a key that could be taken for a prototype, which is named', () => {
    expect(clean(JSON.parse('{"output_fields":[{"x":{"__proto__":{"isAdmin":true}}}]}'))).toEqual({
      ok: false,
      problem: { field: 'output_fields[0].x.__proto__', message: 'is no name that a field may have' },
    });
  });

  it('is refused where it is deeper than any agent sends', () => {
    expect(clean(nested(deepest)).ok).toBe(true);
    expect(clean(nested(deepest + 1))).toMatchObject({
      ok: false,
      problem: { message: expect.stringContaining('64') },
    });
    expect(clean(nested(50_000)).ok).toBe(false);
  });

  it('names a field in few words whatever its name is', () => {
    const cleaned = clean(JSON.parse(`{"${'x'.repeat(5000)}\\u001b":{"__proto__":1}}`));
    expect(!cleaned.ok && cleaned.problem.field.length).toBe(128);
  });

  it('never throws, and what comes out is clean', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), (json) => {
        const once = clean(JSON.parse(json));
        if (!once.ok) return;
        const again = clean(once.value);
        expect(again.ok && again.value).toBe(once.value);
        expect(JSON.stringify(once.value).isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('a body that needs no cleaning', () => {
  it('is told by one look at it', () => {
    expect(isPlain('{"a":"gcc -o x\\tx.c\\n \\"größe\\" 日本 🚀"}')).toBe(true);
  });

  it.each(['"\\u001b[31m"', '"\\b"', '"\\f"', '"\u009b"', '"\u202e"', '"\ud800"', '{"__proto__":1}', '"\\ud800"'])(
    'is not %j',
    (json) => {
      expect(isPlain(json)).toBe(false);
    },
  );

  it('is no deeper than is clean', () => {
    expect([isShallow(nested(deepest)), isShallow(nested(deepest + 1))]).toEqual([true, false]);
    expect(isShallow(JSON.parse(`${'['.repeat(deepest + 1)}${']'.repeat(deepest + 1)}`))).toBe(false);
  });

  it('holds nothing that cleaning would change or refuse', () => {
    const towers = fc.integer({ min: deepest - 2, max: deepest + 2 }).map((levels) => JSON.stringify(nested(levels)));
    const named = fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('__proto__')), fc.string());
    const jsons = fc.oneof(
      fc.json({ stringUnit: 'binary' }),
      fc.json(),
      towers,
      named.map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(jsons, (json) => {
        const value: unknown = JSON.parse(json);
        if (!isPlain(json) || !isShallow(value)) return;
        const cleaned = clean(value);
        expect(cleaned.ok && cleaned.value).toBe(value);
      }),
      { numRuns: 500 },
    );
  });
});
