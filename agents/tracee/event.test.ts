import { describe, expect, it } from 'vitest';
import { object } from '../read.ts';
import { fixture } from '../testing/read.ts';
import { traceeEvents } from './event.ts';

const receivedAt = Date.UTC(2026, 7, 1, 10, 0, 5);
const itemsOf = (version: string) => object(JSON.parse(fixture('tracee', `events-${version}.json`)) as unknown);
const read = (item: unknown) => traceeEvents.eventsOf(item, receivedAt)[0];

const origin = {
  namespace: 'shop',
  pod: 'web-6d5f9c7b8d-x2k4p',
  podUid: '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f',
  containerId: '3b1f7c9a52d84e60a1c4f5b6d7e8f90123456789abcdef0123456789abcdef01',
  container: 'web',
  image: 'registry.example.com/shop/web:1.4.2',
  onHost: false,
};
const drift = {
  at: Date.UTC(2026, 7, 1, 10, 0, 0, 123),
  agentType: 'Tracee',
  policy: 'posture',
  rule: 'dropped_executable',
  tags: ['TRC-1022', 'New executable dropped', 'posture'],
  tactics: ['TA0005'],
  techniques: ['T1036'],
  origin,
  file: '/tmp/x',
  message: 'An Executable file was dropped in the system during runtime.',
};

describe('an event of Tracee', () => {
  it('is read whole in its newer shape', () => {
    expect(read(itemsOf('0.24.0').drift)).toEqual({
      ...drift,
      process: { executable: '/app/web', name: 'web', parentName: 'dash', user: '0' },
    });
  });

  it('is read whole in its older shape, but for the parent, which that does not tell', () => {
    expect(read(itemsOf('0.20.0').drift)).toEqual({
      ...drift,
      process: { executable: '/app/web', name: 'web', user: '0' },
    });
  });

  it('has the same place whether pod and namespace stand in the workload or in an object of their own', () => {
    expect(read(itemsOf('0.24.0')['compiler, as in its docs'])?.origin).toEqual(origin);
  });

  it('never takes for its node what a process takes for its host', () => {
    expect(read(itemsOf('0.20.0')['package manager on the node'])?.origin).toEqual({ onHost: true });
  });

  it.each<[string, unknown, string | undefined]>([
    ['in its newer shape', { sa_family: 2, sin_addr: '169.254.169.254', sin_port: 80 }, '169.254.169.254:80'],
    ['in its older shape', { sa_family: 'AF_INET', sin_addr: '169.254.169.254', sin_port: '80' }, '169.254.169.254:80'],
    ['of IPv6', { sa_family: 10, sin6_addr: 'fd00:ec2::254', sin6_port: 80 }, '[fd00:ec2::254]:80'],
    ['of a socket in a file', { sa_family: 1, sun_path: '/run/docker.sock' }, undefined],
  ])('reached the address %s', (_, value, destination) => {
    const event = { name: 'security_socket_connect', data: [{ name: 'remote_addr', value }] };
    expect(read(event)?.destination).toBe(destination);
  });

  it.each<[string, boolean]>([
    ['/dev/pts/0', true],
    ['/dev/tty1', true],
    ['/dev/null', false],
    ['pipe:[1234]', false],
  ])('of a program that reads from %s says of its terminal %s', (value, terminal) => {
    const event = { name: 'sched_process_exec', data: [{ name: 'stdin_path', value }] };
    expect(read(event)?.process?.terminal).toBe(terminal);
  });

  it('of a program that was started tells its path once', () => {
    const event = read(itemsOf('0.24.0').compiler);
    expect(event).toMatchObject({ process: { executable: '/usr/bin/gcc', arguments: 'gcc main.c' } });
    expect(event).not.toHaveProperty('file');
  });

  it('is none where it has no name', () => {
    expect(traceeEvents.eventsOf({ timestamp: 1, workload: {} }, receivedAt)).toEqual([]);
  });
});
