import { describe, expect, it } from 'vitest';
import { sources } from '../operator/ingest/source.ts';
import { describeEvents } from './event.case.ts';
import { eventAdapters } from './events.ts';
import { findingsOf } from './testing/findings-of.ts';
import { outcomes as expected } from './testing/outcomes.ts';
import { fixture } from './testing/read.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const happenedAt = Date.UTC(2026, 7, 1, 10, 0, 0);

const itemsOf = (file: string): Readonly<Record<string, unknown>> => {
  const [folder = '', name = ''] = file.split('/');
  return JSON.parse(fixture(folder, `${name}.json`)) as Readonly<Record<string, unknown>>;
};

describe('the events of an agent', () => {
  it('have an adapter for each path that they can be posted to', () => {
    expect([...eventAdapters.keys()].toSorted()).toEqual([...sources].toSorted());
  });

  for (const [file, outcomes] of Object.entries(expected)) {
    const items = itemsOf(file);
    const adapter = eventAdapters.get(file.split('/')[0] ?? '');

    it(`are all looked at: ${file}`, () => {
      expect(Object.keys(outcomes)).toEqual(Object.keys(items));
    });

    it.each(Object.entries(outcomes))(`make the right findings on the right subject: ${file}, %s`, (name, outcome) => {
      expect(adapter?.faultIn?.(items[name])).toBeUndefined();
      const events = adapter?.eventsOf(items[name], receivedAt) ?? [];
      expect(events.map(findingsOf)).toEqual(outcome);
      for (const { at } of events) expect(Math.floor(at / 1000) * 1000).toBe(happenedAt);
    });
  }
});

describe.each(
  Object.keys(expected).map((file) => ({
    file,
    source: file.split('/')[0] ?? '',
    items: Object.values(itemsOf(file)),
  })),
)('$file', ({ source, items }) => {
  const adapter = eventAdapters.get(source);
  if (adapter === undefined) throw new Error(`nobody reads the events of ${source}`);
  describeEvents(adapter, items);
});
