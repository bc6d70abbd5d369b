import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { digestedText, type ReportObject, type SliceObject } from './content.ts';

const slices: readonly SliceObject[] = [
  { apiVersion: 'v', kind: 'CoverageSlice', metadata: { name: 's-workloads-0' }, spec: { index: 0 }, profiles: [] },
  {
    apiVersion: 'v',
    kind: 'CoverageSlice',
    metadata: { name: 's-nodes-0' },
    spec: { index: 0 },
    profiles: [{ id: 'x' }],
  },
];
const report: ReportObject = {
  spec: { snapshotOf: { name: 'cluster' } },
  status: {
    slices: 2,
    conditions: [{ type: 'Ready' }],
    snapshot: { takenAt: '2026-11-22T06:00:00Z', digest: 'sha256:0', imported: true },
  },
};
const textOf = (...given: Parameters<typeof digestedText>): string => [...digestedText(...given)].join('');

test('is one canonical JSON text of slices, spec and status, without what may differ between copies', () => {
  expect(JSON.parse(textOf(report, slices))).toEqual({
    slices: [
      { name: 's-nodes-0', spec: { index: 0 }, profiles: [{ id: 'x' }] },
      { name: 's-workloads-0', spec: { index: 0 }, profiles: [] },
    ],
    spec: { snapshotOf: { name: 'cluster' } },
    status: { slices: 2, snapshot: { takenAt: '2026-11-22T06:00:00Z' } },
  });
  expect(textOf(report, slices)).toBe(canonicalJson(JSON.parse(textOf(report, slices))));
});

test('does not depend on the order of slices or on what the API server adds to them', () => {
  const elsewhere = slices
    .toReversed()
    .map(({ metadata: { name }, ...slice }) => ({ ...slice, metadata: { name, uid: 'u', resourceVersion: '7' } }));
  expect(textOf(report, elsewhere)).toBe(textOf(report, slices));
});

test('a field that a later version adds counts as well', () => {
  const [first, ...others] = slices;
  const changed = [{ ...first, metadata: { name: 's-workloads-0' }, novel: 1 }, ...others];
  expect(textOf(report, changed)).not.toBe(textOf(report, slices));
});

test('a report that says nothing yet has a text, too', () => {
  expect(textOf({}, [])).toBe('{"slices":[],"spec":{},"status":{}}');
});
