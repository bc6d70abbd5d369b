import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { compareText } from '../coverage/verdict.ts';
import { aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aDaemonSet } from '../testing/pods.ts';
import { aPolicy, minutes } from '../testing/policies.ts';
import type { NodeFacts } from '../types.ts';
import { createNodeClasses } from './node-classes.ts';
import type { NodeReport } from './reported-presence.ts';
import { createStandings } from './standings.ts';

const now = 100 * minutes;
const pools = ['general', 'memory', 'arm', 'gpu', 'spot'];
const watched: NodeReport = {
  agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
  reasons: [],
};
const unwatched: NodeReport = { agents: [], reasons: [] };

const nodeOf = (index: number, overrides: Partial<NodeFacts> = {}): NodeFacts => {
  const pool = pools[index % pools.length] ?? '';
  return aNode({
    name: `node-${index}`,
    labels: { 'kubernetes.io/hostname': `node-${index}`, pool },
    taints: pool === 'gpu' ? [aTaint('dedicated=gpu:NoSchedule')] : [],
    ...overrides,
  });
};

const aFleet = (size: number) => {
  const reports = new Map<string, NodeReport>();
  const standings = createStandings(createAgentCatalogue([aFalco()], [aDaemonSet()]), [aPolicy()]);
  const classes = createNodeClasses();
  for (let index = 0; index < size; index++) classes.put(nodeOf(index));
  const refresh = (at = now) => classes.refresh(standings, (name) => reports.get(name) ?? watched, at);
  refresh();
  const sizes = () =>
    [...classes.list()]
      .map(({ members }) => [...members.values()].map((nodes) => nodes.size))
      .toSorted((a, b) => compareText(String(a), String(b)));
  return { classes, reports, refresh, sizes };
};

describe('classes of nodes', () => {
  it('are as few at 5,000 nodes as at fifty, however many hostnames there are', () => {
    expect(aFleet(50).sizes()).toEqual(Array.from({ length: 5 }, () => [10]));
    expect(aFleet(5000).sizes()).toEqual(Array.from({ length: 5 }, () => [1000]));
  });

  it('leave a few hostnames in, where there are only a few', () => {
    expect(aFleet(5).sizes()).toEqual([[1], [1], [1], [1], [1]]);
  });

  it('know which nodes a hostname names, and that a pool names none apart', () => {
    const { classes } = aFleet(50);
    const naming = (key: string, operator: 'In' | 'NotIn' | 'Exists', values: readonly string[]) =>
      [...classes.namedBy([{ key, operator, values }])].toSorted();
    expect(naming('kubernetes.io/hostname', 'In', ['node-7', 'nobody'])).toEqual(['node-7']);
    expect(naming('kubernetes.io/hostname', 'NotIn', ['node-7', 'node-8'])).toEqual(['node-7', 'node-8']);
    expect(naming('kubernetes.io/hostname', 'Exists', [])).toEqual([]);
    expect(naming('pool', 'In', ['gpu'])).toEqual([]);
  });

  it('follow a node that changes, and forget one that goes, with the class that it leaves empty', () => {
    const { classes, refresh, sizes } = aFleet(50);
    classes.put(nodeOf(0, { unschedulable: true }));
    expect(refresh()).toBe(true);
    expect(sizes()).toEqual([[1], [10], [10], [10], [10], [9]]);
    classes.remove('node-0');
    expect(refresh()).toBe(true);
    expect(sizes()).toEqual([[10], [10], [10], [10], [9]]);
    expect(classes.find('node-0')).toBeUndefined();
  });

  it('part by what is reported, and join again', () => {
    const { classes, reports, refresh, sizes } = aFleet(50);
    reports.set('node-0', unwatched);
    classes.touch('node-0');
    refresh();
    expect(sizes()).toContainEqual([9, 1]);
    reports.delete('node-0');
    classes.touch('node-0');
    refresh();
    expect(sizes()).toEqual(Array.from({ length: 5 }, () => [10]));
  });

  it('join nodes that wait since different times once the last grace period is over', () => {
    const { classes, reports, refresh, sizes } = aFleet(50);
    for (const [index, age] of [1, 2, 3].entries()) {
      const node = nodeOf(index * pools.length, { createdAt: now - age * minutes });
      classes.put(node);
      reports.set(node.name, unwatched);
    }
    refresh();
    expect(sizes()).toContainEqual([7, 1, 1, 1]);
    expect(refresh(now + minutes)).toBe(false);
    expect(refresh(now + 10 * minutes)).toBe(true);
    expect(sizes()).toContainEqual([7, 3]);
  });

  it('say that nothing has moved where nothing has', () => {
    expect(aFleet(50).refresh()).toBe(false);
  });
});
