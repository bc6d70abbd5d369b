// The ATT&CK matrix of a fleet, from what its assets' agents have loaded and what the policies that judge them require.
import { attackMatrix } from '../attack/matrix.ts';
import type { AttackMatrix, AttackRequirement, AttackUse, PolicyRules } from '../attack/types.ts';
import { compareText } from '../order.ts';
import { isInForce, type RulesetPolicy } from '../telemetry/ruleset.ts';
import type { Policy } from '../types.ts';
import type { Bucket } from './tally.ts';

export const reportAttack = (buckets: readonly Bucket[]): AttackMatrix => {
  const uses = new Map<string, { use: Omit<AttackUse, 'nodes' | 'workloads'>; nodes: number; workloads: number }>();
  const policies = new Set<Policy>();
  const known = new Map<string, RulesetPolicy>();
  for (const { verdict, set, nodes, workloads } of buckets) {
    if (nodes.size + workloads.size === 0) continue;
    for (const policy of set.judging) policies.add(policy);
    const key = verdict.rulesets.map(({ id }) => id).join();
    let found = uses.get(key);
    if (found === undefined) {
      const all = verdict.rulesets.flatMap((ruleset) => ruleset.policies);
      found = { use: { policies: all.filter(isTold).map(rulesOf) }, nodes: 0, workloads: 0 };
      uses.set(key, found);
      for (const policy of all) if (!isTold(policy)) known.set(JSON.stringify(policy), policy);
    }
    found.nodes += nodes.size;
    found.workloads += workloads.size;
  }
  return attackMatrix(
    inOrder(uses).map(({ use, nodes, workloads }) => ({ ...use, nodes, workloads })),
    requirementsOf(policies),
    inOrder(known).map(rulesOf),
  );
};

/** Where two say different things of one rule the first counts: the same one, in whatever order the fleet is kept. */
const inOrder = <T>(found: ReadonlyMap<string, T>): readonly T[] =>
  [...found].toSorted(([a], [b]) => compareText(a, b)).map(([, each]) => each);

/** Whether the agent itself speaks of its rules; what is only declared may fill a gap. */
const isTold = (policy: RulesetPolicy): boolean =>
  isInForce(policy) || policy.status === 'Filtered' || policy.status === 'Disabled' || policy.status === 'Failed';

const rulesOf = ({ agent, name, rules = [] }: RulesetPolicy): PolicyRules => ({ agent, policy: name, rules });

const requirementsOf = (policies: Iterable<Policy>): readonly AttackRequirement[] =>
  [...policies].flatMap(({ require }) => require.mitre.map((wanted) => ({ ...wanted, tactic: wanted.tactic ?? '' })));
