import { array, assert, boolean, constantFrom, option, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lookAtRuns, type RunningPod, type Runs } from './runs.ts';

type Look = readonly RunningPod[] | 'seen' | 'late';

/** Between two looks. */
const aLook = 15_000;

const pod = (phase: RunningPod['phase'], isHeard = true, provenAgo = 0): readonly RunningPod[] => [
  { key: 'a', phase, isHeard, provenAgo },
];

const onNoNode = (phase: RunningPod['phase']): readonly RunningPod[] => [
  { key: 'a', phase, isHeard: undefined, provenAgo: Number.POSITIVE_INFINITY },
];

/** Clean runs of a series of looks, the first of which finds nothing. */
const cleanRunsOf = (looks: readonly Look[]): number => {
  let runs: Runs | undefined = new Map();
  let [clean, isLate] = [0, false];
  for (const look of looks) {
    if (look === 'seen') runs = undefined;
    else if (look === 'late') isLate = true;
    else {
      const after = lookAtRuns(runs, look, aLook, isLate);
      ({ runs } = after);
      clean += after.clean;
      isLate = false;
    }
  }
  return clean;
};

describe('a run is clean', () => {
  test.each<[string, readonly Look[]]>([
    ['that began, ran and ended while somebody listened', [onNoNode('Pending'), pod('Running'), pod('Succeeded')]],
    ['that was first seen running', [pod('Running'), pod('Succeeded')]],
    ['once, for however long its pod is kept', [pod('Running'), pod('Succeeded'), pod('Succeeded'), pod('Succeeded')]],
    [
      'whose agent has shown only afterwards that it listened',
      [pod('Running'), pod('Succeeded', true, 1), pod('Succeeded', true, aLook + 1), pod('Succeeded', true, 2 * aLook)],
    ],
    ['that began after the behaviour was last seen', ['seen', [], pod('Running'), pod('Succeeded')]],
  ])('%s', (_, looks) => {
    expect(cleanRunsOf(looks)).toBe(1);
  });
});

describe('a run proves nothing', () => {
  test.each<[string, readonly Look[]]>([
    ['that has not ended', [pod('Running'), pod('Running')]],
    ['that failed', [pod('Running'), pod('Failed')]],
    ['that was deleted', [pod('Running'), []]],
    ['that nobody listened to for one look', [pod('Running'), pod('Running', false), pod('Running'), pod('Succeeded')]],
    ['that nobody listened to at its end', [pod('Running'), pod('Succeeded', false)]],
    [
      'whose agent has shown nothing since its end',
      [pod('Running'), ...Array.from({ length: 20 }, (_, look) => pod('Succeeded', true, look * aLook + 1))],
    ],
    [
      'whose agent turned out to be deaf after its end, before it had shown that it listened',
      [pod('Running'), pod('Succeeded', true, 1), pod('Succeeded', false), pod('Succeeded')],
    ],
    ['that nobody listened to at its beginning', [pod('Pending', false), pod('Running'), pod('Succeeded')]],
    ['whose node went before its end was seen', [pod('Running'), onNoNode('Succeeded')]],
    ['that began and ended between two looks', [pod('Succeeded')]],
    ['that was only seen before it had a node', [onNoNode('Pending'), pod('Succeeded')]],
    ['that may have begun before anybody looked', ['seen', pod('Running'), pod('Succeeded')]],
    ['in which the behaviour was seen', [pod('Running'), 'seen', pod('Running'), pod('Succeeded')]],
    ['through which nobody looked for too long', [pod('Running'), 'late', pod('Running'), pod('Succeeded')]],
    ['that ended while nobody looked for too long', [pod('Running'), 'late', pod('Succeeded')]],
    ['of which nothing is known', [pod('Running'), pod('Unknown'), pod('Succeeded')]],
  ])('%s', (_, looks) => {
    expect(cleanRunsOf(looks)).toBe(0);
  });

  test('whatever else happens, unless it was heard at every look', () => {
    const look = record({
      phase: constantFrom('Pending' as const, 'Running' as const, 'Succeeded' as const, 'Failed' as const),
      isHeard: option(boolean(), { nil: undefined }),
    });
    assert(
      property(array(look, { maxLength: 8 }), (looks) => {
        const pods = looks.map(({ phase, isHeard }): readonly RunningPod[] => [
          { key: 'a', phase, isHeard, provenAgo: 0 },
        ]);
        const clean = cleanRunsOf(pods);
        const end = looks.findIndex(({ phase }) => phase === 'Succeeded');
        const run = looks.slice(0, end + 1);
        const isClean =
          run.length > 1 &&
          run.every(({ phase, isHeard }) => isHeard !== false && phase !== 'Failed') &&
          run.at(-1)?.isHeard === true &&
          run.slice(0, -1).some(({ isHeard }) => isHeard === true);
        expect(clean).toBeLessThanOrEqual(isClean ? 1 : 0);
      }),
    );
  });
});
