// A slice as the API writes it, from the domain's.
import type { CoverageProfile, CoverageSlice } from '../../../crds/schema/coverage-slice.ts';
import type { SliceAssets, SliceProfile } from '../../../domain/coverage/slices.ts';
import { shortHash } from '../../../domain/hash.ts';
import { canonical, cut, rfc3339 } from '../../status.ts';
import { longestSentence, mostPolicies } from '../gap.ts';

export const sliceName = (report: string, assets: SliceAssets, index: number): string =>
  `${report}-${assets.toLowerCase()}-${index}`;

export type SliceContent = Pick<CoverageSlice, 'spec' | 'profiles'>;

export const planSlice = (
  report: string,
  assets: SliceAssets,
  index: number,
  of: number,
  profiles: readonly SliceProfile[],
): SliceContent => ({
  spec: { report, assets, index, of, frozen: false },
  profiles: profiles.map(writtenProfile),
});

const mostReasons = 32;
const mostAgents = 16;

const writtenProfile = (profile: SliceProfile): CoverageProfile => ({
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
  const { metadata, spec, profiles } = raw as Partial<CoverageSlice>;
  if (metadata === undefined || spec === undefined || spec.frozen) return undefined;
  const { report, assets, index } = spec;
  const { name, resourceVersion = '' } = metadata;
  return { name, report, assets, index, hash: contentHash({ spec, profiles: profiles ?? [] }), resourceVersion };
};

/** Tells whether a slice says something else than before. */
export const contentHash = ({ spec, profiles }: SliceContent): string => {
  const text = canonical([spec.index, spec.of, profiles]);
  // Two halves, since 32 bits over thousands of versions would one day collide.
  return `${shortHash(text)}${shortHash(`${text.length}${text}`)}`;
};
