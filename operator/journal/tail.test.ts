import { array, assert, constantFrom, integer, oneof, property, record as recordOf } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positionAfter, type JournalRecord } from './record.ts';
import { createTail } from './tail.ts';

const mebibyte = 1024 * 1024;
const aRecord = (position: number, count = 1, bytes = 10): JournalRecord => ({
  position,
  count,
  payload: Buffer.alloc(bytes),
});

describe('the end of a journal', () => {
  test('is given to whoever follows it, in order and with what it was made of', () => {
    const tail = createTail(1);
    const follower = tail.follow(1);
    const content = { made: 'of this' };
    tail.add({ ...aRecord(1, 2), content });
    tail.add(aRecord(5));
    expect([follower.next()?.content, follower.next()?.position, follower.next()]).toEqual([content, 5, undefined]);
    expect(follower.isBehind()).toBe(false);
  });

  test('is given from the record on that holds the position that is asked for', () => {
    const tail = createTail(1);
    const first = tail.follow(1);
    tail.add(aRecord(1, 2));
    tail.add(aRecord(3, 4));
    const second = tail.follow(5);
    expect([second.next()?.position, second.next(), first.next()?.position]).toEqual([3, undefined, 1]);
  });

  test('is not kept where nobody follows', () => {
    const tail = createTail(1);
    tail.add(aRecord(1));
    expect(tail.follow(1).isBehind()).toBe(true);
    expect(tail.follow(2).isBehind()).toBe(false);
  });

  test('is kept up to a bound; whoever is further behind reads the disk, and follows again from there', () => {
    const tail = createTail(1);
    const follower = tail.follow(1);
    for (let position = 1; position <= 20; position++) tail.add(aRecord(position, 1, mebibyte));
    expect([follower.next(), follower.isBehind()]).toEqual([undefined, true]);
    follower.pass(aRecord(19));
    expect(follower.next()?.position).toBe(20);
  });
});

test('whoever follows, however slowly, and reads the disk where it must, misses nothing and is given nothing twice', () => {
  const step = oneof(
    recordOf({ kind: constantFrom('add' as const), by: integer({ min: 1, max: 6 }) }),
    recordOf({ kind: constantFrom('read' as const), by: integer({ min: 0, max: 2 }) }),
  );
  assert(
    property(array(step, { maxLength: 60 }), array(integer({ min: 1, max: 40 }), { maxLength: 3 }), (steps, starts) => {
      const tail = createTail(1);
      const disk: JournalRecord[] = [];
      const followers = [1, ...starts].map((start) => tail.follow(start));
      const read = followers.map((): number[] => []);
      const readOne = (index: number): boolean => {
        const follower = followers[index];
        if (follower === undefined) return false;
        let record = follower.next();
        if (record === undefined && follower.isBehind()) {
          record = disk.find((each) => positionAfter(each) > follower.position);
          if (record !== undefined) follower.pass(record);
        }
        if (record !== undefined) read[index]?.push(record.position);
        return record !== undefined;
      };
      let next = 1;
      for (const { kind, by } of steps) {
        if (kind === 'read') readOne(by);
        else {
          // Positions that a failed write has used up are gaps.
          next += by > 4 ? 3 : 0;
          const record = aRecord(next, by, mebibyte);
          next += by;
          disk.push(record);
          tail.add(record);
        }
      }
      for (const index of followers.keys()) while (readOne(index));
      for (const [index, start] of [1, ...starts].entries()) {
        const asked = disk.filter((each) => positionAfter(each) > start);
        expect(read[index]).toEqual(asked.map(({ position }) => position));
      }
    }),
  );
});
