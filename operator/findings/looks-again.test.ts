import { expect, test } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { createLooksAgain } from './looks-again.ts';

/** A look that waits for an answer as long as `isAwaited` says so. */
const looking = (isAwaited: () => boolean) => {
  const clock = new FakeClock();
  let looks = 0;
  const look = (): void => {
    looks++;
    again.looking();
    // However many findings wait.
    for (let finding = 0; finding < 3; finding++) if (isAwaited()) again.awaiting();
  };
  const again = createLooksAgain(clock, look);
  return { clock, look, again, looks: () => looks };
};

test('findings that wait for an answer are looked at within seconds, and no more once it has come', async () => {
  let isAwaited = true;
  const { clock, look, looks } = looking(() => isAwaited);
  look();
  await clock.advance(2000);
  expect(looks()).toBe(2);
  isAwaited = false;
  await clock.advance(60_000);
  expect(looks()).toBe(3);
});

test('whoever is waited for in vain is looked for at the usual pace after half a minute, and soon again another time', async () => {
  let isAwaited = true;
  const { clock, look, looks } = looking(() => isAwaited);
  look();
  await clock.advance(600_000);
  expect(looks()).toBe(16);
  isAwaited = false;
  look();
  look();
  isAwaited = true;
  look();
  await clock.advance(2000);
  expect(looks()).toBe(20);
});

test('nothing is looked at after the end', async () => {
  const { clock, look, again, looks } = looking(() => true);
  look();
  again.end();
  await clock.advance(60_000);
  expect(looks()).toBe(1);
});
