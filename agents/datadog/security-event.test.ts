import { describe, expect, it } from 'vitest';
import { object } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { datadogEvents } from './security-event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const items = object(JSON.parse(fixture('datadog', 'events-7.81.1.json')) as unknown);
const read = (item: unknown) => datadogEvents.eventsOf(item, receivedAt)[0];

const anEvent = (
  body: Readonly<Record<string, unknown>>,
  tags: readonly string[] = [],
  outer: Readonly<Record<string, unknown>> = {},
) => ({
  agent: { rule_id: 'a_rule' },
  date: '2026-08-01T10:00:00Z',
  process: { comm: 'apt-get' },
  ...body,
  ddtags: tags.join(','),
  ...outer,
});

describe('an event of Workload Protection', () => {
  it('is read whole', () => {
    expect(read(items.compiler)).toEqual({
      at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
      agentType: 'Datadog',
      policy: 'default.policy',
      rule: 'compiler_in_container_v2',
      tags: expect.arrayContaining(['compiler_in_container_v2', 'policy:best-practice', 'kube_deployment:web']),
      tactics: ['TA0005'],
      techniques: ['T1027'],
      origin: {
        namespace: 'shop',
        pod: 'web-6d5f9c7b8d-x2k4p',
        containerId: expect.stringMatching(/^3b1f7c9a/),
        container: 'web',
        image: 'registry.example.com/shop/web:1.4.2',
        onHost: false,
      },
      process: {
        executable: '/usr/bin/clang-15',
        name: 'clang',
        arguments: 'clang main.c',
        parentName: 'sh',
        user: 'root',
      },
      message: 'Compiler executed in container',
    });
  });

  it('of a group of rules is called by the rule that is loaded, with the group among its tags', () => {
    const event = read(items['network tool, of a group of rules']);
    expect(event?.rule).toBe('net_util_in_container_v3_socat');
    expect(event?.tags[0]).toBe('net_util_in_container_v3');
  });

  it.each<[string, readonly string[], Readonly<Record<string, unknown>>, unknown]>([
    ['the tag of its node', ['kube_node:node-1', 'host:i-0abc'], {}, { node: 'node-1', onHost: true }],
    ['its host, for want of a node', ['host:node-1'], {}, { node: 'node-1', onHost: true }],
    [
      'its host without the name of the cluster',
      ['host:node-1-prod', 'kube_cluster_name:prod'],
      { hostname: 'node-1' },
      { node: 'node-1', onHost: true },
    ],
    ['neither of two hosts', ['host:node-1'], { hostname: 'node-2' }, { onHost: true }],
    [
      'its container, on the host',
      ['container_id:0123456789ab', 'host:node-1'],
      {},
      { node: 'node-1', containerId: '0123456789ab', onHost: false },
    ],
    [
      'its pod and not its host',
      ['pod_name:a', 'kube_namespace:b', 'host:i-0abc'],
      {},
      { namespace: 'b', pod: 'a', onHost: false },
    ],
    [
      'neither of two pods, and never the host',
      ['pod_name:a', 'pod_name:b', 'host:node-1'],
      {},
      { node: 'node-1', onHost: false },
    ],
  ])('happened where %s says', (_, tags, outer, origin) => {
    expect(read(anEvent({}, tags, outer))?.origin).toEqual(origin);
  });

  it('of a sidecar, or without a process, is never said to be of the node', () => {
    expect(
      read(anEvent({ agent: { rule_id: 'x', origin: 'ebpfless' } }, ['host:node-1']))?.origin.onHost,
    ).toBeUndefined();
    expect(read(anEvent({ process: undefined }, ['host:node-1']))?.origin.onHost).toBeUndefined();
  });

  it.each<[string, unknown, string | undefined]>([
    ['the old way', { type: 'request', host: '169.254.169.254', aws: { is_imds_v2: false } }, '169.254.169.254:80'],
    ['the old way, with its port', { type: 'request', host: '169.254.169.254:80' }, '169.254.169.254:80'],
    ['the new way', { type: 'request', host: '169.254.169.254', aws: { is_imds_v2: true } }, undefined],
    ['the answer, which may be to either', { type: 'response', aws: { is_imds_v2: false } }, undefined],
  ])('that asks for credentials %s reached %#', (_, imds, destination) => {
    expect(read(anEvent({ imds }))?.destination).toBe(destination);
  });

  it('reached what it connected to', () => {
    expect(read(anEvent({ connect: { addr: { ip: '10.0.0.1', port: 22 } } }))?.destination).toBe('10.0.0.1:22');
  });

  it.each(['ruleset_loaded', 'heartbeat', 'self_test', 'lost_events', 'abnormal_path', 'noisy_process'])(
    'called %s is about the agent, and tells its node',
    (ruleId) => {
      const event = read(anEvent({ agent: { rule_id: ruleId } }, ['pod_name:agent', 'kube_node:node-1']));
      expect(event).toMatchObject({ isInternal: true, origin: { node: 'node-1' } });
    },
  );

  it('says that the kernel lost others, on the node or at least beside which pod of the agent', () => {
    const lost = (...tags: readonly string[]) =>
      datadogEvents.lossIn?.(anEvent({ agent: { rule_id: 'lost_events' }, lost: 40 }, tags));
    const own = ['pod_name:agent-x7k', 'kube_namespace:datadog'];
    const pod = { namespace: 'datadog', name: 'agent-x7k' };
    expect(lost(...own, 'kube_node:node-1')).toEqual({ node: 'node-1', pod, duration: 0 });
    expect(lost(...own)).toEqual({ pod, duration: 0 });
    expect(datadogEvents.lossIn?.(items.compiler)).toBeUndefined();
  });

  it('is none where no rule saw it', () => {
    expect(datadogEvents.eventsOf({ message: 'a log', service: 'web' }, receivedAt)).toEqual([]);
  });
});
