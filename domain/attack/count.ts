// Which techniques the loaded rules of an asset cover, and what a requirement lacks.
import { attackName, parentOf } from './lookup.ts';
import { techniques } from './techniques.ts';
import type { AttackCounts, AttackRequirement, AttackShortfall, PolicyRules } from './types.ts';
import type { RuleFacts } from '../telemetry/types.ts';

/** Of loaded rules only. A policy that two agents load is two. */
export const countAttack = (policies: Iterable<PolicyRules>): AttackCounts => {
  const byTactic = new Map<string, number>();
  const byTechnique = new Map<string, number>();
  let unmapped = 0;
  for (const { rules } of policies) {
    for (const rule of rules) {
      if (rule.status !== 'Loaded') continue;
      if (rule.techniques.length === 0) unmapped += 1;
      for (const id of tacticsOfRule(rule)) byTactic.set(id, (byTactic.get(id) ?? 0) + 1);
      for (const id of techniquesOfRule(rule)) byTechnique.set(id, (byTechnique.get(id) ?? 0) + 1);
    }
  }
  return { tactics: byTactic, techniques: byTechnique, unmapped };
};

/** What it names, and the techniques above: who sees a way of doing it sees it. Not the other way round. */
export const techniquesOfRule = ({ techniques: named }: RuleFacts): ReadonlySet<string> =>
  new Set(named.flatMap((id) => [id, parentOf(id) ?? id]));

/** What it names; if it names none, all that its techniques serve. */
export const tacticsOfRule = ({ tactics: named, techniques: ids }: RuleFacts): ReadonlySet<string> =>
  new Set(named.length > 0 ? named : ids.flatMap((id) => tacticsOfTechnique(id)));

/** Of a sub-technique that the table does not hold, its parent's. */
export const tacticsOfTechnique = (id: string): readonly string[] =>
  (techniques.get(id) ?? techniques.get(parentOf(id) ?? ''))?.tactics ?? [];

/** What of the requirements the counted rules do not meet, in the order in which it is asked for; nothing twice. */
export const attackShortfalls = (
  counts: AttackCounts,
  requirements: Iterable<AttackRequirement>,
): readonly AttackShortfall[] => {
  const found = new Map<string, AttackShortfall>();
  const need = (id: string, rules: number, minimum: number): void => {
    const known = found.get(id);
    if (rules >= minimum || (known !== undefined && known.minimum >= minimum)) return;
    found.set(id, { id, name: attackName(id), rules, minimum });
  };
  for (const { tactic, techniques: wanted, minimumRules = 1 } of requirements) {
    for (const id of wanted) need(id, counts.techniques.get(id) ?? 0, minimumRules);
    if (wanted.length === 0) need(tactic, counts.tactics.get(tactic) ?? 0, minimumRules);
  }
  return [...found.values()];
};
