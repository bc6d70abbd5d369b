import { describe, expect, it } from 'vitest';
import { object } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { kubeArmorEvents } from './event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const items = object(JSON.parse(fixture('kubearmor', 'events-1.7.4.json')) as unknown);
const read = (item: unknown) => kubeArmorEvents.eventsOf(item, receivedAt)[0];

const aLog = (more: Readonly<Record<string, unknown>>) => ({
  Timestamp: 1785578400,
  HostName: 'node-1',
  Type: 'ContainerLog',
  ...more,
});

describe('an alert of KubeArmor', () => {
  it('is read whole', () => {
    expect(read(items['package manager, blocked'])).toEqual({
      at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
      agentType: 'KubeArmor',
      policy: 'harden-web-pkg-mngr-exec',
      rule: 'process /usr/bin/apt-get',
      tags: ['NIST', 'MITRE_T1036_masquerading'],
      tactics: [],
      techniques: ['T1036'],
      origin: {
        node: 'node-1',
        namespace: 'shop',
        pod: 'web-6d5f9c7b8d-x2k4p',
        containerId: '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01',
        container: 'web',
        image: `registry.example.com/shop/web:1.4.2@sha256:${'ab'.repeat(32)}`,
        onHost: false,
      },
      process: {
        executable: '/usr/bin/apt-get',
        name: 'apt-get',
        arguments: '/usr/bin/apt-get -y update',
        parentName: 'dash',
        user: '0',
      },
      message: 'Alert! Execution of package management process inside container is denied',
    });
  });

  it('is of no rule where it is a log, and takes seconds where it has nothing finer', () => {
    const event = read(aLog({ Operation: 'Process', Resource: '/usr/bin/gcc main.c', ContainerID: '0123456789ab' }));
    expect(event).toMatchObject({
      at: Date.UTC(2026, 7, 1, 10),
      process: { executable: '/usr/bin/gcc', name: 'gcc' },
      message: 'Process /usr/bin/gcc main.c',
    });
    expect(event).not.toHaveProperty('rule');
    expect(event).not.toHaveProperty('policy');
  });

  it.each<[string, string, string | undefined]>([
    ['remoteip=169.254.169.254 port=80 protocol=TCP', 'kprobe=tcp_connect domain=AF_INET', '169.254.169.254:80'],
    ['sa_family=AF_INET sin_port=80 sin_addr=169.254.169.254', 'syscall=SYS_CONNECT fd=3', '169.254.169.254:80'],
    ['remoteip=169.254.169.254 port=80 protocol=TCP', 'kprobe=tcp_accept domain=AF_INET', undefined],
    ['domain=AF_PACKET type=SOCK_RAW protocol=768', 'syscall=SYS_SOCKET', undefined],
  ])('about the network by %s (%s) reached %s', (Resource, Data, destination) => {
    expect(read(aLog({ Operation: 'Network', Resource, Data }))?.destination).toBe(destination);
  });

  it('of the node names no pod, and one that says nothing is not said to be of the node', () => {
    expect(read(items['package manager on the node'])?.origin).toEqual({ node: 'node-1', onHost: true });
    expect(read(aLog({ Operation: 'Process' }))?.origin).toEqual({ node: 'node-1' });
  });

  it('from a sidecar, which takes the pod for the host, names no node', () => {
    const event = read(aLog({ Operation: 'Process', HostName: 'web-1', PodName: 'web-1', NamespaceName: 'shop' }));
    expect(event?.origin).toEqual({ namespace: 'shop', pod: 'web-1', onHost: false });
  });
});
