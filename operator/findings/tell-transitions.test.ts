import { expect, test } from 'vitest';
import { installing, leader } from './testing/leader.ts';

test('the Event of the first sighting is of the finding that was made for it, so that kubectl describe shows it', async () => {
  const { keeper, clock, told, writer } = await leader();
  keeper.take(installing, 'b', 5);
  await clock.advance(1000);
  const made = writer.writes.find(({ verb, name }) => verb === 'apply' && name.startsWith('package-manager'));
  expect(told).toEqual([`BehaviourSeen of uid-of-${made?.name}`]);
});
