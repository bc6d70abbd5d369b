// Rules over all nodes, out of what their rulesets say.
import type { CoverageReport } from '../../crds/schema/coverage-report.ts';
import { compareText, type Asset } from './asset.ts';

export interface RuleRow {
  readonly rule: string;
  readonly policy: string;
  readonly agent: string;
  /** Nodes on which it is so. */
  readonly loaded: number;
  readonly disabled: number;
  readonly filtered: number;
  readonly failed: number;
  readonly missing: number;
  /** What the agent says of it where it is not loaded. */
  readonly message?: string;
}

type ReportedRule = NonNullable<NonNullable<CoverageReport['status']>['rules']>[number];

/** Those that are not loaded somewhere first, then by name. */
export const ruleRows = (nodes: readonly Asset[], reported: readonly ReportedRule[]): readonly RuleRow[] => {
  const rows = new Map<string, { -readonly [Key in keyof RuleRow]: RuleRow[Key] }>();
  const rowOf = (rule: string, policy: string, agent: string) => {
    const key = `${agent}\n${policy}\n${rule}`;
    const row = rows.get(key) ?? { rule, policy, agent, loaded: 0, disabled: 0, filtered: 0, failed: 0, missing: 0 };
    rows.set(key, row);
    return row;
  };
  for (const [ruleset, count] of rulesetsOf(nodes)) {
    for (const { name: policy, agent = '', rules = [], disabledRules = [], failedRules = [] } of ruleset.policies) {
      const add = (rule: string, field: 'loaded' | 'disabled' | 'failed'): void => {
        rowOf(rule, policy, agent)[field] += count;
      };
      for (const rule of rules) add(rule, 'loaded');
      for (const rule of disabledRules) add(rule, 'disabled');
      for (const rule of failedRules) add(rule, 'failed');
    }
  }
  // What is missing is in no ruleset; rulesets hold filtered rules among the disabled; and only the report has the agents' words.
  for (const { name, policy = '', agent = '', status, message, nodes: count } of reported) {
    const row = rowOf(name, policy, agent);
    if (message !== undefined) row.message = message;
    if (status === 'Missing') row.missing += count;
    if (status === 'Filtered') {
      row.filtered += count;
      row.disabled = Math.max(0, row.disabled - count);
    }
  }
  return [...rows.values()].toSorted(
    (a, b) => Number(isWhole(a)) - Number(isWhole(b)) || compareText(a.rule, b.rule) || compareText(a.policy, b.policy),
  );
};

const isWhole = ({ loaded, disabled, filtered, failed, missing }: RuleRow): boolean =>
  loaded > 0 && disabled + filtered + failed + missing === 0;

/** Each with the nodes that have it. Slices hold copies of one ruleset, so it is told by its id. */
const rulesetsOf = (nodes: readonly Asset[]): readonly (readonly [NonNullable<Asset['ruleset']>, number])[] => {
  const found = new Map<string, [NonNullable<Asset['ruleset']>, number]>();
  for (const { ruleset } of nodes) {
    if (ruleset === undefined) continue;
    const known = found.get(ruleset.id);
    if (known === undefined) found.set(ruleset.id, [ruleset, 1]);
    else known[1] += 1;
  }
  return [...found.values()];
};
