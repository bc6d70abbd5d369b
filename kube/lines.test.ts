import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './lines.ts';

test('however the bytes are cut, the lines are the same', () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 10 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const splitter = new LineSplitter();
        const seen: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          seen.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(seen).toEqual(lines.filter((text) => text !== ''));
      },
    ),
  );
});

test('a line that never ends is refused before it fills the memory', () => {
  const splitter = new LineSplitter();
  const megabytes = Buffer.alloc(16 * 1024 * 1024, 'x');
  expect(() => {
    for (let i = 0; i < 5; i += 1) for (const _ of splitter.push(megabytes)) break;
  }).toThrow('longer than');
});
