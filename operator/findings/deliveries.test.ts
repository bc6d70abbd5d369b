import { describe, expect, test } from 'vitest';
import { kubeArmorEvents } from '../../agents/kubearmor/event.ts';
import type { Reading } from '../../domain/telemetry/types.ts';
import { createDeliveryBook } from './deliveries.ts';
import type { DeliveryQuestion } from './ears.ts';
import { hour } from './testing/world.ts';

const setUp = () => {
  const time = { now: 0 };
  return { time, book: createDeliveryBook({ now: () => time.now, monotonic: () => time.now }) };
};

const minute = 60_000;
const compiler = 'Compiler Run in Container';
/** Of the agent's clock. */
const skew = 1_700_000_000_000;

const question = (node: string, rules: readonly string[], isAlone: boolean): DeliveryQuestion => ({
  node,
  agent: 'falco',
  rules,
  withinMs: 3 * minute,
  staleAfter: isAlone ? 3 * minute : undefined,
  isOften: false,
});

/** Falco on some nodes, read every minute; what its rules have matched, by node. */
const counted = (on: readonly string[] = ['node-1']) => {
  const { time, book } = setUp();
  const matches = new Map(on.map((node) => [node, new Map<string, number>()]));
  const happen = (node = 'node-1', rule = compiler): void => {
    const rules = matches.get(node);
    rules?.set(rule, (rules.get(rule) ?? 0) + 1);
  };
  const read = (): void => {
    for (const [node, rules] of matches) {
      const emitted = {
        matches: [...rules].map(([rule, count]) => ({ rule, count })),
        since: skew - hour,
        until: skew + time.now,
      };
      book.noteReading(node, 'falco', { at: skew + time.now, issues: [], emitted } satisfies Reading, time.now);
    }
    time.now++;
  };
  const arrive = (node = 'node-1', rule = compiler, receivedAt = time.now): void =>
    book.noteArrival(node, 'falco', { rule, at: skew + time.now }, receivedAt);
  return {
    time,
    book,
    happen,
    read,
    arrive,
    readAfter: (ms = minute): void => {
      time.now += ms;
      read();
    },
    deliver: (node = 'node-1', rule = compiler): void => {
      time.now++;
      happen(node, rule);
      arrive(node, rule);
    },
    /** Of a finding that the rule has seen. */
    why: (node = 'node-1', rules = [compiler], isAlone = true): string | undefined =>
      book.undelivered(question(node, rules, isAlone))?.why,
    /** Whether that is because something is missing. */
    misses: (node = 'node-1', rules = [compiler]): boolean | undefined =>
      book.undelivered(question(node, rules, true))?.isMissing,
  };
};

describe('delivery is proven', () => {
  test('by anything that arrived of the agent from the node, for a while', () => {
    const { time, arrive, why } = counted();
    expect(why()).toBe('nothing has arrived of falco for more than 180 s');
    arrive('node-1', 'Another rule');
    time.now += 3 * minute;
    expect([why(), why('node-2')]).toEqual([undefined, 'nothing has arrived of falco for more than 180 s']);
    time.now += 1;
    expect(why()).toBe('nothing has arrived of falco for more than 180 s');
  });

  test('by a heartbeat, though it is no rule', () => {
    const { book, why } = counted();
    book.noteArrival('node-1', 'falco', { at: skew, isInternal: true }, 0);
    expect(why()).toBeUndefined();
  });

  test('by what came when it came, and not when it was worked in', () => {
    const { time, arrive, why } = counted();
    time.now = hour;
    arrive('node-1', compiler, hour - 4 * minute);
    expect(why()).toMatch(/nothing has arrived/);
  });

  test('by counters that all have arrived, and by their silence once any node has shown that it counts', () => {
    const { read, deliver, readAfter, why } = counted(['node-1', 'node-2']);
    read();
    readAfter();
    expect(why('node-2')).toMatch(/counters have not been compared/);
    deliver('node-1');
    for (let minutes = 0; minutes < 10; minutes++) readAfter();
    expect([why('node-1'), why('node-2')]).toEqual([undefined, undefined]);
  });

  test('by no counters that are old, or that may be of another agent', () => {
    const { time, read, deliver, readAfter, why } = counted();
    read();
    deliver();
    for (let minutes = 0; minutes < 10; minutes++) readAfter();
    expect(why('node-1', [compiler], false)).toMatch(/nothing has arrived/);
    time.now += 4 * minute;
    expect(why()).toMatch(/its counters have not been read, for more than 180 s/);
  });

  test('by no counters that were read before somebody began to lead', () => {
    const { book, read, deliver, readAfter, why } = counted();
    read();
    deliver();
    for (let minutes = 0; minutes < 10; minutes++) readAfter();
    book.begin();
    expect([book.counts('falco'), why()]).toEqual([false, 'nothing has arrived of falco for more than 180 s']);
  });
});

describe('that all has arrived was proven last', () => {
  const often = { ...question('node-1', [compiler], true), isOften: true };
  const ago = ({ book }: ReturnType<typeof counted>, asked = question('node-1', [compiler], true)) =>
    book.delivered(asked);

  test('when the counters were asked that then balanced, whatever has arrived since', () => {
    const fleet = counted();
    fleet.read();
    fleet.deliver();
    fleet.readAfter();
    fleet.deliver();
    fleet.time.now += 10;
    expect(ago(fleet)).toEqual({ ago: 12, isOpen: false });
  });

  test('not since something is owed; which is open until it is lost', () => {
    const fleet = counted();
    fleet.read();
    fleet.deliver();
    fleet.readAfter();
    fleet.happen();
    fleet.readAfter();
    expect(ago(fleet)).toMatchObject({ isOpen: true });
    expect(ago(fleet).ago).toBeGreaterThan(minute);
    fleet.readAfter();
    expect(ago(fleet)).toMatchObject({ isOpen: false });
    expect(ago(fleet).ago).toBeGreaterThan(2 * minute);
  });

  test('not yet, where counters have been read once; and not before this replica led', () => {
    const fleet = counted();
    fleet.time.now = hour;
    fleet.book.begin();
    fleet.deliver();
    fleet.read();
    expect(ago(fleet)).toEqual({ ago: 6 * minute + 2, isOpen: true });
    expect(fleet.book.answeredAgo('node-1', 'falco', 3 * minute)).toBe(1);
    expect(fleet.book.answeredAgo('node-2', 'falco', 3 * minute)).toBe(3 * minute + 2);
  });

  test('when something arrived, where counters are not read any more', () => {
    const fleet = counted();
    fleet.read();
    fleet.deliver();
    fleet.readAfter();
    fleet.time.now += 3 * minute;
    fleet.arrive();
    fleet.time.now += 5;
    expect(ago(fleet)).toEqual({ ago: 5, isOpen: false });
  });

  test('when something arrived, where that is often; and else just now, since nothing would prove it soon', () => {
    const fleet = counted();
    fleet.arrive();
    fleet.time.now += 5;
    expect([ago(fleet, often).ago, ago(fleet).ago]).toEqual([5, 0]);
  });
});

describe('a forwarder that is dead while its agent is well', () => {
  test('leaves out something; one of which nothing is known may not have', () => {
    const { read, happen, deliver, readAfter, misses } = counted();
    expect(misses()).toBe(false);
    read();
    deliver();
    happen();
    readAfter(20 * minute);
    expect(misses()).toBe(true);
    readAfter();
    expect(misses()).toBe(true);
  });

  test('is told by a rule whose name is kept masked, and so is asked for by another', () => {
    const { read, happen, deliver, readAfter, why } = counted();
    const rule = 'Shell with token=abc in its environment';
    read();
    deliver('node-1');
    happen('node-1', rule);
    readAfter();
    readAfter();
    expect([why('node-1', ['Another rule']), why('node-1', ['Shell with token=*** in its environment'])]).toEqual([
      undefined,
      `falco counted 1 more of rule ${rule} than arrived`,
    ]);
  });

  test('proves nothing, however long, until something arrives', () => {
    const { read, happen, deliver, readAfter, why } = counted();
    read();
    deliver();
    readAfter();
    for (let count = 0; count < 5; count++) happen();
    readAfter();
    expect(why()).toBe(`falco counted 5 more of rule ${compiler} than arrived so far`);
    for (let minutes = 0; minutes < 100; minutes++) {
      readAfter();
      expect(why()).toBe(`falco counted 5 more of rule ${compiler} than arrived`);
    }
    deliver('node-1', 'Another rule');
    expect(why()).toBeUndefined();
    for (let minutes = 0; minutes < 100; minutes++) readAfter();
    expect(why()).toBeUndefined();
  });

  test('is not told from what is on its way, as long as others arrive', () => {
    const { time, read, happen, deliver, readAfter, why } = counted();
    read();
    happen();
    readAfter();
    expect(why()).toMatch(/1 more .* so far/);
    time.now += 1000;
    deliver('node-1', 'Another rule');
    expect(why()).toBeUndefined();
    readAfter();
    expect(why()).toBe(`falco counted 1 more of rule ${compiler} than arrived`);
  });

  test('is told by rules of the finding, and by those that have arrived from anywhere; others a forwarder may leave out', () => {
    const { read, happen, deliver, readAfter, why } = counted(['node-1', 'node-2']);
    read();
    happen('node-1', 'Left out');
    deliver('node-2');
    readAfter();
    readAfter();
    expect([why('node-1'), why('node-1', ['Left out'])]).toEqual([
      undefined,
      'falco counted 1 more of rule Left out than arrived',
    ]);
    deliver('node-2', 'Left out');
    expect(why('node-1')).toBe('falco counted 1 more of rule Left out than arrived');
  });
});

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
