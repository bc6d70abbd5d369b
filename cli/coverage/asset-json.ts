// An asset as programs get it: all that is known of it, without what it shares with others left to be looked up.
import type { CoverageProfile, CoverageRuleset } from '../../crds/schema/coverage-slice.ts';
import { workloadName, type Asset } from './asset.ts';

export interface AssetDocument {
  readonly asset: 'Node' | 'Workload';
  readonly namespace?: string;
  readonly kind?: string;
  readonly name: string;
  readonly state: CoverageProfile['state'];
  readonly evidence?: CoverageProfile['evidence'];
  readonly criticality?: CoverageProfile['criticality'];
  readonly agents: CoverageProfile['agents'];
  readonly reasons: CoverageProfile['reasons'];
  /** WorkloadPolicies that judged it. */
  readonly policies: readonly string[];
  readonly exemption?: CoverageProfile['exemption'];
  /** What its agents have loaded; left out where it is not known. */
  readonly detectionPolicies?: CoverageRuleset['policies'];
  readonly tactics?: CoverageRuleset['tactics'];
  readonly techniques?: CoverageRuleset['techniques'];
}

export const assetDocument = ({ kind, key, profile, ruleset }: Asset): AssetDocument => ({
  asset: kind,
  ...(kind === 'Node' ? { name: key } : workloadName(key)),
  state: profile.state,
  ...(profile.evidence === undefined ? {} : { evidence: profile.evidence }),
  ...(profile.criticality === undefined ? {} : { criticality: profile.criticality }),
  agents: profile.agents,
  reasons: profile.reasons,
  policies: profile.policies ?? [],
  ...(profile.exemption === undefined ? {} : { exemption: profile.exemption }),
  ...(ruleset === undefined
    ? {}
    : {
        detectionPolicies: ruleset.policies,
        ...(ruleset.tactics === undefined ? {} : { tactics: ruleset.tactics }),
        ...(ruleset.techniques === undefined ? {} : { techniques: ruleset.techniques }),
      }),
});
