import { expect, test, vi } from 'vitest';
import { createCoverageModel } from '../domain/coverage/model.ts';
import { aPod } from '../domain/testing/pods.ts';
import { createPodSink } from './pod-sink.ts';

const names = (model: ReturnType<typeof createCoverageModel>): string[] =>
  [...model.inventory.eachPod()].map(({ facts }) => facts.name).toSorted();

test('a list that is read again removes the pods that it does not name', () => {
  const model = createCoverageModel();
  const sink = createPodSink(
    model,
    () => {},
    () => {},
  );
  for (const name of ['a', 'b', 'c']) sink.upsert(aPod({ name }));
  sink.beginReplace();
  sink.upsert(aPod({ name: 'b' }));
  sink.upsert(aPod({ name: 'd' }));
  expect(names(model)).toEqual(['a', 'b', 'c', 'd']);
  sink.endReplace();
  expect(names(model)).toEqual(['b', 'd']);
});

test('a list that broke off removes nothing, and the next one starts afresh', () => {
  const model = createCoverageModel();
  const sink = createPodSink(
    model,
    () => {},
    () => {},
  );
  sink.upsert(aPod({ name: 'a' }));
  sink.beginReplace();
  sink.upsert(aPod({ name: 'a' }));
  sink.beginReplace();
  sink.upsert(aPod({ name: 'b' }));
  sink.endReplace();
  expect(names(model)).toEqual(['b']);
});

test('an unchanged pod is kept though it is not stored anew', () => {
  const model = createCoverageModel();
  const sink = createPodSink(
    model,
    () => {},
    () => {},
  );
  sink.upsert(aPod({ name: 'a' }));
  sink.beginReplace();
  sink.upsert(aPod({ name: 'a' }));
  sink.endReplace();
  expect(names(model)).toEqual(['a']);
  expect(sink.size).toBe(1);
});

test('every change is told', () => {
  const touch = vi.fn<() => void>();
  const sink = createPodSink(createCoverageModel(), touch, () => {});
  sink.upsert(aPod({ name: 'a' }));
  sink.remove('default', 'a');
  expect(touch).toHaveBeenCalledTimes(2);
});

test('a pod is told of just before it is forgotten, also one that a list no longer names', () => {
  const model = createCoverageModel();
  const left: string[] = [];
  const sink = createPodSink(
    model,
    () => {},
    (namespace, name) => {
      expect(model.inventory.pod(namespace, name)).toBeDefined();
      left.push(name);
    },
  );
  for (const name of ['a', 'b', 'c']) sink.upsert(aPod({ name }));
  sink.remove('shop', 'a');
  sink.beginReplace();
  sink.upsert(aPod({ name: 'c' }));
  sink.endReplace();
  expect(left).toEqual(['a', 'b']);
});
