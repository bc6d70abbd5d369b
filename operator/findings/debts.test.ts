import { describe, expect, test } from 'vitest';
import type { Hearing } from '../../domain/findings/hearing.ts';
import type { Transport } from '../../kube/transport.ts';
import { inheritDebts } from './debts.ts';
import { createDeliveryBook } from './deliveries.ts';
import { leader } from './testing/leader.ts';
import { hour, only, setUp } from './testing/world.ts';

const nodes = ['node-1', 'node-2', 'node-3'];

/** Nodes of which nothing is proven, as far as the next leader knows, before and after something has arrived of falco from the first. */
const inherited = (hearing: Hearing | undefined, reason: 'DeliveryUnproven' | 'AgentBlind' | undefined) => {
  const world = setUp();
  world.post();
  const { record } = only(world.book()).finding;
  const { state } = record;
  const suspended = reason && { reason, message: 'nobody reads these words' };
  const stored = { ...state.quiet.stored, suspended, hearing };
  const time = { now: hour };
  const clock = { now: () => time.now, monotonic: () => time.now };
  const book = createDeliveryBook(clock);
  book.begin();
  const nodesOf = () => nodes.map((name) => ({ name, ears: [], isShedding: false }));
  inheritDebts([{ record: { ...record, state: { ...state, quiet: { ...state.quiet, stored } } } }], { nodesOf }, book);
  const question = { agent: 'falco', rules: [], withinMs: hour, staleAfter: hour, isOften: false };
  const missing = () => nodes.filter((node) => book.undelivered({ ...question, node })?.isMissing === true);
  const arrive = (node: string, receivedAt: number): void =>
    book.noteArrival(node, 'falco', { rule: 'Any', at: 0 }, receivedAt);
  return { missing, arrive, time };
};

describe('what an earlier leader knew to be missing', () => {
  test.each<[string, Hearing | undefined, 'DeliveryUnproven' | 'AgentBlind' | undefined, readonly string[]]>([
    [
      'is missing on the nodes that it named',
      { heard: 2, of: 3, missing: [{ agent: 'falco', nodes: ['node-2'] }] },
      'DeliveryUnproven',
      ['node-2'],
    ],
    [
      'is missing although the clock ran, since a share of the nodes was enough',
      { heard: 2, of: 3, missing: [{ agent: 'falco', nodes: ['node-2'] }] },
      undefined,
      ['node-2'],
    ],
    [
      'is missing although the clock stood still for something worse',
      { heard: 2, of: 3, missing: [{ agent: 'falco', nodes: ['node-2'] }] },
      'AgentBlind',
      ['node-2'],
    ],
    [
      'is missing everywhere where it could not name all of them',
      { heard: 0, of: 3, missing: [{ agent: 'falco', nodes: 'All' }] },
      'DeliveryUnproven',
      nodes,
    ],
    ['is of one agent', { heard: 0, of: 3, missing: [{ agent: 'tetragon', nodes: 'All' }] }, 'DeliveryUnproven', []],
    ['is nothing where it said so', { heard: 2, of: 3, missing: [] }, 'DeliveryUnproven', []],
    ['is anything where it did not say, as those of an earlier version', undefined, 'DeliveryUnproven', nodes],
    ['is nothing where delivery was no question', undefined, 'AgentBlind', []],
  ])('%s', (_, hearing, reason, expected) => {
    expect(inherited(hearing, reason).missing()).toEqual(expected);
  });

  test('is made good by what arrives from there, and not by what was taken in before this leader began', () => {
    const { missing, arrive, time } = inherited(undefined, 'DeliveryUnproven');
    arrive('node-1', hour - 1);
    expect(missing()).toEqual(nodes);
    time.now += 1;
    arrive('node-1', time.now);
    expect(missing()).toEqual(['node-2', 'node-3']);
  });
});

test('what was lost under an earlier leader is not forgotten by the next, whatever language its words are in', async () => {
  const suspendedMessage = 'falco hat fünf Ereignisse mehr gezählt, als angekommen sind';
  const quiet = { required: '24h', observedBefore: '1h', suspendedReason: 'DeliveryUnproven', suspendedMessage };
  const missing = [{ agent: 'falco', nodes: ['node-1'] }];
  const question = { agent: 'falco', rules: [], withinMs: hour, staleAfter: hour, isOften: false };
  const { deliveries } = await leader({} as Transport, { status: { quiet: { ...quiet, missing } } });
  expect(deliveries.undelivered({ ...question, node: 'node-1' })?.why).toMatch(
    /^before the operator was started falco had counted more/,
  );
  expect(deliveries.undelivered({ ...question, node: 'node-2' })?.isMissing).toBe(false);
});
