import { describe, expect, it } from 'vitest';
import { Store } from '../kube/store.ts';
import { createNodeReports } from './node-reports.ts';
import { createNodeSliceProjection, type NodeSlice } from '../facts/node-slice.ts';

const aSlice = (name: string, ...profiles: readonly object[]) => ({
  metadata: { name },
  spec: { report: 'cluster', assets: 'Nodes', index: 0, of: 1 },
  profiles,
});
const falcoOn = (...names: readonly string[]) => ({
  state: 'Protected',
  agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
  names,
});
const nothingOn = (...names: readonly string[]) => ({
  state: 'NoAgent',
  reasons: [{ reason: 'AgentMissing', cause: 'none', remedy: 'install one', agent: 'falco' }],
  names,
});

const aWorld = () => {
  const project = createNodeSliceProjection('cluster');
  const reports = createNodeReports();
  const store = new Store<NodeSlice>({ keyOf: ({ name }) => ({ namespace: '', name }) });
  store.subscribe(reports.take);
  return {
    reports,
    put: (raw: unknown) => {
      const slice = project(raw);
      if (slice !== undefined) store.upsert(slice);
    },
    remove: (name: string) => store.remove('', name),
  };
};

describe('reports of nodes', () => {
  it('say of each node what its profile says, with one object for a profile wherever it stands', () => {
    const { reports, put } = aWorld();
    put(aSlice('a', falcoOn('n1', 'n2'), nothingOn('n3')));
    put(aSlice('b', falcoOn('n4')));
    expect(reports.of('n1')).toEqual({
      agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
      reasons: [],
    });
    expect(reports.of('n4')).toBe(reports.of('n1'));
    expect(reports.of('n3')?.reasons).toHaveLength(1);
    expect(reports.of('n5')).toBeUndefined();
  });

  it('keep a node that moves from one slice to another, in whichever order the two are written', () => {
    const { reports, put } = aWorld();
    put(aSlice('a', falcoOn('n1', 'n2')));
    put(aSlice('b', nothingOn('n2')));
    put(aSlice('a', falcoOn('n1')));
    expect(reports.of('n2')?.agents).toEqual([]);
  });

  it('forget what is no longer named', () => {
    const { reports, put, remove } = aWorld();
    put(aSlice('a', falcoOn('n1', 'n2')));
    put(aSlice('a', falcoOn('n1')));
    expect([reports.of('n2'), reports.size()]).toEqual([undefined, 1]);
    remove('a');
    expect(reports.size()).toBe(0);
  });

  it.each<[string, object]>([
    ['of another report', { report: 'team-a', assets: 'Nodes' }],
    ['of workloads', { report: 'cluster', assets: 'Workloads' }],
    ['of a snapshot', { report: 'cluster', assets: 'Nodes', frozen: true }],
  ])('leave out slices %s', (_, spec) => {
    const { reports, put } = aWorld();
    put({ ...aSlice('a', falcoOn('n1')), spec });
    expect(reports.size()).toBe(0);
  });

  it('take a state that they do not know for unknown, and leave out a reason that they do not know', () => {
    const { reports, put } = aWorld();
    put(
      aSlice('a', { agents: [{ name: 'falco', state: 'Splendid' }], reasons: [{ reason: 'Sunspots' }], names: ['n1'] }),
    );
    expect(reports.of('n1')).toEqual({
      agents: [{ name: 'falco', version: undefined, state: 'Unknown', evidence: undefined }],
      reasons: [],
    });
  });
});
