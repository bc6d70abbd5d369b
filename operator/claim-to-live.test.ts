import { expect, test } from 'vitest';
import { silentLog } from '../kube/log.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { createPatience } from './claim-to-live.ts';

test('what is to be written first is waited for, but not for ever', () => {
  const clock = new FakeClock();
  let may = true;
  const mayClaim = createPatience({ mayClaimToLive: () => may, clock, log: silentLog });
  expect(mayClaim()).toBe(true);
  may = false;
  expect(mayClaim()).toBe(false);
  clock.stall(14_000);
  expect(mayClaim()).toBe(false);
  may = true;
  expect(mayClaim()).toBe(true);
  may = false;
  expect(mayClaim()).toBe(false);
  clock.stall(15_000);
  expect(mayClaim()).toBe(true);
});
