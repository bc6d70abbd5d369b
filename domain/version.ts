// Versions as agents and image tags write them: `0.44.1`, `v1.7.0`, `7.81.1-jmx`, `1.2.0-rc.1`.

/** The number parts and the pre-release part, where there is one; undefined for `latest`, `stable`, a hash. */
interface Version {
  readonly numbers: readonly number[];
  readonly preRelease: string | undefined;
}

/** A pre-release as semver means it; `-debian`, `-jmx`, `-full` are flavours of the same release. */
const preReleasePattern = /^(?:alpha|beta|rc|pre|dev|snapshot)[.\d-]*$/i;

const parse = (text: string): Version | undefined => {
  const match = /^v?(\d+(?:\.\d+){1,3})(?:[-+](.*))?$/i.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  const suffix = match[2];
  return {
    numbers: match[1].split('.').map(Number),
    preRelease: suffix !== undefined && preReleasePattern.test(suffix) ? suffix : undefined,
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

/** By dotted parts: numbers as numbers, words as words, a number before a word. */
const comparePreReleases = (a: string, b: string): number => {
  const [left, right] = [a.toLowerCase().split(/[.-]/), b.toLowerCase().split(/[.-]/)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [x, y] = [left[index], right[index]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const difference = comparePart(x, y);
    if (difference !== 0) return difference;
  }
  return 0;
};

const comparePart = (x: string, y: string): number => {
  const [m, n] = [Number(x), Number(y)];
  if (!Number.isNaN(m) && !Number.isNaN(n)) return m - n;
  if (Number.isNaN(m) !== Number.isNaN(n)) return Number.isNaN(m) ? 1 : -1;
  return x < y ? -1 : x > y ? 1 : 0;
};
