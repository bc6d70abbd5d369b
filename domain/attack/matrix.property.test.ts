// The matrix against the plainest way to count, over random fleets.
import { array, assert, constantFrom, nat, property, record, shuffledSubarray, type Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import type { RuleFacts } from '../telemetry/types.ts';
import { aRule, falcoRules, onNodes } from '../testing/attack.ts';
import { attackShortfalls, countAttack } from './count.ts';
import { attackMatrix } from './matrix.ts';
import type { AttackUse } from './types.ts';

const ids = ['T1611', 'T1059', 'T1059.004', 'T1078', 'T1552.007', 'T9999', 'TA0002', 'TA0004'] as const;

const someRule: Arbitrary<RuleFacts> = record({
  name: constantFrom('a', 'b', 'c', 'd', 'e'),
  tags: shuffledSubarray([...ids], { maxLength: 3 }),
  status: constantFrom('Loaded' as const, 'Loaded' as const, 'Disabled' as const, 'Filtered' as const),
}).map(({ name, tags, status }) => aRule(`${name} ${tags.join('+')}`, tags, status));

const someUse: Arbitrary<AttackUse> = record({ rules: array(someRule, { maxLength: 5 }), nodes: nat(4) }).map(
  ({ rules, nodes }) => onNodes(nodes, falcoRules(...rules)),
);

const covers = ({ policies }: AttackUse, id: string): boolean =>
  policies.some(({ rules }) =>
    rules.some(
      ({ status, techniques }) =>
        status === 'Loaded' && techniques.some((named) => named === id || named.startsWith(`${id}.`)),
    ),
  );

test('a technique is covered on just the nodes that have a loaded rule for it or for a part of it', () => {
  assert(
    property(array(someUse, { maxLength: 6 }), (uses) => {
      const required = [{ tactic: '', techniques: ids.filter((id) => !id.startsWith('TA')) }];
      const matrix = attackMatrix(uses, required);
      expect(matrix.nodes).toBe(uses.reduce((sum, { nodes }) => sum + nodes, 0));
      for (const technique of matrix.tactics.flatMap(({ techniques }) => techniques)) {
        const counted = uses.filter((use) => covers(use, technique.id)).reduce((sum, { nodes }) => sum + nodes, 0);
        expect([technique.id, technique.nodes]).toEqual([technique.id, counted]);
        expect(technique.agents.reduce((sum, { rules }) => sum + rules, 0)).toBe(technique.rules);
      }
    }),
  );
});

test('an asset lacks a technique just where the matrix of it alone does not cover it', () => {
  assert(
    property(someUse, constantFrom(...ids), (use, id) => {
      const wanted = id.startsWith('TA') ? { tactic: id, techniques: [] } : { tactic: '', techniques: [id] };
      const lacks = attackShortfalls(countAttack(use.policies), [wanted]).length > 0;
      const matrix = attackMatrix([{ ...use, nodes: 1 }], [wanted]);
      const covered = id.startsWith('TA')
        ? (matrix.tactics.find((tactic) => tactic.id === id)?.rules ?? 0) > 0
        : covers(use, id);
      expect(lacks).toBe(!covered);
    }),
  );
});
