// The assets behind a report, cut into a bounded number of slices: placed by a stable hash, so that one change touches one.
import { fnv1a, shortHash } from '../hash.ts';
import { badnessOf, mostCritical } from '../state.ts';
import type { Ruleset } from '../telemetry/ruleset.ts';
import type { AssetState, Criticality, Evidence } from '../types.ts';
import type { NodeEntry, WorkloadEntry } from './inventory.ts';
import { placeOf } from './shelves.ts';
import type { Bucket, Tally } from './tally.ts';
import { compareText, type AgentVerdict, type Gap, type GrantedExemption } from './verdict.ts';

export type SliceAssets = 'Nodes' | 'Workloads';

export interface SliceProfile {
  /** The same for the same content, whichever process writes it. */
  readonly id: string;
  readonly state: AssetState | 'NotRunning';
  readonly evidence: Evidence | undefined;
  readonly gaps: readonly Gap[];
  readonly agents: readonly AgentVerdict[];
  readonly exemption: GrantedExemption | undefined;
  /** Which of the slice's rulesets its agents have loaded; undefined where nobody tells, or the slice holds too many. */
  readonly ruleset: string | undefined;
  readonly policies: readonly string[];
  readonly criticality: Criticality | undefined;
  readonly names: readonly string[];
}

export interface Slice {
  readonly index: number;
  readonly profiles: readonly SliceProfile[];
  /** Each once, for all profiles that name it. */
  readonly rulesets: readonly SliceRuleset[];
}

/** What the agents of some assets have loaded together. */
export interface SliceRuleset {
  readonly id: string;
  readonly rulesets: readonly Ruleset[];
}

/** The API's bound on the rulesets of one slice. Those of most assets are kept; profiles of the others name none. */
const mostRulesets = 64;

/** Large enough that profiles are shared, small enough that a rewrite is some ten kilobytes. */
const assetsPerSlice = 256;

/**
 * How many slices hold `assets`: a power of two. It grows when slices are full and shrinks only when they are a quarter full,
 * since a change of the number moves assets between slices.
 */
export const sliceCount = (assets: number, current: number): number => {
  const needed = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, assets) / assetsPerSlice)));
  return needed > current || needed * 4 <= current ? needed : current;
};

/** Where an asset is placed, for a number of slices that is a power of two. */
export const sliceIndexOf = (name: string, count: number): number => placeOf(fnv1a(name), count);

/** The slices at the wanted indexes, out of `count`. */
export const buildSlices = (
  tally: Tally,
  assets: SliceAssets,
  count: number,
  wanted: ReadonlySet<number>,
): readonly Slice[] => {
  const profiled = ({ verdict, set }: NodeEntry | WorkloadEntry): Profiled => {
    if (verdict === undefined || set === undefined) return notRunning;
    const bucket = tally.bucket(verdict, set);
    return (bucket.profiled ??= profileOf(bucket));
  };
  return Array.from(wanted, (index) => {
    const slice: GrowingSlice = new Map();
    for (const asset of tally.placed[assets].at(index, count)) {
      const { content, profile, rulesets } = profiled(asset);
      const name = 'key' in asset ? asset.key : asset.name;
      const known = slice.get(content);
      if (known === undefined) slice.set(content, { profile, rulesets, names: [name] });
      else known.names.push(name);
    }
    const rulesets = rulesetsOf(slice.values());
    const told = new Set(rulesets.map(({ id }) => id));
    return {
      index,
      profiles: [...slice.values()]
        .map(({ profile: { ruleset, ...profile }, names }) => ({
          ...profile,
          ruleset: ruleset !== undefined && told.has(ruleset) ? ruleset : undefined,
          names: names.toSorted(compareText),
        }))
        .toSorted(byBadness),
      rulesets,
    };
  });
};

const rulesetsOf = (
  profiles: Iterable<{
    readonly rulesets: readonly Ruleset[];
    readonly profile: SliceProfile;
    readonly names: readonly string[];
  }>,
): readonly SliceRuleset[] => {
  const found = new Map<string, { readonly rulesets: readonly Ruleset[]; assets: number }>();
  for (const { rulesets, profile, names } of profiles) {
    if (profile.ruleset === undefined) continue;
    const known = found.get(profile.ruleset) ?? { rulesets, assets: 0 };
    known.assets += names.length;
    found.set(profile.ruleset, known);
  }
  return [...found]
    .toSorted(([a, { assets: x }], [b, { assets: y }]) => y - x || compareText(a, b))
    .slice(0, mostRulesets)
    .map(([id, { rulesets }]) => ({ id, rulesets }))
    .toSorted((a, b) => compareText(a.id, b.id));
};

/** By content: a short id may, once in a great while, be that of two profiles. */
type GrowingSlice = Map<string, Omit<Profiled, 'content'> & { readonly names: string[] }>;

export interface Profiled {
  readonly profile: SliceProfile;
  readonly rulesets: readonly Ruleset[];
  readonly content: string;
}

const notRunning: Profiled = {
  content: 'NotRunning',
  rulesets: [],
  profile: {
    id: 'NotRunning',
    state: 'NotRunning',
    evidence: undefined,
    gaps: [],
    agents: [],
    exemption: undefined,
    ruleset: undefined,
    policies: [],
    criticality: undefined,
    names: [],
  },
};

const profileOf = ({ verdict, set }: Bucket): Profiled => {
  const { state, evidence, gaps, agents, rulesets, exemptions } = verdict;
  const parts = {
    state,
    evidence,
    gaps,
    agents,
    exemption: state === 'Exempt' ? exemptions.toSorted((a, b) => a.expiresAt - b.expiresAt)[0] : undefined,
    ruleset: idOf(rulesets),
    policies: set.judging.map(({ name }) => name),
    criticality: set.selecting
      .map(({ criticality }) => criticality)
      .reduce<Criticality | undefined>((a, b) => (a === undefined ? b : mostCritical(a, b)), undefined),
  };
  const content = JSON.stringify(parts);
  return { content, rulesets, profile: { id: `${state}-${shortHash(content)}`, ...parts, names: [] } };
};

/** An agent's own where it is alone, which is nearly always. */
const idOf = (rulesets: readonly Ruleset[]): string | undefined => {
  const [first, second] = rulesets;
  if (first === undefined || second === undefined) return first?.id;
  const ids = rulesets.map(({ id }) => id).join();
  return `${shortHash(ids)}${shortHash(`${ids.length}${ids}`)}`;
};

const byBadness = (a: SliceProfile, b: SliceProfile): number =>
  rank(b) - rank(a) || compareText(a.id, b.id) || compareText(a.names[0] ?? '', b.names[0] ?? '');

const rank = ({ state }: SliceProfile): number => {
  if (state === 'NotRunning') return -2;
  return state === 'Exempt' ? -1 : badnessOf(state);
};
