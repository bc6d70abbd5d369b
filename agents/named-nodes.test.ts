import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namedNodes, type EventSource } from './named-nodes.ts';

const sources = ['falco', 'tetragon', 'datadog', 'kubearmor', 'kubescape', 'tracee', 'generic'] as const;

describe('the nodes that an event names', () => {
  it.each<[EventSource, unknown, readonly string[]]>([
    ['falco', { hostname: 'n1' }, ['n1']],
    ['tetragon', { node_name: 'n1', process_exec: {} }, ['n1']],
    ['kubearmor', { HostName: 'n1' }, ['n1']],
    ['kubescape', { spec: { alerts: [{ nodeName: 'n1' }, { nodeName: 'n2' }] } }, ['n1', 'n2']],
    ['kubescape', { nodeName: 'n1' }, ['n1']],
    ['generic', { node: 'n1' }, ['n1']],
    // A name of the cloud's is no name of a node, and that of a container is none either.
    ['datadog', { hostname: 'i-0abc' }, []],
    ['tracee', { hostName: 'web-7d4b9' }, []],
    ['falco', { hostname: '' }, []],
    ['falco', { hostname: { $ne: '' } }, []],
  ])('are those that %s writes: %j', (source, event, expected) => {
    expect(namedNodes(source, event).map(({ node }) => node)).toEqual(expected);
  });

  it('are named with the field that they stand in', () => {
    expect(namedNodes('kubescape', { spec: { alerts: [{}, { nodeName: 'n1' }] } })).toEqual([
      { field: 'spec.alerts[1].nodeName', node: 'n1' },
    ]);
  });

  it('are looked for in anything without an error', () => {
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.anything(), (source, event) => {
        expect(Array.isArray(namedNodes(source, event))).toBe(true);
      }),
    );
  });
});
