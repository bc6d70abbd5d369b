import { describe, expect, it } from 'vitest';
import { createTurns } from './turns.ts';

const aLoop = () => {
  let now = 0;
  let deferred: (() => void)[] = [];
  const done: string[] = [];
  const turns = createTurns({ monotonic: () => now, defer: (callback) => deferred.push(callback) });
  return {
    done,
    take: (name: string, ms: number) =>
      turns.take(() => {
        done.push(name);
        now += ms;
      }),
    turn: () => {
      const callbacks = deferred;
      deferred = [];
      for (const callback of callbacks) callback();
      return callbacks.length;
    },
  };
};

describe('turns', () => {
  it('decide at once while there is time', () => {
    const { take, done } = aLoop();
    for (const name of ['a', 'b', 'c']) take(name, 3);
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('leave what is too much for the next turn, in the order of arrival', () => {
    const { take, turn, done } = aLoop();
    for (const name of ['a', 'b', 'c', 'd', 'e']) take(name, 6);
    expect(done).toEqual(['a', 'b']);
    turn();
    expect(done).toEqual(['a', 'b', 'c', 'd']);
    take('f', 1);
    turn();
    expect(done).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('never take more than one decision longer than the slice, however slow each is', () => {
    const { take, turn, done } = aLoop();
    for (const name of ['a', 'b', 'c']) take(name, 1000);
    expect(done).toEqual(['a']);
    turn();
    expect(done).toEqual(['a', 'b']);
  });

  it('ask for a turn only where somebody waits, and come to rest', () => {
    const { take, turn } = aLoop();
    take('a', 10);
    expect(turn()).toBe(0);
    take('b', 1);
    expect([turn(), turn()]).toEqual([1, 0]);
  });
});
