import { describe, expect, it, test } from 'vitest';
import { UsageError } from '../verb.ts';
import { flagsHelp, parseFlags, wrapped, type FlagTable } from './table.ts';

const table = {
  name: { short: 'n', placeholder: 'NAME', help: 'One.' },
  state: { placeholder: 'STATE', values: ['Good', 'Bad'], multiple: true, help: 'Some of a few.' },
  quick: { help: 'A switch.' },
} as const satisfies FlagTable;

describe('flags', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['by repetition', ['--state', 'Good', '--state', 'bad'], ['Good', 'Bad']],
    ['by commas', ['--state=good, Bad,'], ['Good', 'Bad']],
    ['left out by !', ['--state', '!bad'], ['!Bad']],
    ['that are not given', [], []],
  ])('take several values %s', (_, args, expected) => {
    expect(parseFlags(table, args).texts('state')).toEqual(expected);
  });

  it('keep the last of what can be said once, commas and all', () => {
    expect(parseFlags(table, ['-n', 'a', '--name', 'b,c']).text('name')).toBe('b,c');
    expect(parseFlags(table, []).text('name')).toBeUndefined();
  });

  it('are switches without a placeholder', () => {
    expect(parseFlags(table, ['--quick']).isSet('quick')).toBe(true);
    expect(parseFlags(table, []).isSet('quick')).toBe(false);
  });

  test.each<readonly [readonly string[], RegExp]>([
    [['--state', 'ugly'], /--state: "ugly" must be one of Good, Bad/],
    [['--nam', 'x'], /--nam/],
    [['--quick=yes'], /--quick/],
    [['word'], /one word too many: "word"/],
  ])('say what is wrong with %s', (args, message) => {
    expect(() => parseFlags(table, args)).toThrow(UsageError);
    expect(() => parseFlags(table, args)).toThrow(message);
  });

  it('explain themselves, aligned', () => {
    expect(flagsHelp(table)).toBe(
      ['  -n, --name NAME    One.', '      --state STATE  Some of a few.', '      --quick        A switch.'].join('\n'),
    );
  });
});

test('text is wrapped between words', () => {
  expect(wrapped('a bc def ghij averylongword x', 7)).toEqual(['a bc', 'def', 'ghij', 'averylongword', 'x']);
});
