// Behaviours that no event tells: how a node itself stands. Whoever writes the node's object is the witness, and says the same again and
// again, so that a look at it is no event.
import type { NodeFacts, Policy } from '../types.ts';
import { isOlderContent } from '../version.ts';
import { behaviourNamed } from './behaviours.ts';
import { termsOf, type Behaving } from './classify.ts';

/** What is known of one behaviour of one node. */
export interface NodeStanding {
  readonly behaving: Behaving;
  /** Undefined where it cannot be told. */
  readonly isSo: boolean | undefined;
  /** In words: what is so, or why it cannot be told. */
  readonly message: string;
}

interface Versioned {
  readonly what: string;
  readonly version: (facts: NodeFacts) => string;
}

/** The runtime stands as `containerd://1.7.22`. */
const versioned: ReadonlyMap<string, Versioned> = new Map([
  ['OutdatedKernel', { what: 'kernel', version: ({ kernelVersion }) => kernelVersion }],
  [
    'OutdatedContainerRuntime',
    { what: 'container runtime', version: ({ containerRuntime }) => containerRuntime.replace(/^[^:]*:\/\//, '') },
  ],
]);

export const nodeStandings: readonly string[] = [...versioned.keys()];

/** Undefined where no policy that selects the node asks for a version. */
export const nodeStanding = (
  behaviour: string,
  facts: NodeFacts,
  selecting: readonly Policy[],
): NodeStanding | undefined => {
  const known = behaviourNamed(behaviour);
  const kind = versioned.get(behaviour);
  const [strictest, ...others] = askedVersions(behaviour, selecting);
  if (known === undefined || kind === undefined || strictest === undefined) return undefined;
  const version = kind.version(facts);
  const terms = termsOf(behaviour, selecting);
  if (terms === undefined) return undefined;
  const behaving = { behaviour, tactics: known.tactics, techniques: known.techniques, ...terms };
  const minimum = others.reduce((most, each) => (isOlderContent(most, each) === true ? each : most), strictest);
  const isSo = isOlderContent(version, minimum);
  return { behaving, isSo, message: wordsOf(isSo, kind.what, version, minimum) };
};

const askedVersions = (behaviour: string, selecting: readonly Policy[]): readonly string[] =>
  selecting.flatMap(({ posture }) =>
    posture.flatMap((rule) => (rule.behaviour === behaviour ? (rule.minimumVersion ?? []) : [])),
  );

const wordsOf = (isSo: boolean | undefined, what: string, version: string, minimum: string): string => {
  if (isSo === undefined) return `the node says "${version}" of its ${what}, which is no version that can be compared`;
  return `the ${what} of the node is ${version}; the oldest that is allowed is ${minimum}`;
};
