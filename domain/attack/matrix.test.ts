import { describe, expect, it } from 'vitest';
import { aRule, falcoRules, onNodes } from '../testing/attack.ts';
import { attackMatrix } from './matrix.ts';
import { tactics } from './tactics.ts';
import type { AttackMatrix, AttackTechnique } from './types.ts';

const techniqueIn = (matrix: AttackMatrix, id: string, tactic?: string): AttackTechnique | undefined =>
  matrix.tactics
    .filter((each) => tactic === undefined || each.id === tactic)
    .flatMap(({ techniques }) => techniques)
    .find((technique) => technique.id === id);

const escape = aRule('escape', ['TA0004', 'T1611']);

describe('the matrix', () => {
  it('has all tactics in their order, and counts the nodes that were looked at', () => {
    const matrix = attackMatrix([onNodes(2), onNodes(3, falcoRules(escape))]);
    expect(matrix.tactics.map(({ id }) => id)).toEqual(tactics.map(({ id }) => id));
    expect(matrix.nodes).toBe(5);
  });

  it('says on how many nodes a technique is covered, by how many rules of which agents', () => {
    const tetragon = { agent: 'tetragon', policy: 'namespaces', rules: [aRule('setns', ['T1611'])] };
    const matrix = attackMatrix([
      onNodes(3, falcoRules(escape), tetragon),
      onNodes(2, falcoRules(escape, aRule('mount', ['T1611']))),
      onNodes(1),
    ]);
    expect(techniqueIn(matrix, 'T1611')).toMatchObject({
      rules: 3,
      nodes: 5,
      agents: [
        { name: 'falco', rules: 2 },
        { name: 'tetragon', rules: 1 },
      ],
      examples: [
        { agent: 'falco', policy: 'falco_rules.yaml', rule: 'escape' },
        { agent: 'falco', policy: 'falco_rules.yaml', rule: 'mount' },
        { agent: 'tetragon', policy: 'namespaces', rule: 'setns' },
      ],
    });
  });

  it('counts a node once for a technique, however many rules cover it', () => {
    const matrix = attackMatrix([onNodes(4, falcoRules(escape, aRule('mount', ['T1611'])), falcoRules(escape))]);
    expect(techniqueIn(matrix, 'T1611')).toMatchObject({ nodes: 4, rules: 2 });
  });

  it('shows a technique under each of its tactics, and counts rules for those that they name', () => {
    const matrix = attackMatrix([onNodes(1, falcoRules(aRule('login', ['TA0001', 'T1078'])))]);
    const shown = matrix.tactics.filter(({ techniques }) => techniques.some(({ id }) => id === 'T1078'));
    expect(shown.map(({ id, rules }) => [id, rules])).toEqual([
      ['TA0001', 1],
      ['TA0003', 0],
      ['TA0004', 0],
      ['TA0005', 0],
    ]);
  });

  it('shows what is required even where no rule covers it', () => {
    const matrix = attackMatrix([onNodes(1)], [{ tactic: '', techniques: ['T1611'] }]);
    expect(techniqueIn(matrix, 'T1611')).toMatchObject({ rules: 0, nodes: 0, required: true, fillers: [] });
  });

  it('keeps disabled rules apart', () => {
    const rules = [aRule('off', ['T1611'], 'Disabled'), aRule('old', ['T1611'], 'Filtered'), escape];
    expect(techniqueIn(attackMatrix([onNodes(1, falcoRules(...rules))]), 'T1611')).toMatchObject({
      rules: 1,
      disabledRules: 2,
      fillers: [],
    });
  });

  it('takes a rule as loaded that is so anywhere', () => {
    const off = falcoRules(aRule('escape', ['T1611'], 'Disabled'));
    expect(techniqueIn(attackMatrix([onNodes(1, off), onNodes(1, falcoRules(escape))]), 'T1611')).toMatchObject({
      rules: 1,
      nodes: 1,
      disabledRules: 0,
    });
  });

  it('counts loaded rules without a technique', () => {
    const rules = [aRule('plain'), aRule('tactic only', ['TA0002']), aRule('off', [], 'Disabled'), escape];
    expect(attackMatrix([onNodes(9, falcoRules(...rules))]).unmappedRules).toBe(2);
  });

  it('is the same for the same rules in another order', () => {
    const uses = [onNodes(1, falcoRules(escape, aRule('b', ['T1059']))), onNodes(2, falcoRules(aRule('a', ['T1611'])))];
    const turned = uses.toReversed().map((use) => ({
      ...use,
      policies: use.policies.map((each) => ({ ...each, rules: each.rules.toReversed() })),
    }));
    expect(attackMatrix(turned)).toEqual(attackMatrix(uses));
  });
});

describe('rules that would cover more', () => {
  const fillersOf = (matrix: AttackMatrix, id = 'T1611') =>
    techniqueIn(matrix, id)?.fillers.map(({ rule, why }) => [rule, why]);

  it('are those that other nodes have loaded', () => {
    expect(fillersOf(attackMatrix([onNodes(1, falcoRules(escape)), onNodes(1)]))).toEqual([
      ['escape', 'LoadedElsewhere'],
    ]);
  });

  it('are those that the agent has and does not use, and why', () => {
    const rules = [
      aRule('a', ['T1611'], 'Disabled'),
      aRule('b', ['T1611'], 'Filtered'),
      aRule('c', ['T1611'], 'Failed'),
    ];
    expect(fillersOf(attackMatrix([onNodes(1, falcoRules(...rules))]))).toEqual([
      ['a', 'Disabled'],
      ['b', 'Filtered'],
      ['c', 'Failed'],
    ]);
  });

  it('are those that are declared or in a catalogue only', () => {
    const known = [falcoRules(escape, aRule('off', ['T1611'], 'Disabled'))];
    expect(fillersOf(attackMatrix([onNodes(1)], [], known))).toEqual([
      ['escape', 'NotLoaded'],
      ['off', 'Disabled'],
    ]);
  });

  it('are none where every node has a rule', () => {
    const known = [falcoRules(aRule('more', ['T1611']))];
    expect(fillersOf(attackMatrix([onNodes(1, falcoRules(escape))], [], known))).toEqual([]);
  });

  it('are said with what the agent says of them, not with what is declared', () => {
    const loaded = falcoRules(aRule('escape', ['T1611'], 'Failed'));
    expect(fillersOf(attackMatrix([onNodes(1, loaded)], [], [falcoRules(escape)]))).toEqual([['escape', 'Failed']]);
  });

  it('are the first five, so that a report keeps its size', () => {
    const rules = Array.from({ length: 9 }, (_, index) => aRule(`r${index}`, ['T1611'], 'Disabled'));
    expect(fillersOf(attackMatrix([onNodes(1, falcoRules(...rules))]))).toHaveLength(5);
  });
});

describe('ids that the table does not hold', () => {
  it('are named with the policy that they come from', () => {
    const rules = [aRule('a', ['T9999', 'T1611']), aRule('b', ['T9999'], 'Disabled'), aRule('c', ['TA9999', 'typo'])];
    expect(attackMatrix([onNodes(1, falcoRules(...rules))]).unknown).toEqual([
      { id: 'T9999', agent: 'falco', policy: 'falco_rules.yaml', rules: 2 },
      { id: 'TA9999', agent: 'falco', policy: 'falco_rules.yaml', rules: 1 },
      { id: 'typo', agent: 'falco', policy: 'falco_rules.yaml', rules: 1 },
    ]);
  });

  it('stand under the tactic that their rule names, where they are ids at all', () => {
    const matrix = attackMatrix([onNodes(2, falcoRules(aRule('a', ['TA0002', 'T9999', 'typo'])))]);
    expect(techniqueIn(matrix, 'T9999', 'TA0002')).toMatchObject({ rules: 1, nodes: 2 });
    expect(techniqueIn(matrix, 'typo')).toBeUndefined();
  });
});
