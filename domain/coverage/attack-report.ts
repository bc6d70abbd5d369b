// The ATT&CK matrix of a fleet, from what its assets' agents have loaded and what the policies that judge them require.
import { attackMatrix } from '../attack/matrix.ts';
import type { AttackMatrix, AttackRequirement, PolicyRules } from '../attack/types.ts';
import { compareText } from '../order.ts';
import { isInForce, type Ruleset, type RulesetPolicy } from '../telemetry/ruleset.ts';
import type { RuleFacts } from '../telemetry/types.ts';
import type { Policy } from '../types.ts';
import type { Bucket } from './tally.ts';

/**
 * The matrix of the last report, and those of a few before by what their rules were laid out from: hundreds of rules are laid out
 * anew only where what is loaded or required changed, and assets counted anew only where they moved.
 */
export interface RememberedMatrix {
  readonly rules: string;
  readonly assets: string;
  readonly matrix: AttackMatrix;
  readonly others: ReadonlyMap<string, AttackMatrix>;
}

/** A node whose agent comes and goes makes one situation more or less: this many are told apart. */
const mostRemembered = 8;

export const reportAttack = (buckets: readonly Bucket[], before: RememberedMatrix | undefined): RememberedMatrix => {
  const found = new Map<string, Use>();
  const policies = new Set<Policy>();
  for (const { verdict, set, nodes, workloads } of buckets) {
    if (nodes.size + workloads.size === 0) continue;
    for (const policy of set.judging) policies.add(policy);
    const key = verdict.rulesets.map(({ id }) => id).join();
    const use = found.get(key) ?? { rulesets: verdict.rulesets, nodes: 0, workloads: 0 };
    found.set(key, use);
    use.nodes += nodes.size;
    use.workloads += workloads.size;
  }
  const uses = inOrder(found);
  const required = requirementsOf(policies);
  const rules = JSON.stringify([uses.map(({ rulesets }) => rulesets.map(({ id }) => id)), required]);
  const assets = uses.map(({ nodes, workloads }) => `${nodes}/${workloads}`).join();
  if (before?.rules === rules && before.assets === assets) return before;
  const known = before?.others.get(rules);
  const matrix = known === undefined ? matrixOf(uses, required) : recount(known, uses);
  const kept = [...(before?.others ?? [])].filter(([key]) => key !== rules).slice(1 - mostRemembered);
  return { rules, assets, matrix, others: new Map([...kept, [rules, matrix]]) };
};

/** The same rules over other numbers of assets. Which assets have none of them, and so what would fill the gap, is the same. */
const recount = (matrix: AttackMatrix, uses: readonly Use[]): AttackMatrix => {
  const covering = (id: string): Assets =>
    assetsOf(uses.filter(({ rulesets }) => rulesets.some(({ counts }) => counts.techniques.has(id))));
  const counted = new Map<string, Assets>();
  const count = (id: string): Assets => {
    const known = counted.get(id) ?? covering(id);
    counted.set(id, known);
    return known;
  };
  return {
    ...matrix,
    ...assetsOf(uses),
    tactics: matrix.tactics.map((tactic) => ({
      ...tactic,
      techniques: tactic.techniques.map((technique) => ({ ...technique, ...count(technique.id) })),
    })),
  };
};

interface Assets {
  readonly nodes: number;
  readonly workloads: number;
}

const assetsOf = (uses: readonly Assets[]): Assets => ({
  nodes: uses.reduce((sum, { nodes }) => sum + nodes, 0),
  workloads: uses.reduce((sum, { workloads }) => sum + workloads, 0),
});

interface Use {
  readonly rulesets: readonly Ruleset[];
  nodes: number;
  workloads: number;
}

const matrixOf = (uses: readonly Use[], required: readonly AttackRequirement[]): AttackMatrix => {
  const known = new Map<string, RulesetPolicy>();
  const told = uses.map(({ rulesets, nodes, workloads }) => {
    const all = rulesets.flatMap(({ policies }) => policies);
    for (const policy of all) if (!isTold(policy)) known.set(JSON.stringify(policy), policy);
    return { policies: all.filter(isTold).map(rulesOf), nodes, workloads };
  });
  return attackMatrix(told, required, inOrder(known).map(rulesOf));
};

/** Where two say different things of one rule the first counts: the same one, in whatever order the fleet is kept. */
const inOrder = <T>(found: ReadonlyMap<string, T>): readonly T[] =>
  [...found].toSorted(([a], [b]) => compareText(a, b)).map(([, each]) => each);

/** Whether the agent itself speaks of its rules; what is only declared may fill a gap. */
const isTold = (policy: RulesetPolicy): boolean =>
  isInForce(policy) || policy.status === 'Filtered' || policy.status === 'Disabled' || policy.status === 'Failed';

const rulesOf = (policy: RulesetPolicy): PolicyRules => {
  const { agent, name, rules = [], status } = policy;
  // Whatever is said of its rules, those of a policy that is switched off are.
  const isOff = status === 'Filtered' || status === 'Disabled' || status === 'Failed';
  const off = (rule: RuleFacts): RuleFacts => (rule.status === 'Loaded' && isOff ? { ...rule, status } : rule);
  return { agent, policy: name, rules: isOff ? rules.map(off) : rules };
};

const requirementsOf = (policies: Iterable<Policy>): readonly AttackRequirement[] =>
  [...policies]
    .toSorted((a, b) => compareText(a.name, b.name))
    .flatMap(({ require }) => require.mitre.map((wanted) => ({ ...wanted, tactic: wanted.tactic ?? '' })));
