import { expect, test } from 'vitest';
import { warningsIn } from './warnings.ts';

test.each<[string, string | readonly string[] | undefined, readonly string[]]>([
  ['no header', undefined, []],
  ['one', '299 - "spec.case.dueDate: 2020-01-01 is past"', ['spec.case.dueDate: 2020-01-01 is past']],
  ['several lines', ['299 - "a"', '299 - "b"'], ['a', 'b']],
  [
    'several in one line, with commas and quotes in them',
    String.raw`299 - "a, \"b\"", 299 - "c\\d"`,
    ['a, "b"', String.raw`c\d`],
  ],
  ['another agent, and a date', '299 proxy.example.com "a" "Sat, 25 Aug 2012 23:34:45 GMT"', ['a']],
  ['a warning of a cache', '110 - "Response is Stale"', []],
  ['nonsense', '299', []],
])('%s', (_, header, expected) => {
  expect(warningsIn(header)).toEqual(expected);
});
