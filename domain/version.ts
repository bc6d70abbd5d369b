// Versions as agents and image tags write them: `0.44.1`, `v1.7.0`, `7.81.1-jmx`, `1.2.0-rc.1`.

/** The number parts and the pre-release part, where there is one; undefined for `latest`, `stable`, a hash. */
interface Version {
  readonly numbers: readonly number[];
  readonly preRelease: string | undefined;
}

/** `v`, the numbers, and what follows them. */
const pattern = /^(v?)(\d+(?:\.\d+){1,3})([-+].*)?$/i;

/** A pre-release as semver means it; `-debian`, `-jmx`, `-full` are flavours of the same release. */
const preReleasePattern = /^-((?:alpha|beta|rc|preview|pre|dev|snapshot)(?:[.-]?\d+)*)(?=$|[-+.])/i;

const parse = (text: string): Version | undefined => {
  const [, , numbers, suffix] = pattern.exec(text.trim()) ?? [];
  if (numbers === undefined) return undefined;
  return {
    numbers: numbers.split('.').map(Number),
    preRelease: preReleasePattern.exec(suffix ?? '')?.[1]?.toLowerCase(),
  };
};

export const isVersion = (text: string): boolean => parse(text) !== undefined;

/** Whether `version` is older than `minimum`; undefined where either cannot be read as a version. */
export const isOlder = (version: string, minimum: string): boolean | undefined => {
  const [a, b] = [parse(version), parse(minimum)];
  if (a === undefined || b === undefined) return undefined;
  for (let index = 0; index < Math.max(a.numbers.length, b.numbers.length); index++) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  if (a.preRelease === undefined) return false;
  return b.preRelease === undefined || comparePreReleases(a.preRelease, b.preRelease) < 0;
};

/** Likewise for detection policies, whose versions may be generations of an object: whole numbers. */
export const isOlderContent = (version: string, minimum: string): boolean | undefined =>
  isOlder(withMinor(version), withMinor(minimum));

const withMinor = (version: string): string => (/^v?\d+$/i.test(version) ? `${version}.0` : version);

/** `version` in the manner of an existing image tag: with its `v` and its flavour, where it has them. */
export const likeTag = (tag: string | undefined, version: string): string => {
  const [, v = '', , suffix = ''] = pattern.exec(tag ?? '') ?? [];
  // What makes the old tag a pre-release or a build of its own says nothing of the new one.
  const flavour = /^-[a-z][a-z-]*$/i.test(suffix) && !preReleasePattern.test(suffix) ? suffix : '';
  return `${v}${version.replace(/^v/i, '')}${flavour}`;
};

/** By parts: numbers as numbers, words as words, a number before a word, fewer parts before more. */
const comparePreReleases = (a: string, b: string): number => {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index], right[index]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const difference = comparePart(x, y);
    if (difference !== 0) return difference;
  }
  return 0;
};

/** `rc10` and `rc.10` are the same. */
const partsOf = (preRelease: string): readonly string[] => preRelease.match(/\d+|[a-z]+/g) ?? [];

const comparePart = (x: string, y: string): number => {
  const [m, n] = [Number(x), Number(y)];
  if (!Number.isNaN(m) && !Number.isNaN(n)) return m - n;
  if (Number.isNaN(m) !== Number.isNaN(n)) return Number.isNaN(m) ? 1 : -1;
  return x < y ? -1 : x > y ? 1 : 0;
};
