import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordMoment, type Moment } from './record.ts';
import { trendOf } from './trend.ts';

const hour = 3_600_000;
const moment = (time: number, workloadsPercent: string | undefined = '50.0'): Moment => ({
  time,
  nodesPercent: undefined,
  podsPercent: undefined,
  workloadsPercent,
  nodes: 0,
  pods: 0,
  workloads: 0,
  gaps: 0,
});
const hourly = { intervalMs: hour, keep: 3 };
const times = (history: readonly Moment[]): readonly number[] => history.map(({ time }) => time / hour);

describe('a moment is recorded', () => {
  test.each<readonly [string, readonly number[], number, readonly number[], number]>([
    ['at first', [], 7, [7], 8],
    ['when the interval is over', [7], 8, [7, 8], 9],
    ['and not before', [7], 7.9, [7], 8],
    ['and the oldest goes', [5, 6, 7], 8, [6, 7, 8], 9],
    ['once after a long pause', [5], 50, [5, 50], 51],
    ['when the clock was set back, in the order of recording', [5, 900], 6, [5, 900, 6], 7],
    ['and not when another replica is seconds behind', [7], 7 - 1 / 120, [7], 8],
  ])('%s', (_, before, now, after, nextAt) => {
    const recorded = recordMoment(
      before.map((at) => moment(at * hour)),
      moment(now * hour),
      hourly,
    );
    expect(times(recorded.history)).toEqual(after);
    expect(recorded.nextAt / hour).toBe(nextAt);
  });

  test('never where nothing is kept, and what there was is gone', () => {
    expect(recordMoment([moment(1)], moment(hour * 9), { intervalMs: hour, keep: 0 })).toEqual({
      history: [],
      nextAt: Number.POSITIVE_INFINITY,
    });
  });

  test('fewer are kept when fewer are asked for', () => {
    const before = [1, 2, 3].map((at) => moment(at * hour));
    expect(times(recordMoment(before, moment(3.5 * hour), { intervalMs: hour, keep: 1 }).history)).toEqual([3]);
  });

  test('at most once an interval, however often and at whatever times it is looked at', () => {
    const looks = fc.array(fc.integer({ min: 0, max: 10 * hour }), { maxLength: 60 });
    fc.assert(
      fc.property(looks, (unordered) => {
        let history: readonly Moment[] = [];
        for (const at of unordered.toSorted((a, b) => a - b)) {
          history = recordMoment(history, moment(at), { intervalMs: hour, keep: 744 }).history;
        }
        for (const [index, { time }] of history.entries()) {
          const before = history[index - 1];
          if (before !== undefined) expect(time - before.time).toBeGreaterThanOrEqual(hour);
        }
      }),
    );
  });
});

describe('the trend', () => {
  const history = [
    moment(1 * hour, '40.0'),
    moment(2 * hour, undefined),
    moment(3 * hour, '60.5'),
    moment(4 * hour, '61.0'),
  ];
  test.each<readonly [string, number, string | undefined, object | undefined]>([
    ['is up', 7 * hour, '62.5', { since: 3 * hour, before: '60.5', now: '62.5', tenths: 20, direction: 'better' }],
    ['is down', 5 * hour, '39.9', { since: 1 * hour, before: '40.0', now: '39.9', tenths: -1, direction: 'worse' }],
    ['is level', 5.5 * hour, '40.0', { since: 1 * hour, before: '40.0', now: '40.0', tenths: 0, direction: 'same' }],
    [
      'is of the oldest where none is old enough',
      4.5 * hour,
      '60.0',
      { since: 1 * hour, before: '40.0', now: '60.0', tenths: 200, direction: 'better' },
    ],
    ['is none where nothing is known of now', 5 * hour, undefined, undefined],
    ['is none where all that was recorded is of the future', 0, '50.0', undefined],
  ])('%s', (_, time, workloadsPercent, expected) => {
    expect(trendOf(history, { time, workloadsPercent }, 4 * hour)).toEqual(expected);
  });
});
