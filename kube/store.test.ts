import { describe, expect, test } from 'vitest';
import { type Change, Store } from './store.ts';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly value: number;
}

const a1: Thing = { namespace: 'x', name: 'a', value: 1 };
const b1: Thing = { namespace: 'y', name: 'b', value: 1 };

function setUp(equal?: (a: Thing, b: Thing) => boolean) {
  const store = new Store<Thing>({ keyOf: (thing) => thing, ...(equal ? { equal } : {}) });
  const changes: Change<Thing>[] = [];
  const unsubscribe = store.subscribe((change) => changes.push(change));
  return {
    store,
    changes,
    unsubscribe,
    told: () => changes.map(({ type, item }) => `${type} ${item.name}${item.value}`),
  };
}

describe('a store', () => {
  test('holds objects by namespace and name, and tells of each change', () => {
    const { store, told } = setUp();
    store.upsert(a1);
    store.upsert(b1);
    store.upsert({ ...a1, value: 2 });
    store.remove('y', 'b');
    store.remove('y', 'never');
    expect(told()).toEqual(['added a1', 'added b1', 'modified a2', 'deleted b1']);
    expect(store.size).toBe(1);
    expect(store.get('x', 'a')?.value).toBe(2);
    expect(store.has('y', 'b')).toBe(false);
    expect([...store.list()]).toHaveLength(1);
    expect([...store.list('y')]).toEqual([]);
  });

  test('a modification carries what was there before', () => {
    const { store, changes } = setUp();
    store.upsert(a1);
    store.upsert({ ...a1, value: 2 });
    expect(changes[1]).toEqual({ type: 'modified', item: { ...a1, value: 2 }, previous: a1 });
  });

  test('a replacement removes what it did not bring, and nothing before its end', () => {
    const { store, told } = setUp();
    store.upsert(a1);
    store.upsert(b1);
    store.beginReplace();
    store.upsert({ ...b1, value: 2 });
    expect(store.size).toBe(2);
    store.endReplace();
    expect(told().slice(2)).toEqual(['modified b2', 'deleted a1']);
  });

  test('a replacement that broke off leaves all, and the next one counts anew', () => {
    const { store } = setUp();
    store.upsert(a1);
    store.upsert(b1);
    store.beginReplace();
    store.upsert(a1);
    store.beginReplace();
    store.upsert(b1);
    store.endReplace();
    expect([...store.list()]).toEqual([b1]);
  });

  test('an end without a beginning removes nothing', () => {
    const { store } = setUp();
    store.upsert(a1);
    store.endReplace();
    expect(store.size).toBe(1);
  });

  test('where equality is known, a relist of the same is silent', () => {
    const { store, told } = setUp((a, b) => a.value === b.value);
    store.upsert(a1);
    store.beginReplace();
    store.upsert({ ...a1 });
    store.endReplace();
    expect(told()).toEqual(['added a1']);
    expect(store.get('x', 'a')).toBe(a1);
  });

  test('who unsubscribed is told no more', () => {
    const { store, told, unsubscribe } = setUp();
    unsubscribe();
    store.upsert(a1);
    expect(told()).toEqual([]);
  });
});
