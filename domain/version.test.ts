import { array, assert, constantFrom, nat, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOlder, isVersion, likeTag, isOlderContent } from './version.ts';

describe('whether a version is older', () => {
  test.each<[string, string, string, boolean | undefined]>([
    ['a smaller part is', '0.40.0', '0.41.0', true],
    ['parts are numbers, not words', '0.9.0', '0.10.0', true],
    ['an equal one is not', '1.7.0', '1.7.0', false],
    ['a missing part is nought', '1.7', '1.7.0', false],
    ['the letter v says nothing', 'v1.7.0', '1.7.0', false],
    ['a flavour says nothing', '7.81.1-jmx', '7.81.1', false],
    ['nor does the minimum’s flavour', '0.43.0', '0.43.0-debian', false],
    ['a release candidate comes before its release', '1.2.0-rc.1', '1.2.0', true],
    ['and a release not before its candidate', '1.2.0', '1.2.0-rc.1', false],
    ['candidates go by number', '1.2.0-rc.2', '1.2.0-rc.10', true],
    ['candidates without a dot too', '1.2.0-rc2', '1.2.0-rc10', true],
    ['alpha comes before beta', '1.2.0-alpha.9', '1.2.0-beta.1', true],
    ['a candidate keeps its place under a flavour', '1.2.0-rc.1-debian', '1.2.0', true],
    ['a build is no pre-release', '1.2.0+rc1', '1.2.0', false],
    ['a word that only begins like one is no pre-release', '1.2.0-developer', '1.2.0', false],
    ['latest cannot be told', 'latest', '1.2.0', undefined],
    ['a minimum that is no version cannot be told', '1.2.0', 'stable', undefined],
  ])('%s', (_, version, minimum, expected) => {
    expect(isOlder(version, minimum)).toBe(expected);
  });
});

test.each([
  ['1.2', true],
  ['v1.2.3', true],
  ['latest', false],
  ['3', false],
  ['', false],
  ['1.2.3.4.5', false],
])('whether %j is a version: %j', (text, expected) => {
  expect(isVersion(text)).toBe(expected);
});

test.each([
  ['keeps the v of the tag', 'v1.6.0', '1.7.0', 'v1.7.0'],
  ['keeps its flavour', '0.40.0-debian', '0.43.0', '0.43.0-debian'],
  ['drops its release candidate', '1.2.0-rc.1', '1.3.0', '1.3.0'],
  ['drops its build', '1.2.0-4f2a1c', '1.3.0', '1.3.0'],
  ['adds no v of its own', '1.2.0', 'v1.3.0', '1.3.0'],
  ['is plain where there is no tag', undefined, '1.3.0', '1.3.0'],
])('a new tag %s', (_, tag, version, expected) => {
  expect(likeTag(tag, version)).toBe(expected);
});

test('versions are in a total order: any two compare, and it carries over', () => {
  const suffix = constantFrom(
    '',
    '-rc.1',
    '-rc1',
    '-rc.2',
    '-rc10',
    '-alpha',
    '-beta.1',
    '-debian',
    '+build',
    '-dev',
    '-pre-3',
    '-rc.1.2',
  );
  const version = tuple(array(nat(2), { minLength: 2, maxLength: 4 }), suffix).map(
    ([parts, end]) => parts.join('.') + end,
  );
  assert(
    property(version, version, version, (a, b, c) => {
      expect(isOlder(a, a)).toBe(false);
      expect(isOlder(a, b) === true && isOlder(b, a) === true).toBe(false);
      if (isOlder(a, b) === false && isOlder(b, c) === false) expect(isOlder(a, c)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['9', '10', true],
  ['10', '9', false],
  ['3', '3', false],
  ['1.9.0', '1.10', true],
  ['sha256:a', '1.0', undefined],
  ['7', '1.0', false],
  ['1', '1.1', true],
])('content of version %s is older than %s: %s', (version, minimum, expected) => {
  expect(isOlderContent(version, minimum)).toBe(expected);
});
