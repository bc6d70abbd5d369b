import { describe, expect, test } from 'vitest';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { aContainer, aPod, aStatus, aTrouble } from '../testing/pods.ts';
import type { PodFacts } from '../types.ts';
import type { Sidecar } from './agents.ts';
import { isSandbox, presencesForPod } from './pod-presence.ts';
import { nearnessOf, type AgentPresence } from './presence.ts';

const onNode: AgentPresence = {
  agent: 'datadog',
  version: '7.60.0',
  evidence: 'Running',
  trouble: undefined,
  expectedSince: undefined,
  nearness: nearnessOf.running,
  upgrade: '',
  minVersion: undefined,
};
const absent: AgentPresence = {
  ...onNode,
  evidence: undefined,
  trouble: { reason: 'AgentMissing', cause: 'not there', remedy: '' },
  expectedSince: 5,
};
const sidecar: Sidecar = {
  agent: aDatadog(),
  found: { container: aContainer({ name: 'datadog-agent', role: 'sidecar' }), version: '7.61.0' },
};
const starting: Partial<PodFacts> = { ready: false, createdAt: 40 };
const withReadySidecar: Partial<PodFacts> = {
  ...starting,
  trouble: aTrouble({ containers: [aStatus({ name: 'datadog-agent', ready: true }), aStatus({ name: 'app' })] }),
};

describe('how an agent stands for a pod', () => {
  test.each<
    [
      string,
      AgentPresence,
      string | undefined,
      readonly string[],
      readonly Sidecar[],
      Partial<PodFacts>,
      string | undefined,
      [string | undefined, string | undefined, number | undefined],
    ]
  >([
    ['as on its node', onNode, undefined, [], [], {}, undefined, [undefined, 'Running', undefined]],
    [
      'as on its node, under a runtime that shares the kernel',
      onNode,
      'nvidia',
      [],
      [],
      {},
      undefined,
      [undefined, 'Running', undefined],
    ],
    [
      'hidden from it by a sandbox',
      onNode,
      'kata-qemu',
      [],
      [],
      {},
      undefined,
      ['SandboxedRuntime', undefined, undefined],
    ],
    [
      'hidden at once, even while it may still come to the node',
      absent,
      'gvisor',
      [],
      [],
      {},
      undefined,
      ['SandboxedRuntime', undefined, undefined],
    ],
    [
      'as on its node, where it declares that it sees into the sandbox',
      onNode,
      'kata',
      ['kata'],
      [],
      {},
      undefined,
      [undefined, 'Running', undefined],
    ],
    [
      'hidden, where it declares another sandbox',
      onNode,
      'kata',
      ['gvisor'],
      [],
      {},
      undefined,
      ['SandboxedRuntime', undefined, undefined],
    ],
    [
      'by a sidecar inside the sandbox',
      onNode,
      'kata',
      [],
      [sidecar],
      {},
      undefined,
      [undefined, 'Running', undefined],
    ],
    [
      'nowhere, on a virtual node without a sidecar',
      absent,
      undefined,
      [],
      [],
      {},
      'EKS Fargate',
      ['ServerlessWithoutSidecar', undefined, undefined],
    ],
    [
      'by a sidecar on a virtual node',
      absent,
      undefined,
      [],
      [sidecar],
      {},
      'EKS Fargate',
      [undefined, 'Running', undefined],
    ],
    [
      'by a sidecar that is ready in a pod that is not',
      absent,
      undefined,
      [],
      [sidecar],
      withReadySidecar,
      'EKS Fargate',
      [undefined, 'Running', undefined],
    ],
    [
      'by a sidecar that is not ready yet',
      absent,
      undefined,
      [],
      [sidecar],
      starting,
      'EKS Fargate',
      ['AgentNotReady', 'Declared', 40],
    ],
    [
      'by its node, which needs no sidecar',
      onNode,
      undefined,
      [],
      [sidecar],
      starting,
      undefined,
      [undefined, 'Running', undefined],
    ],
    [
      'not by the sidecar of another agent',
      { ...absent, agent: 'falco' },
      undefined,
      [],
      [sidecar],
      {},
      'EKS Fargate',
      ['ServerlessWithoutSidecar', undefined, undefined],
    ],
  ])('%s', (_, presence, handler, runtimeHandlers, sidecars, pod, virtual, expected) => {
    const definitions = [aDatadog({ runtimeHandlers }), aFalco()];
    const [found] = presencesForPod([presence], definitions, aPod(pod), handler, sidecars, virtual);
    expect([found?.trouble?.reason, found?.evidence, found?.expectedSince]).toEqual(expected);
  });
});

test('the remedy for a sandbox keeps the handlers that the agent declares already', () => {
  const [found] = presencesForPod([onNode], [aDatadog({ runtimeHandlers: ['gvisor'] })], aPod(), 'kata', [], undefined);
  expect(found?.trouble?.remedy).toContain(
    `kubectl patch pagent datadog --type=merge -p '{"spec":{"runtimeHandlers":["gvisor","kata"]}}'`,
  );
});

test.each([
  ['kata-clh', true],
  ['runsc', true],
  ['gvisor', true],
  ['runc', false],
  ['crun', false],
  ['nvidia', false],
])('%s is a sandbox: %j', (handler, expected) => {
  expect(isSandbox(handler)).toBe(expected);
});

describe('a sidecar whose protection is a switch', () => {
  const proofs = {
    env: { kind: 'env', container: 'system-probe', name: 'PROTECT', value: 'true' },
    configMap: { kind: 'configMap', nameSuffix: '-config', key: 'a.yaml', path: 'a', value: 'true' },
  } as const;
  test.each<
    [string, Readonly<Record<string, string>> | undefined, readonly (keyof typeof proofs)[], string | undefined, string]
  >([
    ['is on where its environment says so', { PROTECT: 'true' }, ['env', 'configMap'], undefined, 'Running'],
    [
      'is off where its environment says so',
      { PROTECT: 'false' },
      ['env', 'configMap'],
      'ProtectionDisabled',
      'Running',
    ],
    ['is off where its environment says nothing', undefined, ['env'], 'ProtectionDisabled', 'Running'],
    ['cannot be told where no variable would tell', { PROTECT: 'true' }, ['configMap'], 'EvidenceTooWeak', 'Declared'],
  ])('%s', (_, switches, kinds, reason, evidence) => {
    const agent = aDatadog({ protection: kinds.map((kind) => proofs[kind]) });
    const container = aContainer({ name: 'datadog-agent', ...(switches === undefined ? {} : { switches }) });
    const sidecars = [{ agent, found: { container, version: undefined } }];
    const [found] = presencesForPod([absent], [agent], aPod(), undefined, sidecars, 'EKS Fargate');
    expect([found?.trouble?.reason, found?.evidence]).toEqual([reason, evidence]);
    if (reason === 'ProtectionDisabled') expect(found?.trouble?.remedy).toContain('PROTECT=true');
  });
});
