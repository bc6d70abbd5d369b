// The ATT&CK matrix of a fleet, from what its assets' agents have loaded and what the policies that judge them require.
import { attackMatrix } from '../attack/matrix.ts';
import type { AttackMatrix, AttackRequirement, PolicyRules } from '../attack/types.ts';
import { compareText } from '../order.ts';
import { isInForce, type Ruleset, type RulesetPolicy } from '../telemetry/ruleset.ts';
import type { Policy } from '../types.ts';
import type { Bucket } from './tally.ts';

/** What a matrix was made of, and the matrix: hundreds of rules are laid out anew only where that changed. */
export interface RememberedMatrix {
  readonly of: string;
  readonly matrix: AttackMatrix;
}

export const reportAttack = (buckets: readonly Bucket[], before: RememberedMatrix | undefined): RememberedMatrix => {
  const uses = new Map<string, Use>();
  const policies = new Set<Policy>();
  for (const { verdict, set, nodes, workloads } of buckets) {
    if (nodes.size + workloads.size === 0) continue;
    for (const policy of set.judging) policies.add(policy);
    const key = verdict.rulesets.map(({ id }) => id).join();
    const use = uses.get(key) ?? { rulesets: verdict.rulesets, nodes: 0, workloads: 0 };
    uses.set(key, use);
    use.nodes += nodes.size;
    use.workloads += workloads.size;
  }
  const required = requirementsOf(policies);
  const of = JSON.stringify([
    inOrder(uses).map(({ rulesets, nodes, workloads }) => [rulesets.map(({ id }) => id), nodes, workloads]),
    required,
  ]);
  return before?.of === of ? before : { of, matrix: matrixOf(inOrder(uses), required) };
};

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

const rulesOf = ({ agent, name, rules = [] }: RulesetPolicy): PolicyRules => ({ agent, policy: name, rules });

const requirementsOf = (policies: Iterable<Policy>): readonly AttackRequirement[] =>
  [...policies]
    .toSorted((a, b) => compareText(a.name, b.name))
    .flatMap(({ require }) => require.mitre.map((wanted) => ({ ...wanted, tactic: wanted.tactic ?? '' })));
