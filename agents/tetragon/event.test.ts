import { describe, expect, it } from 'vitest';
import { object } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { tetragonEvents } from './event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const items = object(JSON.parse(fixture('tetragon', 'events-1.7.0.json')) as unknown);
const read = (name: string) => tetragonEvents.eventsOf(items[name], receivedAt)[0];

describe('an event of Tetragon', () => {
  it('is read whole', () => {
    expect(read('compiler')).toEqual({
      at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
      agentType: 'Tetragon',
      tags: ['not-in-init-tree'],
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
      process: {
        executable: '/usr/bin/gcc',
        name: 'gcc',
        arguments: '/usr/bin/gcc -O2 main.c',
        parentName: 'bash',
        user: '0',
      },
    });
  });

  it.each<[string, string | undefined, string | undefined]>([
    ["shell with a terminal, by a policy's tag", 'terminals', 'A terminal was opened'],
    ['metadata service', 'metadata', 'tcp_connect'],
    ['file by a security hook', 'secrets', 'file_open'],
    ['system call', 'mounts', 'sys_mount'],
    ['tracepoint', 'opens', 'syscalls/sys_enter_openat'],
    ['user probe', 'tls', '/usr/lib/libssl.so.3:SSL_write'],
    ['static probe', 'python', '/usr/bin/python3:python:audit'],
    ['loader', undefined, undefined],
    ['compiler', undefined, undefined],
  ])('names policy and rule as they are declared: %s', (name, policy, rule) => {
    const event = read(name);
    expect([event?.policy, event?.rule]).toEqual([policy, rule]);
  });

  it('tells the file and the address among the arguments, and the technique among the tags', () => {
    expect(read('file by a security hook')).toMatchObject({ file: '/etc/shadow', techniques: ['T1003.008'] });
    expect(read('metadata service')?.destination).toBe('169.254.169.254:80');
  });

  it('of a shell started later is not said to have a terminal, since Tetragon does not say it', () => {
    const event = read('shell by exec');
    expect(event?.tags).toEqual(['not-in-init-tree']);
    expect(event?.process).not.toHaveProperty('terminal');
  });

  it('before the pod is known names the container by what it has of its id', () => {
    expect(read('pod not yet known')?.origin).toEqual({
      node: 'node-1',
      containerId: '3b1f7c9a52d84e6',
      onHost: false,
    });
  });

  it('without pod and container is of the node, and of nowhere where even the process is not known', () => {
    expect(read('compiler on the node')?.origin).toEqual({ node: 'node-1', onHost: true });
    const unknown = { process_exec: { process: { exec_id: 'x' } }, node_name: 'node-1' };
    expect(tetragonEvents.eventsOf(unknown, receivedAt)[0]?.origin).toEqual({ node: 'node-1' });
  });

  it.each<[string, number | undefined]>([
    ['rate limited', 0],
    ['throttled', 600_000],
    ['compiler', undefined],
  ])('says that others were left out, and for how long: %s, %s', (name, duration) => {
    expect(tetragonEvents.lossIn?.(items[name])).toEqual(
      duration === undefined ? undefined : { node: 'node-1', duration },
    );
  });

  it('about what was left out still tells its node', () => {
    expect(read('throttled')).toMatchObject({ isInternal: true, origin: { node: 'node-1' } });
    expect(read('rate limited')).toMatchObject({ isInternal: true, origin: { node: 'node-1' } });
  });
});
