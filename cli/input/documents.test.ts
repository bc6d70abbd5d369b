import fc from 'fast-check';
import { dump } from 'js-yaml';
import { describe, expect, it, test } from 'vitest';
import { readObjects } from './documents.ts';

const read = (text: string) => readObjects({ file: 'm.yaml', text });
const named = (text: string) =>
  read(text).objects.map(({ raw, line }) => [raw.kind, (raw.metadata as { name?: string } | undefined)?.name, line]);

const pod = (name: string) => `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\n`;

describe('documents', () => {
  test.each<readonly [string, string, readonly unknown[]]>([
    ['one object', pod('a'), [['Pod', 'a', 4]]],
    [
      'several documents',
      `${pod('a')}---\n${pod('b')}`,
      [
        ['Pod', 'a', 4],
        ['Pod', 'b', 9],
      ],
    ],
    ['a leading marker and comments', `---\n# Source: x\n${pod('a')}`, [['Pod', 'a', 6]]],
    ['content beside the marker', `--- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n`, [['Pod', 'a', 1]]],
    ['Windows line ends', pod('a').replaceAll('\n', '\r\n'), [['Pod', 'a', 4]]],
    ['a byte order mark', `\uFEFF${pod('a')}`, [['Pod', 'a', 4]]],
    ['a directive', `%YAML 1.2\n---\n${pod('a')}`, [['Pod', 'a', 6]]],
    [
      'an end marker',
      `${pod('a')}...\n---\n${pod('b')}`,
      [
        ['Pod', 'a', 4],
        ['Pod', 'b', 10],
      ],
    ],
    ['documents of nothing', `---\n---\n# only words\n---\n${pod('a')}---\nnull\n`, [['Pod', 'a', 8]]],
    ['nothing', '', []],
    [
      'a list of objects',
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n',
      [
        ['Pod', 'a', 6],
        ['Pod', 'b', 7],
      ],
    ],
    [
      'a list in a list, in JSON',
      '{"apiVersion":"v1","kind":"PodList","items":[\n{"apiVersion":"v1","kind":"List","items":[\n{"kind":"Pod","apiVersion":"v1","metadata":{\n"name":"a"}}]}]}',
      [['Pod', 'a', 4]],
    ],
    ['an object without a name', 'apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n', [['Pod', undefined, 1]]],
    [
      'merge keys and anchors',
      'apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: a\nspec: {x: *m}\ny:\n  <<: *m\n',
      [['Pod', 'a', 4]],
    ],
  ])('reads %s', (_, text, expected) => {
    expect(named(text)).toEqual(expected);
    expect(read(text).problems).toEqual([]);
  });

  test.each<readonly [string, string, number, RegExp]>([
    ['a broken document', `${pod('a')}---\nx: [1\n---\n${pod('b')}`, 7, /no valid YAML/],
    ['a key that stands twice', `${pod('a')}---\na: 1\na: 2\n---\n${pod('b')}`, 7, /duplicated mapping key/],
    ['a template', `${pod('a')}---\nkind: {{ .Values.kind }}\n---\n${pod('b')}`, 6, /helm template/],
    ["a chart's values", `${pod('a')}---\nreplicas: 3\n---\n${pod('b')}`, 6, /helm template NAME CHART/],
    ['a text', `${pod('a')}---\nhello\n---\n${pod('b')}`, 6, /no Kubernetes object/],
  ])('says where %s is, and reads the others', (_, text, line, words) => {
    const { objects, problems } = read(text);
    expect(objects).toHaveLength(2);
    expect(problems).toEqual([{ file: 'm.yaml', line: expect.any(Number), message: expect.stringMatching(words) }]);
    expect(Math.abs((problems[0]?.line ?? 0) - line)).toBeLessThanOrEqual(1);
  });

  it('finds the line of each name, whatever else stands in the file', () => {
    const value = fc.oneof(fc.string(), fc.constant('---\nnot a marker'), fc.integer(), fc.boolean());
    const extra = fc.dictionary(fc.constantFrom('a', 'b', 'name', 'metadata', 'kind'), value, { maxKeys: 4 });
    fc.assert(
      fc.property(fc.array(extra, { minLength: 1, maxLength: 5 }), (specs) => {
        const text = specs
          .map((spec, index) =>
            dump({ spec, apiVersion: 'v1', kind: 'Pod', metadata: { labels: spec, name: `the-pod-${index}` } }),
          )
          .join('---\n');
        const lines = text.split('\n');
        for (const [index, { line }] of read(text).objects.entries()) {
          expect(lines[line - 1]).toContain(`the-pod-${index}`);
        }
        expect(read(text).objects).toHaveLength(specs.length);
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    const piece = fc.constantFrom(
      'a: ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '|',
      '>',
      '&a ',
      '*a ',
      '\n',
      '  ',
      '---\n',
      '!!x ',
      '%',
      '\t',
      ':',
      'kind: List\n',
      'items:\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 30 }), (pieces) => {
        const { objects, problems } = read(pieces.join(''));
        for (const { line } of [...objects, ...problems]) expect(line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});
