import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackIdsIn, attackIdsInTags, attackIdsInText, joinAttackIds } from './attack-ids.ts';

const tactic = (...ids: readonly string[]) => ({ tactics: ids, techniques: [] });
const technique = (...ids: readonly string[]) => ({ tactics: [], techniques: ids });

describe('a tag', () => {
  test.each([
    ['an id as ATT&CK writes it', 'T1059.004', technique('T1059.004')],
    ['a small one with an underscore', 't1059_004', technique('T1059.004')],
    ['one with a slash, as in its address', 'T1059/004', technique('T1059.004')],
    ["KubeArmor's, with the name behind", 'MITRE_T1036_masquerading', technique('T1036')],
    ["KubeArmor's, with the part behind the dot", 'MITRE_T1552.001_credentials_in_files', technique('T1552.001')],
    ["KubeArmor's, with its tactic's id", 'MITRE_TA0003_persistence', tactic('TA0003')],
    ["KubeArmor's, with its tactic's name", 'MITRE_credential_access', tactic('TA0006')],
    ["Falco's, with its tactic's name", 'mitre_command_and_control', tactic('TA0011')],
    ["Datadog's tactic", 'tactic:TA0006-credential-access', tactic('TA0006')],
    ["Datadog's tactic without its label", 'TA0006-credential-access', tactic('TA0006')],
    ["Datadog's technique", 'technique:T1552-unsecured-credentials', technique('T1552')],
    ["Datadog's technique with its part", 'subtechnique:T1552.005-cloud-instance-metadata-api', technique('T1552.005')],
    ["Sigma's technique", 'attack.t1611', technique('T1611')],
    ["Sigma's tactic", 'attack.defense_evasion', tactic('TA0005')],
    ['a label of two words', 'mitre-attack:T1610', technique('T1610')],
    ['a tactic with blanks', 'tactic: Lateral Movement', tactic('TA0008')],
    ['an id that no table knows', 'T9999', technique('T9999')],
    ['ATT&CK that cannot be read stays as it was written', 'mitre_sorcery', technique('mitre_sorcery')],
    ['a tactic that cannot be read stays one', 'tactic:sorcery', tactic('tactic:sorcery')],
    ['a word that happens to name a tactic', 'discovery', technique()],
    ['something else', 'maturity_stable', technique()],
    ['five digits', 'T10590', technique()],
    ['an id inside a word', 'PORT1059', technique()],
    ['letters right behind an id', 'T1059x', technique()],
    ['nothing', '', technique()],
    ['a label alone', 'mitre_', technique()],
    ['that it is ATT&CK at all', 'MITRE_ATT&CK', technique()],
    ['an attack that is no ATT&CK', 'attack-surface', technique()],
    ['the whole of a label', 'MITRE_ATTACK_T1059', technique('T1059')],
  ])('%s', (_, tag, expected) => {
    expect(attackIdsInTags([tag])).toEqual(expected);
  });
});

describe('a place for ATT&CK alone', () => {
  test.each([
    ['a name of a tactic', ['Credential Access'], tactic('TA0006')],
    ['a name with hyphens', ['privilege-escalation'], tactic('TA0004')],
    ['the newer name of a tactic', ['Stealth', 'defense_impairment'], tactic('TA0005', 'TA0112')],
    ['what cannot be read stays', ['Container Escape'], technique('Container Escape')],
  ])('%s', (_, written, expected) => {
    expect(attackIdsIn(written)).toEqual(expected);
  });

  test.each([
    ['commas', 'T1059.004, TA0002', { tactics: ['TA0002'], techniques: ['T1059.004'] }],
    ['blanks', ' T1611  TA0004 T1059 ', { tactics: ['TA0004'], techniques: ['T1059', 'T1611'] }],
    ['lines', 'T1611\nT1610', technique('T1610', 'T1611')],
    ['a name with a blank', 'initial access; T1190', { tactics: ['TA0001'], techniques: ['T1190'] }],
    ['nothing', ' , ', technique()],
  ])('holds several with %s between', (_, text, expected) => {
    expect(attackIdsInText(text)).toEqual(expected);
  });
});

test('what several places say is joined, each id once and in order', () => {
  expect(joinAttackIds(attackIdsInTags(['T1611', 'mitre_impact']), attackIdsInText('T1059, T1611'))).toEqual({
    tactics: ['TA0040'],
    techniques: ['T1059', 'T1611'],
  });
});

test('every notation of an id is that id, and reading it again changes nothing', () => {
  const digits = (length: number) =>
    fc.integer({ min: 0, max: 10 ** length - 1 }).map((number) => String(number).padStart(length, '0'));
  const written = fc.record({
    main: digits(4),
    part: fc.option(digits(3), { nil: undefined }),
    dot: fc.constantFrom('.', '_', '/'),
    before: fc.constantFrom('', 'MITRE_', 'technique:', 'subtechnique:', 'attack.'),
    behind: fc.constantFrom('', '-some-name', '_some_name', ' some name'),
    small: fc.boolean(),
  });
  fc.assert(
    fc.property(written, ({ main, part, dot, before, behind, small }) => {
      const canonical = `T${main}${part === undefined ? '' : `.${part}`}`;
      const id = `T${main}${part === undefined ? '' : `${dot}${part}`}`;
      const found = attackIdsInTags([`${before}${small ? id.toLowerCase() : id}${behind}`]);
      expect(found).toEqual(technique(canonical));
      expect(attackIdsInTags(found.techniques)).toEqual(found);
    }),
  );
});

test('no text at all makes it fail', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (tags) => {
      const { tactics, techniques } = attackIdsInTags(tags);
      expect(tactics.length + techniques.length).toBeLessThanOrEqual(tags.length);
      expect(attackIdsInText(tags.join(',')).techniques).not.toContain('');
    }),
  );
});

test('a text that is nearly a list of ids is read as quickly as one that is', () => {
  const written = `${'T1059'.repeat(10_000)} and more`;
  expect(attackIdsInText(written)).toEqual({ tactics: [], techniques: [written] });
});
