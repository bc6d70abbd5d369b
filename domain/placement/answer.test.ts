import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aContainer, aDaemonSet, anywhere, aShape, falcoContainer, falcoLabels } from '../testing/pods.ts';
import { admitting, aPolicy, anExemption, labelled, minutes, requiring, selecting } from '../testing/policies.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, Policy, Scheduling } from '../types.ts';
import { answerPlacement, type Answer, type PlacementQuestion } from './answer.ts';
import { drawPicture } from './picture.ts';
import type { NodeReport } from './reported-presence.ts';

const now = 100 * minutes;
const kinds = ['Pod', 'Deployment'];
const warning = admitting({ mode: 'Warn', kinds });
const watched: NodeReport = {
  agents: [{ name: 'falco', version: '0.43.0', state: 'Protected', evidence: 'Running' }],
  reasons: [],
};
const unwatched: NodeReport = { agents: [], reasons: [] };
const failing: NodeReport = {
  agents: [{ name: 'falco', version: '0.43.0', state: 'Failed', evidence: 'Declared' }],
  reasons: [{ reason: 'AgentNotReady', cause: 'falco crashes', remedy: 'See its log', agent: 'falco' }],
};

interface Scene {
  readonly nodes: readonly NodeFacts[];
  readonly reports?: Readonly<Record<string, NodeReport>>;
  readonly policies?: readonly Policy[];
  readonly agents?: readonly AgentDefinition[];
  readonly daemonSets?: readonly DaemonSetFacts[];
  readonly isStale?: boolean;
  readonly question?: Partial<Omit<PlacementQuestion, 'scheduling'>>;
  readonly scheduling?: Partial<Scheduling>;
}

const ask = (scene: Scene): Answer => {
  const policies = scene.policies ?? [aPolicy({ admission: warning })];
  const catalogue = createAgentCatalogue(scene.agents ?? [aFalco()], scene.daemonSets ?? [aDaemonSet()]);
  return answerPlacement(
    {
      kind: 'Pod',
      namespace: 'shop',
      namespaceLabels: { 'kubernetes.io/metadata.name': 'shop' },
      shape: aShape(),
      handler: undefined,
      owner: undefined,
      ...scene.question,
      scheduling: { ...anywhere, ...scene.scheduling },
    },
    drawPicture(
      {
        nodes: scene.nodes,
        reportOf: (node) => scene.reports?.[node],
        catalogue,
        policies,
        isStale: scene.isStale ?? false,
      },
      now,
    ),
    now,
  );
};

const outcomeOf = (answer: Answer): string => {
  if (answer.kind !== 'Judged') return answer.kind;
  const [policy] = answer.policies;
  const certainty = policy?.isCertain === true ? 'certain' : 'uncertain';
  return `${answer.verdict}${policy?.isFlagged === true ? `, flagged, ${certainty}` : ''}`;
};

const gpu = aNode({ name: 'gpu-1', labels: { pool: 'gpu' }, taints: [aTaint('dedicated=gpu:NoSchedule')] });
const plain = aNode({ name: 'plain-1' });
const toGpu = {
  nodeSelector: { pool: 'gpu' },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: '' }],
} as const;
const strict = aPolicy({ admission: { ...warning, when: 'AnyNode' } });

describe('a pod', () => {
  it.each<[string, Scene, string]>([
    ['is protected where all nodes are', { nodes: [plain], reports: { 'plain-1': watched } }, 'Protected'],
    [
      'is unprotected where no node is',
      { nodes: [plain], reports: { 'plain-1': unwatched } },
      'Unprotected, flagged, certain',
    ],
    [
      'is unprotected where the agent fails',
      { nodes: [plain], reports: { 'plain-1': failing } },
      'Unprotected, flagged, certain',
    ],
    [
      'is partly protected where some nodes are, and that is enough for AllNodes',
      { nodes: [plain, aNode({ name: 'b' })], reports: { 'plain-1': watched, b: unwatched } },
      'Partly',
    ],
    [
      'is flagged for one bad node where the policy says AnyNode',
      { nodes: [plain, aNode({ name: 'b' })], reports: { 'plain-1': watched, b: unwatched }, policies: [strict] },
      'Partly, flagged, certain',
    ],
    [
      'is judged by those nodes only on which it may land',
      { nodes: [plain, gpu], reports: { 'plain-1': watched, 'gpu-1': unwatched }, scheduling: toGpu },
      'Unprotected, flagged, certain',
    ],
    ['is not known where a node has not been reported', { nodes: [plain] }, 'Unknown, flagged, uncertain'],
    [
      'is not known while an unreported node could be a good one',
      { nodes: [plain, aNode({ name: 'b' })], reports: { b: unwatched } },
      'Unknown, flagged, uncertain',
    ],
    [
      'is not known from a picture that is old',
      { nodes: [plain], reports: { 'plain-1': unwatched }, isStale: true },
      'Unknown, flagged, uncertain',
    ],
    [
      'is not known while the agent of a new node may still be starting',
      { nodes: [aNode({ createdAt: now - minutes })], reports: { 'node-1': unwatched } },
      'Unknown, flagged, uncertain',
    ],
    ['is left alone where no policy selects it', { nodes: [plain], policies: [] }, 'NotSelected'],
    [
      'is left alone where the policy is Off at admission',
      { nodes: [plain], policies: [aPolicy({ admission: { ...warning, mode: 'Off' } })] },
      'NotSelected',
    ],
    [
      'is left alone where the policy is for other kinds',
      { nodes: [plain], policies: [aPolicy({ admission: { ...warning, kinds: ['Job'] } })] },
      'NotSelected',
    ],
    [
      'is left alone where its namespace is not selected',
      {
        nodes: [plain],
        policies: [aPolicy({ selector: selecting({ namespace: labelled({ team: 'a' }) }), admission: warning })],
      },
      'NotSelected',
    ],
    [
      'is exempt until the exemption ends',
      {
        nodes: [plain],
        reports: { 'plain-1': unwatched },
        policies: [aPolicy({ admission: warning, exemptions: [anExemption({ expiresAt: now + 1 })] })],
      },
      'Exempt',
    ],
    [
      'is judged again once the exemption has ended',
      {
        nodes: [plain],
        reports: { 'plain-1': unwatched },
        policies: [aPolicy({ admission: warning, exemptions: [anExemption({ expiresAt: now })] })],
      },
      'Unprotected, flagged, certain',
    ],
    [
      'is fine on a node on which the policy asks nothing of it',
      {
        nodes: [plain, gpu],
        reports: { 'plain-1': unwatched, 'gpu-1': unwatched },
        policies: [aPolicy({ selector: selecting({ node: labelled({ pool: 'gpu' }) }), admission: warning })],
        scheduling: { tolerations: toGpu.tolerations },
      },
      'Partly',
    ],
    [
      'is unprotected by an agent that the policy does not accept',
      {
        nodes: [plain],
        reports: { 'plain-1': watched },
        agents: [aFalco(), aDatadog()],
        policies: [
          aPolicy({ require: requiring({ agents: [{ name: 'datadog', minVersion: undefined }] }), admission: warning }),
        ],
      },
      'Unprotected, flagged, certain',
    ],
    [
      'is unprotected in a sandbox that no agent can see into',
      { nodes: [plain], reports: { 'plain-1': watched }, question: { handler: 'kata-qemu' } },
      'Unprotected, flagged, certain',
    ],
    [
      'is unprotected on a virtual node',
      { nodes: [aNode({ name: 'fargate-1', virtual: 'EKS Fargate' })] },
      'Unprotected, flagged, certain',
    ],
    [
      'is protected on a virtual node by its sidecar',
      {
        nodes: [aNode({ name: 'fargate-1', virtual: 'EKS Fargate' })],
        agents: [aFalco(), aDatadog()],
        question: {
          shape: aShape({
            containers: [
              aContainer(),
              aContainer({ name: 'datadog-agent', image: 'gcr.io/datadog/agent:7.60.0', role: 'sidecar' }),
            ],
          }),
        },
      },
      'Protected',
    ],
    [
      'is let alone where it is an agent itself, which could never start otherwise',
      {
        nodes: [plain],
        reports: { 'plain-1': unwatched },
        question: {
          namespace: 'security',
          shape: aShape({ labels: falcoLabels, containers: [falcoContainer('0.43.0')] }),
          owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'falco' },
        },
      },
      'Agent',
    ],
  ])('%s', (_, scene, expected) => {
    expect(outcomeOf(ask(scene))).toBe(expected);
  });

  it('is told the cause that most of the nodes share, with how many they are', () => {
    const answer = ask({
      nodes: [gpu, { ...gpu, name: 'gpu-2' }, aNode({ name: 'broken' })],
      reports: { 'gpu-1': unwatched, 'gpu-2': unwatched, broken: failing },
      scheduling: { tolerations: toGpu.tolerations },
    });
    expect(answer).toMatchObject({
      policies: [
        {
          nodes: { total: 3, unprotected: 3 },
          gap: { nodes: 2, cause: 'DaemonSet security/falco does not tolerate the taint dedicated=gpu:NoSchedule' },
        },
      ],
    });
  });

  it('is judged by each policy that selects it, in the order of their names', () => {
    const answer = ask({
      nodes: [plain],
      reports: { 'plain-1': watched },
      policies: [
        aPolicy({ name: 'b', admission: warning, require: requiring({ evidence: 'Loaded' }) }),
        aPolicy({ name: 'a', admission: warning }),
      ],
    });
    expect(answer).toMatchObject({
      verdict: 'Unprotected',
      policies: [
        { policy: { name: 'a' }, verdict: 'Protected' },
        { policy: { name: 'b' }, verdict: 'Unprotected' },
      ],
    });
  });
});

describe('a pod that fits none of the nodes of today', () => {
  const to = (scheduling: Partial<Scheduling>, daemonSets: readonly DaemonSetFacts[]) =>
    outcomeOf(ask({ nodes: [plain], reports: { 'plain-1': watched }, scheduling, daemonSets }));

  it.each<[string, Partial<Scheduling>, readonly DaemonSetFacts[], string]>([
    [
      'will be protected where the DaemonSet runs anywhere',
      { nodeSelector: { pool: 'new' } },
      [aDaemonSet()],
      'Protected',
    ],
    [
      'will not be where the DaemonSet does not tolerate what the pod does',
      toGpu,
      [aDaemonSet()],
      'Unprotected, flagged, certain',
    ],
    [
      'will be where the DaemonSet tolerates it too',
      toGpu,
      [aDaemonSet({ scheduling: { tolerations: toGpu.tolerations } })],
      'Protected',
    ],
    [
      'will not be where the DaemonSet is for another pool',
      { nodeSelector: { pool: 'new' } },
      [aDaemonSet({ scheduling: { nodeSelector: { pool: 'old' } } })],
      'Unprotected, flagged, certain',
    ],
    [
      'may be where the DaemonSet asks for a label that the pod says nothing about',
      { nodeSelector: { pool: 'new' } },
      [aDaemonSet({ scheduling: { nodeSelector: { agents: 'yes' } } })],
      'Unknown, flagged, uncertain',
    ],
    [
      'may be by one of its alternatives',
      {
        affinity: ['old', 'new'].map((pool) => ({
          expressions: [{ key: 'pool', operator: 'In', values: [pool] }],
          fields: [],
        })),
      },
      [aDaemonSet({ scheduling: { nodeSelector: { pool: 'old' } } })],
      'Partly',
    ],
    [
      'will be where its tolerations name no taint of a pool',
      {
        nodeSelector: { pool: 'new' },
        tolerations: [
          { key: '', operator: 'Exists', value: '', effect: '' },
          { key: 'node.kubernetes.io/not-ready', operator: 'Exists', value: '', effect: 'NoExecute' },
        ],
      },
      [aDaemonSet()],
      'Protected',
    ],
    ['will not be where no agent is installed', { nodeSelector: { pool: 'new' } }, [], 'Unprotected, flagged, certain'],
  ])('%s', (_, scheduling, daemonSets, expected) => {
    expect(to(scheduling, daemonSets)).toBe(expected);
  });
});

describe('a grace period', () => {
  const crashed: NodeReport = {
    agents: [],
    reasons: [
      { reason: 'AgentMissing', cause: 'falco is Pending', remedy: 'See its events', agent: 'falco' },
      { reason: 'AgentMissing', cause: 'nobody is here', remedy: 'Install one', agent: undefined },
    ],
  };
  const young = aNode({ createdAt: now - 10 * minutes });
  const askUnder = (gracePeriod: number): Answer =>
    ask({
      nodes: [young],
      reports: { 'node-1': crashed },
      policies: [aPolicy({ gracePeriod, admission: warning })],
    });

  it('that is longer than those of the policies for which the slice speaks still runs', () => {
    expect(askUnder(60 * minutes)).toMatchObject({ kind: 'Judged', verdict: 'Unknown' });
  });

  it('that is over lets the reason of the slice stand', () => {
    expect(askUnder(5 * minutes)).toMatchObject({ kind: 'Judged', verdict: 'Unprotected' });
  });
});
