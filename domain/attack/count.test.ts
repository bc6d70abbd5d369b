import { describe, expect, it } from 'vitest';
import { falcoRules, aRule } from '../testing/attack.ts';
import { attackShortfalls, countAttack } from './count.ts';

describe('what loaded rules cover', () => {
  it('counts a sub-technique for its parent too, and not the other way round', () => {
    const { techniques } = countAttack([falcoRules(aRule('shell', ['T1059.004']), aRule('run', ['T1059']))]);
    expect(Object.fromEntries(techniques)).toEqual({ T1059: 2, 'T1059.004': 1 });
  });

  it('takes the tactics that a rule names over all that its techniques serve', () => {
    const named = countAttack([falcoRules(aRule('login', ['TA0001', 'T1078']))]);
    expect([...named.tactics.keys()]).toEqual(['TA0001']);
    const unnamed = countAttack([falcoRules(aRule('login', ['T1078']))]);
    expect([...unnamed.tactics.keys()]).toEqual(['TA0001', 'TA0003', 'TA0004', 'TA0005']);
  });

  it('leaves out rules that are not loaded, and counts those that name no technique', () => {
    const rules = [aRule('off', ['T1611'], 'Disabled'), aRule('bad', ['T1611'], 'Failed'), aRule('plain', ['TA0002'])];
    const counts = countAttack([falcoRules(...rules)]);
    expect(counts.techniques.size).toBe(0);
    expect(counts.tactics.get('TA0002')).toBe(1);
    expect(counts.unmapped).toBe(1);
  });

  it('counts an unknown sub-technique by the tactics of its parent', () => {
    const counts = countAttack([falcoRules(aRule('new', ['T1059.999']))]);
    expect([...counts.tactics.keys()]).toEqual(['TA0002']);
  });
});

describe('what a requirement lacks', () => {
  const counts = countAttack([falcoRules(aRule('shell', ['TA0002', 'T1059.004']), aRule('odd', ['T9999']))]);
  const lacks = (tactic: string, techniques: readonly string[], minimumRules?: number) =>
    attackShortfalls(counts, [{ tactic, techniques, ...(minimumRules === undefined ? {} : { minimumRules }) }]);

  it.each([
    ['a technique that a rule names', '', ['T1059.004'], undefined],
    ['its parent', '', ['T1059'], undefined],
    ['a technique that the table does not know and a rule names', '', ['T9999'], undefined],
    ['a tactic with a rule', 'TA0002', [], undefined],
  ])('is nothing for %s', (_, tactic, techniques, minimum) => {
    expect(lacks(tactic, techniques, minimum)).toEqual([]);
  });

  it('names each technique that is short, and not the tactic above it', () => {
    expect(lacks('TA0004', ['T1611', 'T1059'])).toEqual([
      { id: 'T1611', name: 'T1611 Escape to Host', rules: 0, minimum: 1 },
    ]);
  });

  it('names a tactic without techniques', () => {
    expect(lacks('TA0040', [])).toEqual([{ id: 'TA0040', name: 'TA0040 Impact', rules: 0, minimum: 1 }]);
  });

  it('counts rules where more than one is asked for', () => {
    expect(lacks('TA0002', [], 2)).toEqual([{ id: 'TA0002', name: 'TA0002 Execution', rules: 1, minimum: 2 }]);
  });

  it('says a thing once, by the most that is asked', () => {
    const asked = [1, 3, 2].map((minimumRules) => ({ tactic: '', techniques: ['T1611'], minimumRules }));
    expect(attackShortfalls(counts, asked).map(({ id, minimum }) => [id, minimum])).toEqual([['T1611', 3]]);
  });
});
