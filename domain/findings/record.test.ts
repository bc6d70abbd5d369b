import { expect, test } from 'vitest';
import { defaultQuiet } from './classify.ts';
import { addSighting, emptyEvidence, openRecord, type EvidenceEvent, type Sighting } from './record.ts';

const at = (time: number, overrides: Partial<EvidenceEvent> = {}): Sighting => ({
  subject: { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' },
  behaving: {
    behaviour: 'CompilerInContainer',
    severity: 'High',
    policies: [],
    quiet: defaultQuiet,
    tactics: [],
    techniques: [],
  },
  image: undefined,
  pod: 'cart-a',
  node: 'node-1',
  agent: 'falco',
  event: { ...emptyEvidence, at: time, agentType: 'Falco', rule: 'Compiler run', process: 'gcc', ...overrides },
  place: undefined,
});
const kept = ([first, ...others]: readonly Sighting[]): readonly string[] => {
  if (first === undefined) return [];
  return others
    .reduce((record, sighting) => addSighting(record, sighting, false, 0), openRecord(first, 0))
    .evidence.map((event) => `${event.process} ${event.at}`);
};
const run = (from: number, count: number) => Array.from({ length: count }, (_, index) => at(from + index));

test('of many events the last ten are kept, the latest first, in whatever order they come', () => {
  const last = ['gcc 20', 'gcc 19', 'gcc 18', 'gcc 17', 'gcc 16', 'gcc 15', 'gcc 14', 'gcc 13', 'gcc 12', 'gcc 11'];
  expect(kept(run(1, 20))).toEqual(last);
  expect(kept(run(1, 20).toReversed())).toEqual(last);
});

test.each<[string, Partial<EvidenceEvent>]>([
  ['program', { process: 'make' }],
  ['rule', { rule: 'Build tool run' }],
  ['executable', { executable: '/opt/gcc' }],
  ['parent', { parent: 'sh' }],
  ['agent', { agentType: 'Tetragon' }],
])('the last of another %s is not forgotten because of them', (_, other) => {
  const rare = [at(1, other), at(2, other)];
  const name = (time: number) => `${other.process ?? 'gcc'} ${time}`;
  expect(kept([...rare, ...run(3, 100)]).slice(-2)).toEqual(['gcc 94', name(2)]);
  expect(kept([...run(3, 100), ...rare]).at(-1)).toBe(name(2));
});

test('of more than ten kinds the oldest are forgotten', () => {
  const programs = Array.from({ length: 12 }, (_, index) => at(index, { process: `tool-${index}` }));
  expect(kept(programs)).toEqual(Array.from({ length: 10 }, (_, index) => `tool-${11 - index} ${11 - index}`));
});
