import { describe, expect, test } from 'vitest';
import type { Expectation } from '../fleet/expectation.ts';
import { missingFrom, type Report } from './report.ts';
import { quoted } from './show.ts';

const gap = {
  reason: 'AgentMissing',
  cause: 'DaemonSet falco/falco does not tolerate dedicated=gpu',
  remedy: 'Tolerate it',
};
const report: Report = {
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    counts: { nodes: { total: 20 } },
    gaps: [gap],
  },
};
const expected = (reason: string, ...causeContains: readonly string[]): readonly Expectation[] => [
  { state: 'NoAgent', reason, causeContains, remedyContains: [] },
];

describe('what is missing from the report', () => {
  test.each<[string, Report | undefined, number, readonly Expectation[], string | undefined]>([
    ['everything, before it is made', undefined, 20, [], 'has not made the report'],
    ['everything, before it has a status', {}, 20, [], 'it is not ready'],
    ['nodes that it has not counted', report, 21, [], 'it counts 20 of 21 nodes'],
    ['a gap of another reason', report, 20, expected('AgentNotReady'), 'no gap is AgentNotReady'],
    ['a gap of another cause', report, 20, expected('AgentMissing', 'falco', 'cpu'), 'because of falco, cpu'],
    ['nothing', report, 20, expected('AgentMissing', 'falco', 'gpu'), undefined],
    ['nothing, where no gap is expected', report, 0, [], undefined],
  ])('%s', (_, given, nodes, gaps, words) => {
    const missing = missingFrom(given, nodes, gaps);
    if (words === undefined) expect(missing).toBeUndefined();
    else expect(missing).toContain(words);
  });
});

test.each([
  ['/a/b-c_1.yaml', '/a/b-c_1.yaml'],
  ['/a folder', "'/a folder'"],
  ["it's", "'it'\\''s'"],
  ['$HOME', "'$HOME'"],
])('%s is one word for a shell', (text, word) => {
  expect(quoted(text)).toBe(word);
});
