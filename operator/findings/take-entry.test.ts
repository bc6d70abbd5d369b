import { describe, expect, test } from 'vitest';
import { hour, start } from './testing/world.ts';
import { installing, installs, leader } from './testing/leader.ts';

describe('what was dropped on the way', () => {
  const entry = { source: 'kubearmor' as const, sender: 'relay', node: undefined, at: 0, items: [] };
  const alert = {
    Type: 'SystemEvent',
    Operation: 'AlertThreshold',
    HostName: 'node-1',
    DroppingAlertsInterval: 30,
  };
  const node = 'node-1';

  test.each<[string, object, readonly [boolean, boolean]]>([
    ['of a node, is of that node', { node, shed: true }, [true, false]],
    ['of a forwarder, may be of any', { shed: true }, [true, true]],
    ['as the agent says, is of its node', { items: [alert] }, [true, false]],
    [
      'as the agent says, is of no other node than the sender may speak of',
      { node: 'node-2', items: [alert] },
      [false, true],
    ],
    ['is nothing where nothing was', { items: [{ ...alert, Operation: 'Process' }] }, [false, false]],
  ])('%s', async (_, told, expected) => {
    const { keeper, deliveries } = await leader();
    keeper.take({ ...entry, ...told }, 'a', 1);
    expect(['node-1', 'node-2'].map((name) => deliveries.shed(name, 60_000))).toEqual(expected);
  });
});

test.each<[string, string | undefined, readonly string[]]>([
  ['the node that it names', undefined, ['node-1']],
  ['the node that its sender is limited to, whichever it names', 'node-2', ['node-2']],
])('an event proves that events arrive from %s', async (_, node, expected) => {
  const { keeper, deliveries } = await leader();
  const item = { rule: 'Anything', time: '2026-11-22T00:00:00Z', source: 'syscall', hostname: 'node-1' };
  keeper.take({ source: 'falco', sender: 'test', node, at: start, items: [item] }, 'b', 5);
  const question = { agent: 'falco', rules: [], withinMs: hour, staleAfter: hour, isOften: false };
  const proven = ['node-1', 'node-2'].filter(
    (name) => deliveries.undelivered({ ...question, node: name }) === undefined,
  );
  expect(proven).toEqual(expected);
});

test('an event that cannot be worked in, by a mistake of ours, takes none of those beside it with it', async () => {
  const { keeper, clock, writer } = await leader();
  const cursed = {
    ...installs,
    get rule(): string {
      throw new Error('a mistake');
    },
  };
  keeper.take({ ...installing, items: [installs, cursed, installs] }, 'b', 5);
  await clock.advance(60_000);
  const written = writer.writes.findLast(({ verb, name }) => verb === 'applyStatus' && name.startsWith('package'));
  expect(written?.object).toMatchObject({ status: { count: 2, journal: { b: 7 } } });
});
