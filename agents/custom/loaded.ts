// Policies and rules out of the metrics that spec.custom names: one series each, or one for each state that one may be in, of which
// the one with a value above zero holds.
import type { LoadedPolicy, RuleFacts } from '../../domain/telemetry/types.ts';
import { attackIdsInTags } from '../attack-ids.ts';
import { boundedByName, boundedVersion } from '../bounded.ts';
import { samplesOf, type Exposition, type Sample } from '../exposition.ts';
import { labelOf } from './label.ts';
import type { CustomSettings } from './settings.ts';
import { sourceOf, statusOf } from './words.ts';

export interface Loaded {
  readonly policies?: readonly LoadedPolicy[];
  readonly policiesAre?: 'Complete' | 'Partial';
}

export const readLoaded = (exposition: Exposition, { policies, rules }: CustomSettings): Loaded => {
  const own = policies === undefined ? [] : samplesOf(exposition, policies.metric);
  const ofRules = rules === undefined ? [] : samplesOf(exposition, rules.metric);
  if (own.length === 0 && ofRules.length === 0) return {};
  const found = policies === undefined ? [] : readPolicies(own, policies);
  const byPolicy = rules === undefined ? new Map<string, readonly RuleFacts[]>() : readRules(ofRules, rules, found);
  const named = new Set(found.map(({ name }) => name));
  const { items, cut } = boundedByName<LoadedPolicy>(
    [
      ...found,
      // Rules prove the policy that they name, even where no metric lists it.
      ...[...byPolicy.keys()]
        .filter((name) => !named.has(name))
        .map((name): LoadedPolicy => ({ name, status: 'Loaded' })),
    ],
    (policy) => JSON.stringify(policy).length,
  );
  const { kept, isCut } = withRules(items, byPolicy);
  // A line that cannot be read may have been a policy.
  const isWhole = !exposition.truncated && exposition.unreadable === 0;
  return { policies: kept, policiesAre: own.length > 0 && !cut && !isCut && isWhole ? 'Complete' : 'Partial' };
};

type PolicySettings = NonNullable<CustomSettings['policies']>;
type RuleSettings = NonNullable<CustomSettings['rules']>;

const readPolicies = (samples: readonly Sample[], settings: PolicySettings): readonly LoadedPolicy[] =>
  [...bySeries(samples, settings.nameLabel)].map(([name, series]) => {
    const { sample, ...state } = stateOf(series, settings.statusLabel);
    const version = boundedVersion(labelOf(sample, settings.versionLabel));
    const source = sourceOf(labelOf(sample, settings.sourceLabel) ?? '');
    return {
      name,
      ...(version === undefined ? {} : { version }),
      ...(source === undefined ? {} : { source }),
      ...state,
    };
  });

/** Rules that name no policy belong to the only one that there is, or to one of their own. */
const withoutPolicy = 'all rules';

const readRules = (
  samples: readonly Sample[],
  settings: RuleSettings,
  policies: readonly LoadedPolicy[],
): ReadonlyMap<string, readonly RuleFacts[]> => {
  const [only, ...others] = policies;
  const home = only !== undefined && others.length === 0 ? only.name : withoutPolicy;
  const groups = Map.groupBy(samples, (sample) => labelOf(sample, settings.policyLabel) ?? home);
  return new Map(
    [...groups].map(([policy, those]) => [
      policy,
      [...bySeries(those, settings.nameLabel)].map(([name, series]): RuleFacts => {
        const { sample, status, message } = stateOf(series, settings.statusLabel);
        const tags = Object.values(sample.labels).flatMap((value) => value.split(/[,;|\s]+/));
        return {
          name,
          status: status === 'PartiallyLoaded' ? 'Loaded' : status,
          ...(message === undefined ? {} : { message }),
          ...attackIdsInTags(tags),
        };
      }),
    ]),
  );
};

const bySeries = (samples: readonly Sample[], nameLabel: string): ReadonlyMap<string, readonly Sample[]> => {
  const named = Map.groupBy(samples, (sample) => labelOf(sample, nameLabel) ?? '');
  named.delete('');
  return named;
};

const stateOf = (
  series: readonly Sample[],
  statusLabel: string | undefined,
): { readonly sample: Sample } & Pick<LoadedPolicy, 'status' | 'message'> => {
  const holding = series.filter(isHolding);
  const [sample = { labels: {}, value: 0 }] = holding.length === 0 ? series : holding;
  if (holding.length === 0) return { sample, status: 'Disabled' };
  const word = labelOf(sample, statusLabel);
  if (word === undefined) return { sample, status: 'Loaded' };
  const status = statusOf(word);
  // Half-believed: it is there, and in a state that nobody here knows.
  return status === undefined
    ? {
        sample,
        status: 'PartiallyLoaded',
        message: `its status is ${JSON.stringify(word.slice(0, 40))}, which is not known here`,
      }
    : { sample, status };
};

/** An info metric without a value holds. */
const isHolding = ({ value }: Sample): boolean => Number.isNaN(value) || value > 0;

/** Of all policies together: no agent has more, and a reading has a bound. */
const maximumRules = 500;
const maximumCharacters = 40 * 1024;

const withRules = (
  policies: readonly LoadedPolicy[],
  byPolicy: ReadonlyMap<string, readonly RuleFacts[]>,
): { readonly kept: readonly LoadedPolicy[]; readonly isCut: boolean } => {
  let [count, characters] = [0, 0];
  let isCut = false;
  const kept = policies.map((policy) => {
    const rules = byPolicy.get(policy.name);
    if (rules === undefined) return policy;
    const fitting: RuleFacts[] = [];
    for (const rule of rules.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      characters += JSON.stringify(rule).length;
      count++;
      if (count > maximumRules || characters > maximumCharacters) isCut = true;
      else fitting.push(rule);
    }
    return { ...policy, rules: fitting };
  });
  return { kept, isCut };
};
