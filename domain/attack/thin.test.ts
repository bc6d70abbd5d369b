import { describe, expect, it } from 'vitest';
import { aRule, falcoRules, onNodes } from '../testing/attack.ts';
import { attackMatrix } from './matrix.ts';
import { tactics } from './tactics.ts';
import { thinTactics } from './thin.ts';

const escalation = (...args: Parameters<typeof attackMatrix>) =>
  thinTactics(attackMatrix(...args), ['Containers']).find(({ id }) => id === 'TA0004');

describe('thin techniques', () => {
  it('are told for each tactic, in the order of the matrix', () => {
    expect(thinTactics({ nodes: 0 }, ['Linux']).map(({ id }) => id)).toEqual(tactics.map(({ id }) => id));
  });

  it('are all techniques of the platform where nothing is loaded', () => {
    const tactic = escalation([onNodes(3)]);
    expect(tactic).toMatchObject({ rules: 0, covered: 0 });
    expect(tactic?.thin.map(({ id }) => id)).toEqual(['T1053', 'T1068', 'T1078', 'T1098', 'T1543', 'T1611']);
  });

  it('leave out what every node sees', () => {
    const tactic = escalation([onNodes(3, falcoRules(aRule('escape', ['T1611'])))]);
    expect(tactic).toMatchObject({ rules: 1, total: 6, covered: 1 });
    expect(tactic?.thin.map(({ id }) => id)).not.toContain('T1611');
  });

  it('come with what is required first, then by the nodes that lack them, then what a known rule would fill', () => {
    const tactic = escalation(
      [onNodes(2, falcoRules(aRule('login', ['T1078']), aRule('off', ['T1611'], 'Disabled'))), onNodes(1)],
      [{ tactic: '', techniques: ['T1078'] }],
    );
    const order = tactic?.thin.map(({ id, uncoveredNodes }) => `${id}:${uncoveredNodes}`);
    expect(order).toEqual(['T1078:1', 'T1611:3', 'T1053:3', 'T1068:3', 'T1098:3', 'T1543:3']);
  });

  it('name the rules that would fill them', () => {
    const tactic = escalation([onNodes(1, falcoRules(aRule('off', ['T1611'], 'Disabled')))]);
    expect(tactic?.thin[0]).toMatchObject({
      id: 'T1611',
      disabledRules: 1,
      fillers: [{ rule: 'off', why: 'Disabled' }],
    });
  });

  it('hold a sub-technique that the report names', () => {
    const tactic = escalation([onNodes(1)], [{ tactic: '', techniques: ['T1098.006'] }]);
    expect(tactic?.thin[0]).toMatchObject({ id: 'T1098.006', required: true });
  });
});
