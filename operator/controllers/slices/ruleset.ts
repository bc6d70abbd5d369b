// What agents have loaded as a slice writes it: by names of rules, with counts by technique, since that is what is asked of it.
import type { CoverageRuleset } from '../../../crds/schema/coverage-slice.ts';
import type { SliceRuleset } from '../../../domain/coverage/slices.ts';
import type { RulesetPolicy } from '../../../domain/telemetry/ruleset.ts';
import type { RuleFacts } from '../../../domain/telemetry/types.ts';
import { cut } from '../../status.ts';
import { longest, writtenIdentity } from '../detection.ts';

/** The API's bounds. */
const most = { policies: 200, rules: 2000, tactics: 32, techniques: 1000 } as const;

export const writtenRuleset = ({ id, rulesets }: SliceRuleset): CoverageRuleset => ({
  id,
  policies: rulesets
    .flatMap(({ policies }) => policies)
    .slice(0, most.policies)
    .map(writtenPolicy),
  tactics: summed(
    rulesets.map(({ counts }) => counts.tactics),
    most.tactics,
  ),
  techniques: summed(
    rulesets.map(({ counts }) => counts.techniques),
    most.techniques,
  ),
});

const writtenPolicy = (policy: RulesetPolicy): CoverageRuleset['policies'][number] => {
  const { version, digest, rules, status } = policy;
  return {
    ...writtenIdentity({ ...policy, version: version ?? digest }),
    ...rulesOf(status, rules),
  };
};

const rulesOf = (
  status: RulesetPolicy['status'],
  rules: RulesetPolicy['rules'],
): Partial<Pick<CoverageRuleset['policies'][number], 'rules' | 'disabledRules' | 'failedRules'>> => {
  // What is declared are the rules that it would have.
  if (status === 'Missing') return { rules: [] };
  if (status === 'Declared' || rules === undefined) return {};
  return {
    rules: names(rules, 'Loaded'),
    disabledRules: names(rules, 'Disabled', 'Filtered'),
    failedRules: names(rules, 'Failed'),
  };
};

const names = (rules: readonly RuleFacts[], ...statuses: readonly RuleFacts['status'][]): string[] =>
  rules
    .filter(({ status }) => statuses.includes(status))
    .slice(0, most.rules)
    .map(({ name }) => cut(name, longest.name));

const summed = (maps: readonly ReadonlyMap<string, number>[], limit: number): Record<string, number> => {
  const total = new Map<string, number>();
  for (const map of maps) for (const [id, count] of map) total.set(id, (total.get(id) ?? 0) + count);
  return Object.fromEntries([...total].toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit));
};
