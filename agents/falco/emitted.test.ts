import { describe, expect, test } from 'vitest';
import { parseExposition } from '../exposition.ts';
import { emittedIn } from './emitted.ts';

const startedAt = 1_767_225_600_000;
const from = { startedAt, since: startedAt + 1000, seconds: 3600 };

const series = (labels: string, value: number | string = 1): string =>
  `# HELP falcosecurity_falco_rules_matches_total x\nfalcosecurity_falco_rules_matches_total{${labels}} ${value}\n`;

const unescaped = 'Runs "curl | sh" \\ in {a} shell';

const matchesIn = (text: string): Readonly<Record<string, number>> | undefined => {
  const emitted = emittedIn(parseExposition(text), from);
  return emitted && Object.fromEntries(emitted.matches.map(({ rule, count }) => [rule, count]));
};

describe('the matches of a rule', () => {
  test.each<[string, string, Readonly<Record<string, number>> | undefined]>([
    ['are none where there is no series', '', {}],
    [
      'are those of all its series together',
      series('priority="5",rule_name="A",tag_x="true"', 2) + series('priority="4",rule_name="A"', 3),
      { A: 5 },
    ],
    [
      'are told again for each source, and count once, in whatever order the labels stand',
      series('rule_name="A",source="syscall"', 2) + series('source="syscall",rule_name="A"', 2),
      { A: 2 },
    ],
    [
      'of a plugin are not of the node',
      series('rule_name="A",source="k8s_audit"', 7) + series('rule_name="B",source="syscall"', 1),
      { B: 1 },
    ],
    ['are known by its name as it is written', series(`rule_name="${unescaped}"`), { [unescaped]: 1 }],
    ['are not known where their rule is not named', series('priority="5"', 9), undefined],
    ['are not known where one of them is no number', series('rule_name="A"', 'NaN'), undefined],
    [
      'are not known where there are too many rules',
      Array.from({ length: 501 }, (_, index) => series(`rule_name="${index}"`)).join(''),
      undefined,
    ],
    [
      'are not known where their names are too long',
      Array.from({ length: 20 }, (_, index) => series(`rule_name="${index}${'x'.repeat(4000)}"`)).join(''),
      undefined,
    ],
  ])('%s', (_, text, expected) => {
    expect(matchesIn(text)).toEqual(expected);
  });
});

test('they are counted since Falco last began to, and up to the end of the second that it says', () => {
  expect(emittedIn(parseExposition(series('rule_name="A"')), from)).toMatchObject({
    since: startedAt + 1000,
    until: startedAt + 3_601_000,
  });
});

test('of seconds that are not cut the last one is not in doubt', () => {
  const emitted = emittedIn(parseExposition(series('rule_name="A"')), { ...from, seconds: 3600.25 });
  expect(emitted?.until).toBe(startedAt + 3_600_250);
});

test.each(['startedAt', 'since', 'seconds'] as const)('nothing is told by a Falco that does not say its %s', (time) => {
  expect(emittedIn(parseExposition(''), { ...from, [time]: undefined })).toBeUndefined();
});
