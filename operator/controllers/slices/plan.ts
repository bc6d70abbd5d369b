// A slice as the API writes it, from the domain's.
import type { CoverageProfile, CoverageRuleset, CoverageSlice } from '../../../crds/schema/coverage-slice.ts';
import type { Slice, SliceAssets, SliceProfile } from '../../../domain/coverage/slices.ts';
import { shortHash } from '../../../domain/hash.ts';
import type { UnattributedBook, UnattributedEvent } from '../../findings/unattributed.ts';
import { canonical, cut, rfc3339 } from '../../status.ts';
import { longestSentence, mostPolicies } from '../gap.ts';
import { writtenRuleset } from './ruleset.ts';

export const sliceName = (report: string, assets: SliceAssets, index: number): string =>
  `${report}-${assets.toLowerCase()}-${index}`;

export type SliceContent = Pick<CoverageSlice, 'spec' | 'profiles' | 'rulesets' | 'unattributed'>;

export const planSlice = (
  report: string,
  assets: SliceAssets,
  index: number,
  of: number,
  { profiles, rulesets }: Pick<Slice, 'profiles' | 'rulesets'>,
  unattributed: Pick<UnattributedBook, 'of'>,
): SliceContent => {
  const kept = withinBytes(rulesets.map(writtenRuleset));
  const told = new Set(kept.map(({ id }) => id));
  return {
    spec: { report, assets, index, of, frozen: false },
    profiles: profiles.map((profile) => writtenProfile(profile, told)),
    rulesets: kept,
    unattributed: assets === 'Nodes' ? unattributedIn(profiles, unattributed) : [],
  };
};

/** The API's bound. */
const mostUnattributedNodes = 100;

const unattributedIn = (
  profiles: readonly SliceProfile[],
  { of }: Pick<UnattributedBook, 'of'>,
): CoverageSlice['unattributed'] =>
  profiles
    .flatMap(({ names }) => names)
    .toSorted()
    .flatMap((node) => {
      const known = of(node);
      return known === undefined ? [] : [{ node, count: known.count, events: known.events.map(writtenEvent) }];
    })
    .slice(0, mostUnattributedNodes);

const writtenEvent = ({ at, agent, rule, message, why }: UnattributedEvent) => ({
  time: new Date(at).toISOString(),
  ...(agent === undefined ? {} : { agent }),
  ...(rule === undefined ? {} : { rule: cut(rule, 253) }),
  ...(message === undefined ? {} : { message }),
  why: cut(why, 253),
});

/** Of the 1.5 MB that etcd takes for an object, what rulesets may have beside verdicts and names. */
const mostRulesetBytes = 700_000;

/** What does not fit is left out, and its profiles name no ruleset: their verdicts stand all the same. */
const withinBytes = (rulesets: readonly CoverageRuleset[]): readonly CoverageRuleset[] => {
  let bytes = 0;
  return rulesets.filter((ruleset) => {
    const size = Buffer.byteLength(JSON.stringify(ruleset));
    if (bytes + size > mostRulesetBytes) return false;
    bytes += size;
    return true;
  });
};

const mostReasons = 32;
const mostAgents = 16;

const writtenProfile = (profile: SliceProfile, rulesets: ReadonlySet<string>): CoverageProfile => ({
  id: profile.id,
  state: profile.state,
  ...(profile.evidence === undefined ? {} : { evidence: profile.evidence }),
  reasons: profile.gaps.slice(0, mostReasons).map(({ reason, cause, remedy, agent, policies }) => ({
    reason,
    cause: cut(cause, longestSentence),
    remedy: cut(remedy, longestSentence),
    ...(agent === undefined ? {} : { agent }),
    ...(policies.length === 0 ? {} : { policies: policies.slice(0, mostPolicies) }),
  })),
  agents: profile.agents.slice(0, mostAgents).map(({ name, version, state, evidence }) => ({
    name,
    ...(version === undefined ? {} : { version }),
    state,
    evidence,
  })),
  ...(profile.ruleset === undefined || !rulesets.has(profile.ruleset) ? {} : { ruleset: profile.ruleset }),
  ...(profile.policies.length === 0 ? {} : { policies: profile.policies.slice(0, mostPolicies) }),
  ...(profile.criticality === undefined ? {} : { criticality: profile.criticality }),
  ...(profile.exemption === undefined
    ? {}
    : {
        exemption: {
          policy: profile.exemption.policy,
          source: profile.exemption.source,
          ...(profile.exemption.name === '' ? {} : { name: profile.exemption.name }),
          reason: profile.exemption.reason,
          expiresAt: rfc3339(profile.exemption.expiresAt),
        },
      }),
  names: [...profile.names],
});

/** What is remembered of a slice in the cluster: enough to tell whether it says what it should. */
export interface StoredSlice {
  readonly name: string;
  readonly report: string;
  readonly assets: SliceAssets;
  readonly index: number;
  readonly hash: string;
  readonly resourceVersion: string;
}

export const projectSlice = (raw: unknown): StoredSlice | undefined => {
  const { metadata, spec, profiles = [], rulesets = [], unattributed = [] } = raw as Partial<CoverageSlice>;
  if (metadata === undefined || spec === undefined || spec.frozen) return undefined;
  const { report, assets, index } = spec;
  const { name, resourceVersion = '' } = metadata;
  return {
    name,
    report,
    assets,
    index,
    hash: contentHash({ spec, profiles, rulesets, unattributed }),
    resourceVersion,
  };
};

/** Tells whether a slice says something else than before. */
export const contentHash = ({ spec, profiles, rulesets, unattributed }: SliceContent): string => {
  const text = canonical([spec.index, spec.of, profiles, rulesets, unattributed]);
  // Two halves, since 32 bits over thousands of versions would one day collide.
  return `${shortHash(text)}${shortHash(`${text.length}${text}`)}`;
};
