import { describe, expect, it, test } from 'vitest';
import { attackName, parentOf, tacticIdIn, tacticOf, techniqueIdIn, techniqueOf } from './lookup.ts';
import { tactics } from './tactics.ts';
import { techniques } from './techniques.ts';

describe('the table of techniques', () => {
  const all = [...techniques.values()];

  it.each(all)('$id $name is well-formed', ({ id, name, tactics: of, platforms }) => {
    expect(id).toMatch(/^T\d{4}(\.\d{3})?$/);
    expect(name.trim()).toBe(name);
    expect(platforms.length).toBeGreaterThan(0);
    const order = of.map((tactic) => tactics.findIndex((each) => each.id === tactic));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(order.length).toBeGreaterThan(0);
  });

  it('holds the parent of each sub-technique, with the same tactics', () => {
    for (const { id, tactics: of } of all) {
      const parent = parentOf(id);
      if (parent !== undefined) expect(techniques.get(parent)?.tactics, id).toEqual(of);
    }
  });

  it('names no id twice, which the rows could and the map would hide', async () => {
    const rows = [
      ...(await import('./table/entry.ts')).containerAndEntryRows,
      ...(await import('./table/evasion.ts')).evasionRows,
      ...(await import('./table/inside.ts')).insideRows,
      ...(await import('./table/outcome.ts')).outcomeRows,
    ];
    expect(techniques.size).toBe(rows.length);
  });

  it('holds the Containers matrix', () => {
    const containers = all.filter(({ id, platforms }) => platforms.includes('Containers') && !id.includes('.'));
    expect(containers.map(({ id }) => id).toSorted()).toEqual(
      (
        'T1036 T1046 T1053 T1068 T1069 T1070 T1078 T1098 T1110 T1133 T1136 T1190 T1204 T1485 T1490 T1496 T1498 T1499 ' +
        'T1525 T1528 T1543 T1550 T1552 T1562 T1609 T1610 T1611 T1612 T1613'
      ).split(' '),
    );
  });

  it('knows the 14 tactics, each of them but the two before an intrusion with techniques', () => {
    expect(tactics).toHaveLength(14);
    const empty = tactics.filter(({ id }) => !all.some((technique) => technique.tactics.includes(id)));
    expect(empty.map(({ name }) => name)).toEqual(['Reconnaissance', 'Resource Development']);
  });
});

test.each([
  ['T1059.004', 'T1059.004'],
  ['t1059_004', 'T1059.004'],
  ['technique:T1552-unsecured-credentials', 'T1552'],
  ['subtechnique:T1552.005-cloud-instance-metadata-api', 'T1552.005'],
  ['MITRE_T1036_masquerading', 'T1036'],
  ['tag_T1059_004', 'T1059.004'],
  ['attack.t1611', 'T1611'],
  ['TA0002', undefined],
  ['AT1059', undefined],
  ['T10590', undefined],
  ['shell', undefined],
])('the technique in %s is %s', (text, id) => {
  expect(techniqueIdIn(text)).toBe(id);
});

test.each([
  ['TA0004', 'TA0004'],
  ['TA004-privilege-escalation', 'TA0004'],
  ['tactic:TA0006-credential-access', 'TA0006'],
  ['mitre_command_and_control', 'TA0011'],
  ['Defence Evasion', 'TA0005'],
  ['defense-evasion', 'TA0005'],
  ['execution', 'TA0002'],
  ['TA9999', 'TA9999'],
  ['container', undefined],
  ['T1059', undefined],
])('the tactic in %s is %s', (text, id) => {
  expect(tacticIdIn(text)).toBe(id);
});

it('looks up by any spelling', () => {
  expect(techniqueOf('mitre_t1611')?.name).toBe('Escape to Host');
  expect(techniqueOf('T9999')).toBeUndefined();
  expect(tacticOf('TA004-privilege-escalation')?.name).toBe('Privilege Escalation');
  expect(tacticOf('TA9999')).toBeUndefined();
});

it('names a sub-technique after its parent, a tactic, and what it does not know by its id', () => {
  expect(attackName('T1552.007')).toBe('T1552.007 Unsecured Credentials: Container API');
  expect(attackName('TA0040')).toBe('TA0040 Impact');
  expect(attackName('T9999.001')).toBe('T9999.001');
});
