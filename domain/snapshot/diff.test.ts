import { expect, test } from 'vitest';
import { diffStandings } from './diff.ts';
import { standingsIn, type Standing, type StandingReason, type Standings } from './standing.ts';

const because = (reason: string, cause = reason): StandingReason => ({ reason, cause, remedy: 'mend it' });
const stands = (state: string, ...reasons: readonly StandingReason[]): Standing => ({ state, reasons, agents: [] });
const of = (nodes: Record<string, Standing>, workloads: Record<string, Standing> = {}): Standings => ({
  nodes: new Map(Object.entries(nodes)),
  workloads: new Map(Object.entries(workloads)),
});
const well = stands('Protected');
const gone = stands('NoAgent', because('AgentMissing'));

const changesOf = (before: Standings, after: Standings): readonly string[] =>
  diffStandings(before, after).changes.map(
    ({ kind, name, change, came, went }) =>
      `${change} ${kind}/${name}${came.map(({ cause }) => ` +${cause}`).join('')}${went.map(({ cause }) => ` -${cause}`).join('')}`,
  );

test.each<readonly [string, Standing | undefined, Standing | undefined, readonly string[]]>([
  ['the same is no change', gone, gone, []],
  ['equal reasons in other objects are no change', gone, stands('NoAgent', because('AgentMissing')), []],
  ['protection lost', well, gone, ['worse node/a +AgentMissing']],
  ['protection gained', gone, well, ['better node/a -AgentMissing']],
  [
    'from bad to less bad',
    gone,
    stands('Failed', because('AgentNotReady')),
    ['better node/a +AgentNotReady -AgentMissing'],
  ],
  [
    'another cause for the same state',
    gone,
    stands('NoAgent', because('AgentMissing', 'a taint')),
    ['other node/a +a taint -AgentMissing'],
  ],
  ['an exemption makes nothing better', gone, stands('Exempt'), ['other node/a -AgentMissing']],
  ['and its end nothing worse', stands('Exempt'), gone, ['other node/a +AgentMissing']],
  ['what stopped running stands apart', well, stands('NotRunning'), ['other node/a']],
  ['a new asset', undefined, gone, ['added node/a +AgentMissing']],
  ['an asset that is gone', gone, undefined, ['removed node/a -AgentMissing']],
  ['a state of a later version is another state', well, stands('Radiant'), ['other node/a']],
])('%s', (_, before, after, expected) => {
  expect(changesOf(of(before ? { a: before } : {}), of(after ? { a: after } : {}))).toEqual(expected);
});

test('what is worse comes first, then what came and went; each in order of names, nodes first', () => {
  const before = of({ c: well, b: gone, a: well, d: well }, { 'x/Deployment/y': well });
  const after = of({ c: gone, b: well, a: gone, e: well }, { 'x/Deployment/y': gone });
  expect(changesOf(before, after).map((each) => each.split(' +')[0])).toEqual([
    'worse node/a',
    'worse node/c',
    'worse workload/x/Deployment/y',
    'added node/e',
    'removed node/d',
    'better node/b -AgentMissing',
  ]);
});

test('gaps are told by reason and cause: new ones, closed ones, and none that is in both', () => {
  const before = of({ a: gone, b: stands('Failed', because('AgentNotReady')) });
  const after = of({ a: gone, b: stands('NoAgent', because('AgentMissing', 'a taint')) }, { w: gone });
  const { newGaps, closedGaps } = diffStandings(before, after);
  expect(newGaps).toEqual([{ reason: 'AgentMissing', cause: 'a taint' }]);
  expect(closedGaps).toEqual([{ reason: 'AgentNotReady', cause: 'AgentNotReady' }]);
});

test('standings are read from slices: each name has that of its profile', () => {
  const { nodes, workloads } = standingsIn([
    { spec: { assets: 'Nodes' }, profiles: [{ ...gone, names: ['a', 'b'] }] },
    { spec: { assets: 'Workloads' }, profiles: [{ ...well, names: ['x/Deployment/y'] }] },
  ]);
  expect([...nodes]).toEqual([
    ['a', gone],
    ['b', gone],
  ]);
  expect([...workloads]).toEqual([['x/Deployment/y', well]]);
});
