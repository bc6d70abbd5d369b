import { describe, expect, it } from 'vitest';
import { createCoverageModel } from '../../domain/coverage/model.ts';
import { aFalco, scraped } from '../../domain/testing/agents.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aDaemonSet, aPod, aShape, falcoContainer, falcoLabels } from '../../domain/testing/pods.ts';
import type { AgentDefinition, PodFacts } from '../../domain/types.ts';
import type { ScrapeSettings } from './settings.ts';
import { targetsOf } from './targets.ts';

const settings: ScrapeSettings = {
  agent: 'falco',
  type: 'Falco',
  port: 8765,
  path: '/metrics',
  intervalMs: 60_000,
  staleAfterMs: 180_000,
  tls: undefined,
  token: undefined,
  custom: undefined,
};
const withToken: ScrapeSettings = { ...settings, token: { name: 'falco', key: 'token' } };

const falcoPod = (overrides: Partial<PodFacts> = {}): PodFacts =>
  aPod({
    namespace: 'security',
    name: 'falco-1',
    shape: aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')] }),
    owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
    address: '192.0.2.1',
    ...overrides,
  });

const targets = (
  pods: readonly PodFacts[],
  {
    how = settings,
    agent = {},
    node = {},
  }: {
    readonly how?: ScrapeSettings;
    readonly agent?: Partial<AgentDefinition>;
    readonly node?: Partial<Parameters<typeof aNode>[0] & object>;
  } = {},
) => {
  const model = createCoverageModel();
  model.setAgents([aFalco({ telemetry: scraped, ...agent })]);
  model.upsertNode(aNode({ name: 'node-1', ...node }));
  model.upsertDaemonSet(aDaemonSet());
  for (const pod of pods) model.upsertPod(pod);
  model.evaluate(0);
  return targetsOf(model.inventory, model.catalogue(), [how]);
};

describe('whom to ask', () => {
  it('is the agent’s pod on each node, at its address', () => {
    expect(targets([falcoPod(), aPod({ name: 'shop-1' })])).toEqual([
      {
        node: 'node-1',
        settings,
        namespace: 'security',
        pod: 'falco-1',
        createdAt: 0,
        address: '192.0.2.1',
        trusted: true,
      },
    ]);
  });

  it.each<readonly [string, Partial<PodFacts>]>([
    ['is not ready', { ready: false }],
    ['is going', { deleting: true }],
  ])('is known and not asked while it %s', (_, overrides) => {
    expect(targets([falcoPod(overrides)])).toMatchObject([{ pod: 'falco-1', address: undefined }]);
  });

  it('is the pod that is ready where there are two, and then the newer', () => {
    const old = falcoPod({ name: 'falco-old', createdAt: 1000 });
    const unready = falcoPod({ name: 'falco-unready', createdAt: 3000, ready: false });
    expect(targets([old, unready])).toMatchObject([{ pod: 'falco-old' }]);
    expect(targets([old, falcoPod({ name: 'falco-new', createdAt: 2000 }), unready])).toMatchObject([
      { pod: 'falco-new' },
    ]);
  });

  it.each<readonly [string, readonly PodFacts[], Parameters<typeof targets>[1]]>([
    ['the node is virtual', [falcoPod()], { node: { virtual: 'EKS Fargate' } }],
    ['the pod waits for its node', [falcoPod({ node: undefined, pinnedNode: 'node-1' })], {}],
    ['the node is not known', [falcoPod({ node: 'node-2' })], {}],
    ['the agent has another name than its settings', [falcoPod()], { agent: { name: 'other' } }],
  ])('is nobody where %s', (_, pods, how) => {
    expect(targets(pods, how)).toEqual([]);
  });
});

describe('credentials are worth stealing, so that they', () => {
  const inNamespace = { namespaces: ['security'] };

  it('go to pods of the agent’s own DaemonSet', () => {
    expect(targets([falcoPod()], { how: withToken, agent: inNamespace })).toMatchObject([{ trusted: true }]);
  });

  it.each<readonly [string, Partial<PodFacts>, Partial<AgentDefinition>]>([
    ['a pod that somebody else made', { owner: { apiVersion: 'v1', kind: 'Node', name: 'node-1' } }, inNamespace],
    [
      'a pod that names a DaemonSet that is not there',
      { owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'fake' } },
      inNamespace,
    ],
    ['any pod where no namespaces are named', {}, { namespaces: [] }],
  ])('do not go to %s', (_, pod, agent) => {
    expect(targets([falcoPod(pod)], { how: withToken, agent })).toMatchObject([{ trusted: false }]);
    expect(targets([falcoPod(pod)], { agent })).toMatchObject([{ trusted: true }]);
  });
});
