import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExposition, samplesOf, totalOf } from './exposition.ts';

const one = (text: string, name = 'm'): { labels: object; value: number } | undefined => {
  const [sample, ...more] = samplesOf(parseExposition(text), name);
  expect(more).toEqual([]);
  return sample && { labels: { ...sample.labels }, value: sample.value };
};

describe('an exposition', () => {
  const readable: readonly [says: string, text: string, labels: Record<string, string>, value: number][] = [
    ['a bare sample', 'm 1', {}, 1],
    ['an empty label list', 'm{} 2', {}, 2],
    ['labels in any order', 'm{b="2",a="1"} 3', { a: '1', b: '2' }, 3],
    ['a comma after the last label', 'm{a="1",} 3', { a: '1' }, 3],
    ['spaces in odd places', 'm { a = "1" , b="2" }   3', { a: '1', b: '2' }, 3],
    ['tabs between', 'm{a="1"}\t3', { a: '1' }, 3],
    ['an empty label value', 'm{a=""} 1', { a: '' }, 1],
    ['a timestamp', 'm{a="1"} 3 1395066363000', { a: '1' }, 3],
    ['an exemplar', 'm{le="1"} 3 # {trace_id="x"} 0.5 1395066363', { le: '1' }, 3],
    ['an exponent', 'm 1.5e+09', {}, 1.5e9],
    ['infinity', 'm +Inf', {}, Infinity],
    ['negative infinity', 'm -Inf', {}, -Infinity],
    ['not a number', 'm NaN', {}, Number.NaN],
    ['no value at all, as nothing but labels was meant', 'm{version="0.44.1"}', { version: '0.44.1' }, Number.NaN],
    ['a carriage return', 'm{a="1"} 3\r\n', { a: '1' }, 3],
    ['escapes', String.raw`m{a="x\"y\\z\nw"} 1`, { a: 'x"y\\z\nw' }, 1],
    ['quotes that nobody escaped', 'm{a="say "hi" to",b="2"} 1', { a: 'say "hi" to', b: '2' }, 1],
    ['a backslash before the closing quote', String.raw`m{a="C:\",b="2"} 1`, { a: 'C:\\', b: '2' }, 1],
    ['a backslash at the very end', String.raw`m{a="C:\"} 1`, { a: 'C:\\' }, 1],
    ['braces in a value', 'm{a="{x}",b="}"} 1', { a: '{x}', b: '}' }, 1],
    ['commas and equals signs in a value', 'm{a="k=v, k2=v2"} 1', { a: 'k=v, k2=v2' }, 1],
    ['a bare quote before a brace in a value', 'm{a="x"}y",b="2"} 1', { a: 'x"}y', b: '2' }, 1],
    ['a bare newline in a value', 'm{a="x\ny",b="2"} 1', { a: 'x\ny', b: '2' }, 1],
    ['three lines in a value with quotes', 'm{a="x\n"y"\nz"} 1', { a: 'x\n"y"\nz' }, 1],
  ];
  it.each(readable)('is read with %s', (_, text, labels, value) => {
    expect(one(text)).toEqual({ labels, value });
  });

  it('is read where each sample repeats its header', () => {
    const header = '# HELP m A metric\n# TYPE m gauge\n';
    const exposition = parseExposition(`${header}m{a="1"} 1\n${header}m{a="2"} 2\n`);
    expect(samplesOf(exposition, 'm').map(({ labels }) => labels['a'])).toEqual(['1', '2']);
    expect(exposition.unreadable).toBe(0);
  });

  it('ends at # EOF', () => {
    expect([...parseExposition('m 1\n# EOF\nn 1\n').samples.keys()]).toEqual(['m']);
  });

  const unreadable: readonly [says: string, text: string][] = [
    ['a value that is no number', 'm{a="1"} one'],
    ['labels that never end', 'm{a="1'],
    ['a label without quotes', 'm{a=1} 1'],
    ['a line that starts with a number', '1 m'],
    ['HTML', '<html>'],
    ['a line of 17 KiB', `m{a="${'x'.repeat(17 * 1024)}"} 1`],
    ['too many labels', `m{${Array.from({ length: 200 }, (_, index) => `l${index}="1"`).join()}} 1`],
  ];
  it.each(unreadable)('is passed over with %s', (_, text) => {
    const exposition = parseExposition(`${text}\nn 1\n`);
    expect(exposition.unreadable).toBe(1);
    expect([...exposition.samples.keys()]).toEqual(['n']);
  });

  it('does not let a line that was cut off swallow the samples after it', () => {
    const exposition = parseExposition('m{a="cut\nn{b="2"} 1\no 2\n');
    expect([...exposition.samples.keys()]).toEqual(['n', 'o']);
  });

  it('passes over the metrics that nobody wants', () => {
    const exposition = parseExposition('m 1\nn{a=broken 1\no 2\n', new Set(['o']));
    expect([...exposition.samples.keys()]).toEqual(['o']);
    expect(exposition.unreadable).toBe(0);
  });

  it('is bounded in its samples', () => {
    const exposition = parseExposition('m 1\n'.repeat(50_001));
    expect(samplesOf(exposition, 'm')).toHaveLength(50_000);
    expect(exposition.truncated).toBe(true);
  });

  it('gives up on what is none', () => {
    const exposition = parseExposition(`${'<p>\n'.repeat(100_000)}m 1\n`);
    expect(exposition).toEqual({ samples: new Map(), unreadable: 1001, truncated: true });
  });

  it('keeps a label that has the name of an inherited property', () => {
    const [sample] = samplesOf(parseExposition('m{__proto__="x",constructor="y"} 1'), 'm');
    expect(Object.entries(sample?.labels ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('never throws, whatever an agent answers', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom('m', '{', '}', '"', '\\', '\n', '\r', '=', ',', ' ', '#', 'a="', '"} 1', '# EOF', 'NaN'),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const { samples } = parseExposition(pieces.join(''));
        for (const [, list] of samples) expect(list.length).toBeGreaterThan(0);
      }),
    );
  });

  it('reads back every label value that is escaped as the format demands', () => {
    const escape = (value: string): string =>
      value
        .replaceAll('\\', '\\\\')
        .replaceAll('"', String.raw`\"`)
        .replaceAll('\n', String.raw`\n`);
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(one(`m{a="${escape(a)}",b="${escape(b)}"} 1\n`)).toEqual({ labels: { a, b }, value: 1 });
      }),
    );
  });
});

describe('a total', () => {
  const exposition = parseExposition('m{dir="exit",drop="open"} 3\nm{dir="exit",drop="close"} 4\nm{dir="enter"} NaN\n');
  it('is the sum of what are numbers', () => {
    expect(totalOf(exposition, 'm')).toBe(7);
  });
  it('is of the samples with the labels asked for', () => {
    expect(totalOf(exposition, 'm', { drop: 'open' })).toBe(3);
  });
  it('is undefined where nobody counted', () => {
    expect(totalOf(exposition, 'm', { dir: 'enter' })).toBeUndefined();
    expect(totalOf(exposition, 'other')).toBeUndefined();
  });
});
