import { array, assert, constantFrom, oneof, option, property, record, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evidenceOf } from './evidence.ts';
import { maskSecrets } from './mask.ts';
import { matchesStored } from './match-stored.ts';
import { matchesAny } from './match.ts';
import { emptyEvidence, type EvidenceEvent } from './record.ts';
import { eventFields, type Comparison, type EventMatcher, type SecurityEvent } from './types.ts';

const comparing = (field: Comparison['field'], how: Partial<Comparison>): Comparison => ({
  field,
  equals: [],
  prefix: [],
  suffix: [],
  glob: [],
  ...how,
});
const where = (...allOf: readonly Comparison[]): EventMatcher => ({ allOf });
const whole: EvidenceEvent = { ...emptyEvidence, agentType: 'Falco' };
const hidden = 'mysqldump -p*** shop orders';

describe('what is stored of an event', () => {
  test.each<[string, Partial<EvidenceEvent>, Comparison, string]>([
    ['whole', { process: 'make' }, comparing('ProcessName', { equals: ['make'] }), 'yes'],
    ['whole, of another', { process: 'gcc' }, comparing('ProcessName', { equals: ['make'] }), 'no'],
    ['nothing, where the event had nothing', {}, comparing('ProcessName', { glob: ['*'] }), 'no'],
    ['one of its tags', { tags: ['a', 'b'] }, comparing('Tag', { equals: ['b'] }), 'yes'],
    ['some of its tags', { tags: ['a', '…'] }, comparing('Tag', { equals: ['b'] }), 'maybe'],
    ['the type of its agent', {}, comparing('Agent', { equals: ['Falco'] }), 'yes'],
    ['masked, with room for it', { arguments: hidden }, comparing('Arguments', { glob: ['*--quick*'] }), 'maybe'],
    [
      'masked, that begins so',
      { arguments: hidden },
      comparing('Arguments', { prefix: ['mysqldump -psecret'] }),
      'maybe',
    ],
    ['masked, that begins otherwise', { arguments: hidden }, comparing('Arguments', { prefix: ['pg_dump'] }), 'no'],
    ['masked, that ends so', { arguments: hidden }, comparing('Arguments', { suffix: ['x shop orders'] }), 'maybe'],
    ['masked, that ends otherwise', { arguments: hidden }, comparing('Arguments', { suffix: [' users'] }), 'no'],
    [
      'masked, that may be it',
      { arguments: hidden },
      comparing('Arguments', { equals: ['mysqldump -px shop orders'] }),
      'maybe',
    ],
    ['masked, that cannot be it', { arguments: hidden }, comparing('Arguments', { equals: ['mysqldump shop'] }), 'no'],
    ['masked, between others', { arguments: hidden }, comparing('Arguments', { glob: ['pg_*orders'] }), 'no'],
    ['cut', { file: '/var/lib/…' }, comparing('FilePath', { suffix: ['.so'] }), 'maybe'],
    ['cut, of another', { file: '/var/lib/…' }, comparing('FilePath', { prefix: ['/tmp/'] }), 'no'],
    ['before its type was kept', { agentType: undefined }, comparing('ProcessName', { equals: ['make'] }), 'maybe'],
    ['before, but its rule', { agentType: undefined, rule: 'A' }, comparing('Rule', { equals: ['B'] }), 'no'],
  ])('%s', (_, stored, comparison, answer) => {
    expect(matchesStored([where(comparison)], { ...whole, ...stored }, {})).toBe(answer);
  });

  test('is surely something else where one of the comparisons is, whatever the others may be', () => {
    const unsure = comparing('Arguments', { glob: ['*--quick*'] });
    const matchers = (rule: string) => [where(unsure, comparing('Rule', { equals: [rule] }))];
    const event = { ...whole, arguments: hidden, rule: 'Dump' };
    expect(matchesStored(matchers('Other'), event, {})).toBe('no');
    expect(matchesStored(matchers('Dump'), event, {})).toBe('maybe');
    expect(matchesStored([...matchers('Dump'), where(comparing('Rule', { equals: ['Dump'] }))], event, {})).toBe('yes');
  });
});

const value = oneof(
  constantFrom('gcc', 'gcc -DPASSWORD=hunter2 main.c', 'main.c', 'gcc -DPASSWORD=', '/usr/bin/', 'Falco', 'a b'),
  constantFrom('*main*', '?cc*', '*hunter2*', '*.c', 'g*c', '***'),
  string({ maxLength: 4 }),
);
const some = array(value, { maxLength: 2 });
const matchers = array(
  record({
    allOf: array(
      record({ field: constantFrom(...eventFields), equals: some, prefix: some, suffix: some, glob: some }),
      {
        minLength: 1,
        maxLength: 2,
      },
    ),
  }),
  { maxLength: 3 },
);
const maybe = option(value, { nil: undefined });
const said = record({
  rule: maybe,
  policy: maybe,
  file: maybe,
  destination: maybe,
  tags: some,
  name: maybe,
  args: maybe,
});
const isOpen = (text: string): boolean => !text.includes('***') && !text.endsWith('…');

test('says the same as of the event itself, and of what is masked and cut nothing that is wrong', () => {
  assert(
    property(said, matchers, (event, wanted) => {
      const { name, args, tags, ...texts } = event;
      const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined));
      const process = {
        ...(name === undefined ? {} : { name, parentName: name }),
        ...(args === undefined ? {} : { arguments: args }),
      };
      const nothing = { at: 0, agentType: 'Falco', tactics: [], techniques: [], origin: {} };
      const original: SecurityEvent = { ...nothing, ...given, tags, process };
      const context = { namespace: 'shop', workload: 'cart', container: 'app' };
      const kept = evidenceOf(original, {
        at: 0,
        agent: undefined,
        node: undefined,
        pod: undefined,
        podAge: undefined,
        countedBy: undefined,
      });
      const isSo = matchesAny(wanted, original, context);
      if (
        Object.values(event)
          .flat()
          .every((text) => text === undefined || isOpen(text))
      ) {
        expect(matchesStored(wanted, kept, context)).toBe(isSo ? 'yes' : 'no');
      }
      const shorten = (text: string | undefined) => {
        const shown = text === undefined ? undefined : maskSecrets(text);
        return shown === undefined || shown.length < 8 ? shown : `${shown.slice(0, 7)}…`;
      };
      const stored = {
        ...kept,
        rule: shorten(kept.rule),
        file: shorten(kept.file),
        arguments: shorten(kept.arguments),
      };
      expect(matchesStored(wanted, stored, context)).not.toBe(isSo ? 'no' : 'yes');
    }),
    { numRuns: 2000 },
  );
});
