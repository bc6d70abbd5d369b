// Behaviours that no event tells: how a node itself stands. Whoever writes the node's object, or its kubelet, is the witness, and says the
// same again and again, so that a look at it is no event.
import { criticalityRank } from '../state.ts';
import { criticalities, type NodeFacts, type Policy } from '../types.ts';
import { isOlder, isOlderContent } from '../version.ts';
import { behaviourNamed } from './behaviours.ts';
import { ownTerms, termsOf, type Behaving } from './classify.ts';
import type { Severity } from './types.ts';

/** What is known of one behaviour of one node. */
export interface NodeStanding {
  readonly behaving: Behaving;
  /** Undefined where it cannot be told. */
  readonly isSo: boolean | undefined;
  /** In words: what is so, or why it cannot be told. */
  readonly message: string;
  /** Of what is judged by it. */
  readonly version: string | undefined;
  /** When that was said; undefined for now. */
  readonly saidAt: number | undefined;
  /** What its finding is to say; undefined: what it says. */
  readonly severity: Severity | undefined;
}

/** What the kubelet of a node says of its control groups. */
export type CgroupAnswer =
  | { readonly version: 1 | 2; readonly at: number }
  /** Why it is not known, in words. */
  | { readonly version: undefined; readonly why: string };

export interface StandingCircumstances {
  /** Policies that select the node. */
  readonly selecting: readonly Policy[];
  /** Behaviours that any policy of the cluster names. */
  readonly named: ReadonlySet<string>;
  readonly cgroups: (facts: NodeFacts) => CgroupAnswer;
}

interface Kind {
  /** Undefined where no policy asks for it on the node. */
  readonly standing: (
    facts: NodeFacts,
    circumstances: StandingCircumstances,
    behaving: Behaving,
  ) => NodeStanding | undefined;
  readonly unasked: string;
}

/** From this version on a kubelet does not start on cgroup v1, unless its configuration says failCgroupV1: false. */
const refusesCgroupV1 = '1.35';

const versioned = (what: string, versionOf: (facts: NodeFacts) => string): Kind => ({
  unasked: 'no policy that selects the node asks for a version of it any more, so that nobody judges it',
  standing: (facts, { selecting }, behaving) => {
    const [strictest, ...others] = askedVersions(behaving.behaviour, selecting);
    if (strictest === undefined) return undefined;
    const minimum = others.reduce((most, each) => (isOlderContent(most, each) === true ? each : most), strictest);
    const version = versionOf(facts);
    const isSo = isOlderContent(version, minimum);
    const message = wordsOf(isSo, what, version, minimum);
    return { behaving, isSo, message, version, saidAt: undefined, severity: behaving.severity };
  },
});

const cgroups: Kind = {
  unasked: 'policies name it, and none of them selects the node any more, so that nobody judges it',
  standing: (facts, circumstances, behaving) => {
    const answer = circumstances.cgroups(facts);
    const unknown = { behaving, isSo: undefined, version: undefined, saidAt: undefined, severity: undefined };
    if (answer.version === undefined) return { ...unknown, message: answer.why };
    if (answer.version === 2) {
      // A kubelet that does not report may be one that does not run: then what it said last holds no more.
      return facts.ready
        ? { ...unknown, isSo: false, message: 'its kubelet says that it runs with cgroup v2' }
        : { ...unknown, message: 'the node is not ready, so that its kubelet says nothing' };
    }
    const wasTold = isOlder(facts.kubeletVersion, refusesCgroupV1) === false;
    const severity = wasTold ? oneWorse(behaving.severity) : behaving.severity;
    const message = `its kubelet says that it runs with cgroup v1${wasTold ? `, and ${facts.kubeletVersion} had to be told to accept that (failCgroupV1: false)` : ''}`;
    return {
      behaving: { ...behaving, severity },
      isSo: true,
      message,
      version: undefined,
      saidAt: answer.at,
      severity,
    };
  },
};

/** The runtime stands as `containerd://1.7.22`. */
const kinds: ReadonlyMap<string, Kind> = new Map([
  ['OutdatedCgroups', cgroups],
  ['OutdatedKernel', versioned('kernel', ({ kernelVersion }) => kernelVersion)],
  [
    'OutdatedContainerRuntime',
    versioned('container runtime', ({ containerRuntime }) => containerRuntime.replace(/^[^:]*:\/\//, '')),
  ],
]);

export const nodeStandings: readonly string[] = [...kinds.keys()];

/** Those that count on any node; what is old only a policy can say. */
export const countingStandings = (named: ReadonlySet<string>): readonly string[] =>
  nodeStandings.filter((behaviour) => named.has(behaviour) || behaviourNamed(behaviour)?.needsVersion === false);

/** Why nobody judges a node of which there is no standing, in words. */
export const whyNotJudged = (behaviour: string): string => kinds.get(behaviour)?.unasked ?? '';

/** Why a node that does not stand so is not mended, in words: it says the same as when it did, and only the policy says another. */
export const whyNotMended = (
  { version, message }: Pick<NodeStanding, 'version' | 'message'>,
  seen: string | undefined,
): string | undefined =>
  version === undefined || seen === undefined || isOlderContent(seen, version) === true
    ? undefined
    : `${message}: a policy that allows it mends nothing; it was ${seen} when it was not allowed. Renew it, or accept the risk`;

/** Undefined where it does not count on the node. */
export const nodeStanding = (
  behaviour: string,
  facts: NodeFacts,
  circumstances: StandingCircumstances,
): NodeStanding | undefined => {
  const behaving = behavingOf(behaviour, circumstances);
  return behaving && kinds.get(behaviour)?.standing(facts, circumstances, behaving);
};

/** As with every behaviour that is built in: where no policy names it, it counts everywhere. */
const behavingOf = (behaviour: string, { selecting, named }: StandingCircumstances): Behaving | undefined => {
  const known = behaviourNamed(behaviour);
  if (known === undefined) return undefined;
  const { tactics, techniques } = known;
  const terms = named.has(behaviour) ? termsOf(behaviour, selecting) : ownTerms(known);
  return terms && { behaviour, tactics, techniques, ...terms };
};

const oneWorse = (severity: Severity): Severity => criticalities[criticalityRank(severity) + 1] ?? severity;

const askedVersions = (behaviour: string, selecting: readonly Policy[]): readonly string[] =>
  selecting.flatMap(({ posture }) =>
    posture.flatMap((rule) => (rule.behaviour === behaviour ? (rule.minimumVersion ?? []) : [])),
  );

const wordsOf = (isSo: boolean | undefined, what: string, version: string, minimum: string): string => {
  if (isSo === undefined) return `the node says "${version}" of its ${what}, which is no version that can be compared`;
  return `the ${what} of the node is ${version}; the oldest that is allowed is ${minimum}`;
};
