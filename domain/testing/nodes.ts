// Nodes for tests: each builder gives an ordinary one, and the test says what is special about its own.
import type { NodeFacts, Taint } from '../types.ts';

export const aNode = (overrides: Partial<NodeFacts> = {}): NodeFacts => {
  const name = overrides.name ?? 'node-1';
  return {
    name,
    uid: `uid-of-${name}`,
    labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': overrides.operatingSystem ?? 'linux' },
    taints: [],
    unschedulable: false,
    ready: true,
    operatingSystem: 'linux',
    architecture: 'amd64',
    osImage: 'Ubuntu 24.04.1 LTS',
    kernelVersion: '6.8.0-45-generic',
    containerRuntime: 'containerd://1.7.22',
    kubeletVersion: 'v1.34.1',
    extendedResources: [],
    virtual: undefined,
    createdAt: 0,
    ...overrides,
  };
};

/** `dedicated=gpu:NoSchedule`, as kubectl writes taints. */
export const aTaint = (text: string): Taint => {
  const [, key = '', value = '', effect = ''] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(text) ?? [];
  return { key, value, effect: effect as Taint['effect'] };
};
