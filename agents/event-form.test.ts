import { describe, expect, it } from 'vitest';
import { baseName, destinationOf, securityEvent, tagsIn } from './event-form.ts';

const receivedAt = Date.UTC(2026, 7, 1);
const event = (draft: Partial<Parameters<typeof securityEvent>[0]>) =>
  securityEvent({ agentType: 'Falco', at: undefined, ...draft }, receivedAt);

describe('an event in the neutral form', () => {
  it('holds nothing that was not said', () => {
    expect(
      event({ id: '', rule: undefined, policy: 7, origin: { node: '', pod: null }, process: { name: '', user: 0 } }),
    ).toEqual({ at: receivedAt, agentType: 'Falco', tags: [], tactics: [], techniques: [], origin: {} });
  });

  it('keeps the first tags, each once, and that of a terminal before all others', () => {
    const tags = Array.from({ length: 100 }, (_, index) => `tag-${index}`);
    const found = event({ tags: ['b', 'b', 7, '', ...tags], process: { name: 'sh', terminal: true } }).tags;
    expect(found.slice(0, 3)).toEqual(['terminal', 'b', 'tag-0']);
    expect(found).toHaveLength(64);
  });

  it('cuts what is long, and not through a character', () => {
    const found = event({ message: `${'x'.repeat(4095)}😀`, tags: ['t'.repeat(1000)] });
    expect(found.message).toBe(`${'x'.repeat(4095)}\ufffd`);
    expect(found.tags).toEqual(['t'.repeat(256)]);
  });

  it.each([
    ['containerd://0123456789abcdef', '0123456789abcdef'],
    ['cri-o://0123456789abcdef', '0123456789abcdef'],
    ['0123456789ab', '0123456789ab'],
  ])('names the container %s by its id alone', (containerId, expected) => {
    expect(event({ origin: { containerId } }).origin).toEqual({ containerId: expected });
  });

  it.each([
    ['6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f', '6f0c1f5e-2a34-4f0e-9c1d-0a1b2c3d4e5f'],
    ['a static pod’s hash, 0f1e2d3c4b5a69788796a5b4c3d2e1f0', undefined],
    ['0f1e2d3c4b5a69788796a5b4c3d2e1f0', undefined],
  ])('takes for the uid of a pod what is one: %s', (podUid, expected) => {
    expect(event({ origin: { podUid } }).origin.podUid).toBe(expected);
  });

  it.each([
    ['by its own name', { name: 'sh', executable: '/bin/busybox' }, 'sh'],
    ['by its path where it has no name', { executable: '/usr/bin/gcc' }, 'gcc'],
    [
      'whole where the kernel cut it',
      { name: 'x86_64-linux-gn', executable: '/x86_64-linux-gnu-gcc' },
      'x86_64-linux-gnu-gcc',
    ],
    ['cut where its path is of another program', { name: 'a-long-script-n', executable: '/bin/sh' }, 'a-long-script-n'],
    ['not at all where its path was cut', { executable: '/usr/lib/jvm/java/bin[...]' }, undefined],
    ['not at all where its path is one of a directory', { executable: '/usr/bin/' }, undefined],
  ])('calls a process %s', (_, process, expected) => {
    expect(event({ process }).process?.name).toBe(expected);
  });
});

describe('tags', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['a list', ['a', ' b ', 7, null], ['a', 'b']],
    ['a text', 'a, b', ['a', 'b']],
    ['neither', { a: 'b' }, []],
    ['too many in a list', Array.from({ length: 5000 }, () => 'a'), Array.from({ length: 1000 }, () => 'a')],
    ['too many in a text', 'a,'.repeat(5000), Array.from({ length: 1000 }, () => 'a')],
    ['long ones', ['x'.repeat(5000)], ['x'.repeat(256)]],
  ])('are read out of %s', (_, value, expected) => {
    expect(tagsIn(value)).toEqual(expected);
  });
});

describe('a destination', () => {
  it.each<[unknown, unknown, string | undefined]>([
    ['169.254.169.254', 80, '169.254.169.254:80'],
    ['169.254.169.254', '80', '169.254.169.254:80'],
    ['169.254.169.254', 0, '169.254.169.254'],
    ['169.254.169.254', 'http', '169.254.169.254'],
    ['169.254.169.254', undefined, '169.254.169.254'],
    ['::ffff:169.254.169.254', 80, '169.254.169.254:80'],
    ['fd00:ec2::254', 80, '[fd00:ec2::254]:80'],
    ['[fd00:ec2::254]', 80, '[fd00:ec2::254]:80'],
    ['fd00:ec2::254', undefined, 'fd00:ec2::254'],
    [undefined, 80, undefined],
    [{ ip: '1.2.3.4' }, 80, undefined],
  ])('of %s and port %s is %s', (address, port, expected) => {
    expect(destinationOf(address, port)).toBe(expected);
  });
});

describe('the name in a path', () => {
  it.each<[unknown, string | undefined]>([
    ['/usr/bin/gcc', 'gcc'],
    ['gcc', 'gcc'],
    ['/', undefined],
    ['', undefined],
    [7, undefined],
    [`/${'x'.repeat(5000)}`, undefined],
  ])('of %s is %s', (path, expected) => {
    expect(baseName(path)).toBe(expected);
  });
});
