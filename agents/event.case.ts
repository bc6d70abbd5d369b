// What every event adapter must do, whoever its vendor is: never throw, keep everything in bounds and of its type, answer the same to
// the same, and take nothing from a prototype. Each fixture of each agent goes through this, whole and spoiled.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SecurityEvent } from '../domain/findings/types.ts';
import type { EventAdapter, EventLoss } from './event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const longestText = 4096;
const mostInList = 64;
/** An item may be a list of alerts. */
const mostEvents = 1000;

export const describeEvents = (adapter: EventAdapter, items: readonly unknown[]): void => {
  it('never throws and keeps its bounds, whatever is posted', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue()), (item) => checkEvents(adapter.eventsOf(item, receivedAt))),
    );
  });

  it('never throws and keeps its bounds where one value of a real event is any other', () => {
    fc.assert(
      fc.property(fc.constantFrom(...items), fc.nat(), strange, (item, place, value) =>
        checkEvents(adapter.eventsOf(replacedAt(item, place, value), receivedAt)),
      ),
      { numRuns: 300 },
    );
  });

  it('never throws and keeps its bounds where much of a real event is spoilt, also within texts that hold JSON', () => {
    const spoils = fc.array(fc.tuple(fc.nat(), strange), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...items), spoils, (item, places) => {
        const spoilt = places.reduce<unknown>((left, [place, value]) => replacedWithin(left, place, value), item);
        checkEvents(adapter.eventsOf(spoilt, receivedAt));
        checkLoss(adapter.lossIn?.(spoilt));
      }),
      { numRuns: 300 },
    );
  });

  it('never says more of losses than what is lost, and for a day at most, whatever is posted', () => {
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.jsonValue()), (item) => checkLoss(adapter.lossIn?.(item))));
  });

  it('leaves the item as it is, and says the same of it again', () => {
    for (const item of items) {
      const frozen = deepFreeze(structuredClone(item));
      const events = adapter.eventsOf(frozen, receivedAt);
      expect(adapter.eventsOf(item, receivedAt)).toEqual(events);
      expect(JSON.parse(JSON.stringify(events))).toEqual(events);
      checkEvents(events);
    }
  });

  it('says when it came where nobody can read when it happened', () => {
    for (const item of items) {
      for (const { at } of adapter.eventsOf(withoutTimes(item), receivedAt)) expect(at).toBe(receivedAt);
    }
  });

  it('reads nothing that keys named as parts of a prototype bring', () => {
    for (const item of items) {
      const evil = JSON.parse(
        `{"__proto__": {"rule": "x", "process": {"name": "gcc"}}, "constructor": {"rule": "x"}, "toString": 1, ${JSON.stringify(item).slice(1)}`,
      ) as unknown;
      expect(adapter.eventsOf(evil, receivedAt)).toEqual(adapter.eventsOf(item, receivedAt));
    }
    expect(({} as { rule?: unknown }).rule).toBeUndefined();
  });
};

const strange = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    Number.MAX_VALUE,
    'x'.repeat(20_000),
    '\ud800',
    '\u001b[31mred\u202e\u0000',
    Array.from({ length: 500 }, (_, index) => `tag-${index}`),
    Array.from({ length: 2000 }, (_, pid) => ({ pid, alertName: 'x', name: 'x', value: 'y' })),
    { __proto__: null, toString: null },
  ),
);

const texts = ['node', 'namespace', 'pod', 'podUid', 'containerId', 'container', 'image'] as const;

const checkEvents = (events: readonly SecurityEvent[]): void => {
  expect(events.length).toBeLessThanOrEqual(mostEvents);
  for (const { at, agentType, tags, tactics, techniques, origin, process = {}, isInternal, ...rest } of events) {
    expect(Number.isInteger(at)).toBe(true);
    expect(at).toBeGreaterThan(0);
    expect(agentType).not.toBe('');
    expect([undefined, true]).toContain(isInternal);
    for (const list of [tags, tactics, techniques]) {
      expect(list.length).toBeLessThanOrEqual(mostInList);
      for (const each of list) checkText(each);
    }
    const { onHost, ...where } = origin;
    expect([undefined, true, false]).toContain(onHost);
    expect(texts).toEqual(expect.arrayContaining(Object.keys(where)));
    const { terminal, ...what } = process;
    expect([undefined, true, false]).toContain(terminal);
    for (const each of [...Object.values(where), ...Object.values(what), ...Object.values(rest)]) checkText(each);
    if (where.containerId !== undefined) expect(where.containerId).not.toContain('://');
  }
};

const day = 86_400_000;

const checkLoss = (loss: EventLoss | undefined): void => {
  if (loss === undefined) return;
  expect(loss.duration).toBeGreaterThanOrEqual(0);
  expect(loss.duration).toBeLessThanOrEqual(day);
  for (const name of [loss.node, loss.pod?.namespace, loss.pod?.name])
    expect(['string', 'undefined']).toContain(typeof name);
};

const checkText = (value: unknown): void => {
  if (typeof value !== 'string') expect.fail(`${typeof value} where a text belongs`);
  expect(value.length).toBeGreaterThan(0);
  expect(value.length).toBeLessThanOrEqual(longestText);
  expect(value.isWellFormed()).toBe(true);
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(value).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
};

/** With the value at one of its paths replaced; what stands as JSON in a text is not looked into. */
const replacedAt = (item: unknown, place: number, value: unknown): unknown => {
  const replace: (() => void)[] = [];
  const copy = structuredClone(item);
  const walk = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const key of Object.keys(part)) {
      replace.push(() => void Reflect.set(part, key, value));
      walk(Reflect.get(part, key));
    }
  };
  walk(copy);
  if (replace.length > 0) replace[place % replace.length]?.();
  return copy;
};

/** The same, but also where a text holds JSON. */
const replacedWithin = (item: unknown, place: number, value: unknown): unknown => {
  const texts = Object.entries(typeof item === 'object' && item !== null ? item : {}).filter(
    ([, text]) => typeof text === 'string' && text.startsWith('{'),
  );
  const [key, text] = texts[place % Math.max(1, texts.length)] ?? [];
  if (key === undefined || place % 2 === 0) return replacedAt(item, place, value);
  try {
    return { ...(item as object), [key]: JSON.stringify(replacedAt(JSON.parse(String(text)), place, value)) };
  } catch {
    return replacedAt(item, place, value);
  }
};

/** Where an event says when it happened, a word instead, in texts that hold JSON as well. */
const withoutTimes = (item: unknown): unknown =>
  JSON.parse(
    JSON.stringify(item).replace(
      /(\\*")(time|date|timestamp|Timestamp|UpdatedTime|evt\.time)\\*":\s*(?:\\*"[^"\\]*\\*"|\d+)/g,
      '$1$2$1:$1yesterday$1',
    ),
  ) as unknown;

const deepFreeze = (value: unknown): unknown => {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) deepFreeze(each);
  return Object.freeze(value);
};
