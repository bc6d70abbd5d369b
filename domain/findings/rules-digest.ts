// What decides whether events of a behaviour count, in a few characters: an event that counted by the same rules would count again, even
// where what is kept of it is masked or cut and could not be judged.
import { shortHash } from '../hash.ts';
import type { Policy } from '../types.ts';
import { behaviourNamed } from './behaviours.ts';
import { countsAnywhere, minimumAge } from './classify.ts';

/** `selecting`: policies that select whoever was seen. `named`: behaviours that any policy of the cluster names. */
export type RulesDigest = (behaviour: string, selecting: readonly Policy[], named: ReadonlySet<string>) => string;

/** Remembers what it has put together for as long as the policies are the same objects: it is asked for with every event. */
export const createRulesDigest = (): RulesDigest => {
  const known = new WeakMap<readonly Policy[], Map<string, string>>();
  return (behaviour, selecting, named) => {
    if (countsAnywhere(behaviour, named)) return digestOfOwn(behaviour);
    const ofThese = known.get(selecting) ?? new Map<string, string>();
    const digest = ofThese.get(behaviour) ?? digestOf(behaviour, selecting);
    known.set(selecting, ofThese.set(behaviour, digest));
    return digest;
  };
};

const digestOfOwn = (behaviour: string): string => `own-${minimumAge(behaviourNamed(behaviour), undefined)}`;

/** Severity and quiet period make no event count. */
const digestOf = (behaviour: string, selecting: readonly Policy[]): string => {
  const own = behaviourNamed(behaviour);
  const rules = selecting.flatMap(({ posture }) =>
    posture
      .filter((rule) => rule.behaviour === behaviour)
      .map((rule) => JSON.stringify([rule.match, rule.exclude, minimumAge(own, rule)])),
  );
  return shortHash(rules.toSorted().join('\n'));
};
