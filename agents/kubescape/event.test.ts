import { describe, expect, it } from 'vitest';
import { object } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { kubescapeEvents } from './event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const items = object(JSON.parse(fixture('kubescape', 'events-0.3.158.json')) as unknown);
const read = (name: string) => kubescapeEvents.eventsOf(items[name], receivedAt)[0];

const aList = (alerts: readonly unknown[], processTree?: unknown) => ({
  kind: 'RuntimeAlerts',
  spec: { alerts, processTree },
});
const anAlert = (more: Readonly<Record<string, unknown>>) => ({
  alertName: 'Unexpected process launched',
  ruleID: 'R0001',
  ...more,
});

describe('an alert of Kubescape', () => {
  it('is read whole, with its process out of the tree', () => {
    expect(read('drift')).toEqual({
      id: `5c1d0bd9c7f0d1e2 2026-08-01T10:00:00.123456789Z 3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01`,
      at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
      agentType: 'Kubescape',
      rule: 'Drifted process executed',
      tags: ['R1001'],
      tactics: [],
      techniques: [],
      origin: {
        node: 'node-1',
        namespace: 'shop',
        pod: 'web-6d5f9c7b8d-x2k4p',
        podUid: '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f',
        containerId: '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01',
        container: 'web',
        image: 'registry.example.com/shop/web:1.4.2',
        onHost: false,
      },
      process: { executable: '/tmp/x', name: 'x', arguments: '/tmp/x', parentName: 'web', user: '0' },
      message: 'Drifted process executed',
    });
  });

  it('out of its log says the same as out of a list, and the node that the log tells', () => {
    expect(read('as its log has it')).toMatchObject({
      rule: 'Unexpected process launched',
      tags: ['R0001'],
      origin: { node: 'node-1', pod: 'web-6d5f9c7b8d-x2k4p' },
      process: { name: 'make', arguments: 'make all' },
    });
  });

  it('is called by its id where it has no name, and none where it has neither', () => {
    expect(kubescapeEvents.eventsOf({ ruleID: 'R1001' }, receivedAt)[0]?.rule).toBe('R1001');
    expect(kubescapeEvents.eventsOf(aList([{ message: 'x' }, anAlert({})]), receivedAt)).toHaveLength(1);
  });

  it('has an id that no other has, though its own is that of all which are alike', () => {
    const ids = [
      { containerID: 'a', timestamp: '2026-08-01T10:00:00Z' },
      { containerID: 'b', timestamp: '2026-08-01T10:00:00Z' },
      { containerID: 'a', timestamp: '2026-08-01T11:00:00Z' },
      { podUID: 'c', timestamp: '2026-08-01T11:00:00Z' },
    ].map((more) => kubescapeEvents.eventsOf(anAlert({ uniqueID: 'alike', ...more }), receivedAt)[0]?.id);
    expect(new Set(ids).size).toBe(4);
    expect(kubescapeEvents.eventsOf(anAlert({ uniqueID: 'alike' }), receivedAt)[0]).not.toHaveProperty('id');
  });

  it('of the node itself, which it calls a container named host, is of the node', () => {
    const [event] = kubescapeEvents.eventsOf(anAlert({ containerID: 'host', nodeName: 'node-1' }), receivedAt);
    expect(event?.origin).toEqual({ node: 'node-1', onHost: true });
  });

  it('takes no process of another container for its own', () => {
    const processTree = { processTree: { pid: 42, comm: 'gcc', path: '/usr/bin/gcc' }, containerID: 'other' };
    const alert = anAlert({ containerID: 'mine', infectedPID: 42, arguments: { exec: '/bin/ls' } });
    expect(kubescapeEvents.eventsOf(aList([alert], processTree), receivedAt)[0]?.process?.name).toBe('ls');
  });

  it('finds a process in a list of children as in a map of them, and gives up on a tree without end', () => {
    const children = [{ pid: 41 }, { pid: 42, comm: 'gcc' }];
    const found = (processTree: unknown) =>
      kubescapeEvents.eventsOf(aList([anAlert({ infectedPID: 42 })], { processTree }), receivedAt)[0]?.process?.name;
    expect(found({ pid: 1, children })).toBe('gcc');
    const endless: { pid: number; children: unknown[] } = { pid: 1, children: [] };
    endless.children.push(endless);
    expect(found(endless)).toBeUndefined();
  });

  it('looks through a tree once, however many alerts come with it', () => {
    let looks = 0;
    const processTree = {
      pid: 1,
      get children() {
        looks++;
        return [{ pid: 42, comm: 'gcc' }];
      },
    };
    const alerts = Array.from({ length: 50 }, () => anAlert({ infectedPID: 42 }));
    expect(kubescapeEvents.eventsOf(aList(alerts, { processTree }), receivedAt)).toHaveLength(50);
    expect(looks).toBe(1);
  });

  it('names no node by the name of its own pod', () => {
    const [event] = kubescapeEvents.eventsOf(anAlert({ hostName: 'node-agent-7x2k4' }), receivedAt);
    expect(event?.origin).toEqual({});
  });
});
