import { describe, expect, it } from 'vitest';
import { createKeptObjects, keep, lists, type KeptObject, type Room } from './kept-objects.ts';

const anObject = (name: string, rest: object = {}): KeptObject => {
  const kept = keep({ kind: 'TracingPolicy', metadata: { name }, ...rest });
  if (kept === undefined) throw new Error('an object with a name is kept');
  return kept;
};
const namesIn = (objects: ReturnType<typeof createKeptObjects>): unknown[] =>
  objects.list().map(({ metadata }) => (metadata as { name: string }).name);

describe('an object as it is kept', () => {
  it('lacks what nobody reads', () => {
    const kept = keep(
      {
        kind: 'DaemonSet',
        metadata: {
          name: 'falco',
          namespace: 'falco',
          resourceVersion: '7',
          managedFields: [{}],
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'security' },
        },
        spec: { template: {} },
        status: { numberReady: 3 },
      },
      ['status'],
    );
    expect(kept?.raw).toEqual({
      kind: 'DaemonSet',
      metadata: { name: 'falco', namespace: 'falco', annotations: { team: 'security' } },
      spec: { template: {} },
    });
    expect(kept?.bytes).toBe(JSON.stringify(kept?.raw).length);
  });

  it('is none where it has no name, or is only a lock that changes all the time', () => {
    const annotations = { 'control-plane.alpha.kubernetes.io/leader': '{}' };
    expect(keep({ metadata: { name: 'lock', annotations } })).toBeUndefined();
    expect(keep({ metadata: {} })).toBeUndefined();
    expect(keep('nonsense')).toBeUndefined();
  });
});

describe('kept objects', () => {
  it('change only where one says something else', () => {
    const objects = createKeptObjects({ bytes: 0 });
    objects.upsert(anObject('a', { spec: 1 }));
    const { version } = objects;
    const before = version();
    objects.upsert(anObject('a', { spec: 1 }));
    expect(version()).toBe(before);
    objects.upsert(anObject('a', { spec: 2 }));
    expect(version()).not.toBe(before);
    expect(objects.list()).toMatchObject([{ spec: 2 }]);
  });

  it('come in the order of their names', () => {
    const objects = createKeptObjects({ bytes: 0 });
    for (const name of ['c', 'a', 'b']) objects.upsert(anObject(name));
    expect(namesIn(objects)).toEqual(['a', 'b', 'c']);
  });

  it('lose with a replacement what it did not name', () => {
    const room: Room = { bytes: 0 };
    const objects = createKeptObjects(room);
    for (const name of ['a', 'b']) objects.upsert(anObject(name));
    objects.beginReplace();
    objects.upsert(anObject('b'));
    objects.endReplace();
    expect(namesIn(objects)).toEqual(['b']);
    expect(room.bytes).toBe(anObject('b').bytes);
    expect(objects.size).toBe(1);
  });

  it('share one room: who comes when it is full is left out, and counted', () => {
    const room: Room = { bytes: 0 };
    const [first, second] = [createKeptObjects(room), createKeptObjects(room)];
    const large = { data: 'x'.repeat(10 * 1024 * 1024) };
    first.upsert(anObject('a', large));
    second.upsert(anObject('b', large));
    second.upsert(anObject('c', large));
    expect(namesIn(second)).toEqual(['b']);
    expect(second.leftOut()).toBe(1);
    second.upsert(anObject('small'));
    expect(namesIn(second)).toEqual(['b', 'small']);
    first.clear();
    second.upsert(anObject('c', large));
    expect([second.leftOut(), namesIn(second)]).toEqual([0, ['b', 'c', 'small']]);
    second.remove('', 'c');
    second.clear();
    expect(room.bytes).toBe(0);
  });
});

describe('what API discovery lists', () => {
  it.each<readonly [string, unknown, boolean]>([
    ['has the kind', { resources: [{ name: 'tracingpolicies' }] }, true],
    ['has others', { resources: [{ name: 'other' }] }, false],
    ['is nonsense', 'html', false],
    ['is nothing', undefined, false],
  ])('%s', (_, discovered, expected) => {
    expect(lists(discovered, 'tracingpolicies')).toBe(expected);
  });
});
