import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { createRates, eventsWorth } from './rate.ts';
import type { Sender } from './sender.ts';

const aSetup = () => {
  const clock = new FakeClock();
  return { clock, rates: createRates(() => clock.monotonic()) };
};
const onNode = (node: string): Sender => ({ name: 'ServiceAccount falco/falco', node });
const forwarder: Sender = { name: 'token sidekick', node: undefined };

describe('the rate of a sender', () => {
  it('counts what is large as much as many events', () => {
    const { rates } = aSetup();
    for (let body = 0; body < 20; body++) expect(rates.take(onNode('n1'), eventsWorth(4 * 1024 * 1024))).toBe(0);
    expect(rates.take(onNode('n1'), eventsWorth(1))).toBeGreaterThan(0);
  });

  it('is overdrawn by what was let through before it was counted', () => {
    const { rates } = aSetup();
    rates.take(onNode('n1'), 1);
    rates.charge(onNode('n1'), 30_000);
    expect(rates.wait(onNode('n1'))).toBeGreaterThan(5000);
  });

  it('lets a burst through and then slows it down to its rate', async () => {
    const { clock, rates } = aSetup();
    expect(rates.take(onNode('n1'), 20_000)).toBe(0);
    const wait = rates.take(onNode('n1'), 1);
    expect(wait).toBeGreaterThan(0);
    expect(rates.wait(onNode('n1'))).toBe(wait);
    await clock.advance(wait);
    expect(rates.wait(onNode('n1'))).toBe(0);
    expect(rates.take(onNode('n1'), 1)).toBe(0);
  });

  it('is the concern of nobody else, not even of the same account on another node', () => {
    const { rates } = aSetup();
    rates.take(onNode('n1'), 20_000);
    expect(rates.wait(onNode('n2'))).toBe(0);
    expect(rates.wait(forwarder)).toBe(0);
  });

  it('makes one that overdrew wait for longer, so that large requests come through and pay for it', async () => {
    const { clock, rates } = aSetup();
    expect(rates.take(onNode('n1'), 24_000)).toBe(0);
    expect(rates.wait(onNode('n1'))).toBeGreaterThanOrEqual(2000);
    await clock.advance(2001);
    expect(rates.wait(onNode('n1'))).toBe(0);
  });

  it('takes in 20,000 events a second of a forwarder, for ever', async () => {
    const { clock, rates } = aSetup();
    for (let second = 0; second < 60; second++) {
      expect(rates.take(forwarder, 20_000)).toBe(0);
      await clock.advance(1000);
    }
  });

  it('forgets who was silent for longest where there are too many', () => {
    const { rates } = aSetup();
    rates.take(onNode('first'), 20_000);
    for (let index = 0; index < 10_000; index++) rates.take(onNode(`n${index}`), 1);
    expect(rates.wait(onNode('first'))).toBe(0);
  });
});
