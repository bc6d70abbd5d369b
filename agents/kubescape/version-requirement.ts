// A rule's agentVersionRequirement, a range as npm and Helm write them: `>=1.2.0 <2`, `~1.4`, `^0.2.108 || >=1`, `1.2.x`.
import { isOlder, isVersion } from '../../domain/version.ts';

/** Undefined where the range or the version cannot be read. */
export const satisfies = (version: string, range: string): boolean | undefined => {
  if (!isVersion(version)) return undefined;
  const alternatives = new Set(range.split('||').map((alternative) => satisfiesAll(version, alternative)));
  if (alternatives.has(true)) return true;
  return alternatives.has(undefined) ? undefined : false;
};

const satisfiesAll = (version: string, alternative: string): boolean | undefined => {
  const comparators = alternative
    .replace(/([<>=~^!])\s+/g, '$1')
    .split(/[\s,]+/)
    .filter((comparator) => comparator !== '');
  const results = comparators.map((comparator) => compare(version, comparator));
  return results.includes(undefined) ? undefined : results.every((result) => result === true);
};

const compare = (version: string, comparator: string): boolean | undefined => {
  const [, operator = '', written = ''] = /^([<>]=?|!=|=|~|\^)?v?(.*)$/.exec(comparator) ?? [];
  if (/^[xX*]$/.test(written)) return true;
  const bound = boundsOf(written);
  if (bound === undefined) return undefined;
  const { least, parts } = bound;
  const isExact = parts.length === 3;
  const isBelow = before(version, least);
  const isAbove = isExact ? !isBelow && !same(version, least) : !before(version, next(parts, parts.length));
  switch (operator) {
    case '>=':
      return !isBelow;
    case '<':
      return isBelow;
    case '>':
      return isAbove;
    case '<=':
      return !isAbove;
    case '!=':
      return isBelow || isAbove;
    case '~':
      return !isBelow && before(version, next(parts, Math.min(parts.length, 2)));
    case '^':
      return !isBelow && before(version, next(parts, leading(parts)));
    default:
      return !isBelow && !isAbove;
  }
};

interface Bounds {
  readonly least: string;
  /** The numbers that are given: two of `1.2` and of `1.2.x`. */
  readonly parts: readonly number[];
}

const boundsOf = (written: string): Bounds | undefined => {
  const numbers = /^(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[xX*])*(-[0-9A-Za-z.-]+)?(?:\+\S*)?$/.exec(written);
  if (numbers === null) return undefined;
  const parts = numbers.slice(1, 4).flatMap((part) => (part === undefined ? [] : [Number(part)]));
  const full = [0, 1, 2].map((index) => parts[index] ?? 0);
  return { least: `${full.join('.')}${numbers[4] ?? ''}`, parts };
};

/** The first version behind those that begin with so many of these numbers. */
const next = (parts: readonly number[], kept: number): string =>
  [0, 1, 2]
    .map((index) => (index < kept - 1 ? (parts[index] ?? 0) : index === kept - 1 ? (parts[index] ?? 0) + 1 : 0))
    .join('.');

/** How many numbers `^` holds fast: up to the first that is not 0. */
const leading = (parts: readonly number[]): number => {
  const first = parts.findIndex((part) => part !== 0);
  return first === -1 ? parts.length : first + 1;
};

const before = (version: string, bound: string): boolean => isOlder(version, bound) === true;

const same = (version: string, bound: string): boolean => !before(version, bound) && isOlder(bound, version) === false;
