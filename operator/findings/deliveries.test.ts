import { describe, expect, test } from 'vitest';
import { kubeArmorEvents } from '../../agents/kubearmor/event.ts';
import { createDeliveryBook } from './deliveries.ts';

const setUp = () => {
  const time = { now: 0 };
  return { time, book: createDeliveryBook(() => time.now) };
};

describe('events of a node that were turned away', () => {
  test('are remembered for as long as is asked, of that node alone', () => {
    const { time, book } = setUp();
    book.noteShed('node-1');
    expect([book.shed('node-1', 60_000), book.shed('node-2', 60_000)]).toEqual([true, false]);
    time.now = 60_000;
    expect(book.shed('node-1', 60_000)).toBe(true);
    time.now = 60_001;
    expect(book.shed('node-1', 60_000)).toBe(false);
  });

  test('by a sender that speaks for any node may have been of every one', () => {
    const { time, book } = setUp();
    book.noteShed(undefined);
    expect(book.shed('node-2', 60_000)).toBe(true);
    time.now = 60_001;
    expect(book.shed('node-2', 60_000)).toBe(false);
  });

  test('count until the agent takes them in again, even where another loss ends sooner', () => {
    const { time, book } = setUp();
    book.noteShed('node-1', 3_600_000);
    book.noteShed('node-1');
    time.now = 3_660_000;
    expect(book.shed('node-1', 60_000)).toBe(true);
    time.now = 3_660_001;
    expect(book.shed('node-1', 60_000)).toBe(false);
  });
});

test('KubeArmor says itself that it drops alerts, and for how long', () => {
  const alert = { Type: 'SystemEvent', Operation: 'AlertThreshold', HostName: 'node-1', DroppingAlertsInterval: 30 };
  expect(kubeArmorEvents.lossIn?.(alert)).toMatchObject({ node: 'node-1', duration: 30_000 });
  expect(kubeArmorEvents.lossIn?.({ ...alert, Operation: 'Process' })).toBeUndefined();
});
