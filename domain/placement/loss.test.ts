import { describe, expect, it } from 'vitest';
import { createAgentCatalogue } from '../coverage/agents.ts';
import { aDatadog, aFalco } from '../testing/agents.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aDaemonSet } from '../testing/pods.ts';
import { aPolicy, labelled, requiring, selecting } from '../testing/policies.ts';
import type { AgentDefinition, DaemonSetFacts, NodeFacts, Policy } from '../types.ts';
import { lossOf, type Loss } from './loss.ts';
import { drawPicture } from './picture.ts';
import type { NodeReport } from './reported-presence.ts';

const now = 1_800_000_000_000;
const protectedBy = (...agents: readonly string[]): NodeReport => ({
  agents: agents.map((name) => ({ name, version: '1.0.0', state: 'Protected', evidence: 'Running' })),
  reasons: [],
});

const everywhere = aDaemonSet({
  scheduling: { tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }] },
});
const plain = aNode({ name: 'plain', labels: { pool: 'plain' } });
const gpu = aNode({ name: 'gpu', labels: { pool: 'gpu' }, taints: [aTaint('dedicated=gpu:NoSchedule')] });
/** Falco as if it were one feature among many, switched on by the environment. */
const byChoice = aFalco({ protection: [{ kind: 'env', container: undefined, name: 'PROTECT', value: 'true' }] });
const switched = (value: string): DaemonSetFacts => ({
  ...everywhere,
  containers: everywhere.containers.map((container) => ({ ...container, env: { PROTECT: value } })),
});
const datadog = aDaemonSet({
  name: 'datadog',
  podLabels: { app: 'datadog' },
  containers: [{ name: 'agent', image: 'gcr.io/datadoghq/agent:7.60.0', role: 'main', env: {} }],
});

interface Change {
  readonly nodes?: readonly NodeFacts[];
  readonly reports?: Readonly<Record<string, NodeReport>>;
  readonly policies?: readonly Policy[];
  readonly agents?: readonly AgentDefinition[];
  readonly before?: readonly DaemonSetFacts[];
  readonly after?: readonly DaemonSetFacts[];
  readonly agentsAfter?: readonly AgentDefinition[];
}

const loss = (change: Change): Loss => {
  const { nodes = [plain, gpu], policies = [aPolicy()], agents = [aFalco()], before = [everywhere] } = change;
  const { after = before, agentsAfter = agents, reports = {} } = change;
  const picture = drawPicture(
    {
      nodes,
      reportOf: (name) => reports[name] ?? protectedBy('falco'),
      catalogue: createAgentCatalogue(agents, before),
      policies,
      isStale: false,
    },
    now,
  );
  return lossOf(picture, createAgentCatalogue(agentsAfter, after), now);
};

describe('what is lost', () => {
  it.each<[string, Change, readonly string[], number]>([
    ['nothing, where nothing changes', {}, [], 0],
    ['every node, where the only DaemonSet goes', { after: [] }, ['gpu', 'plain'], 2],
    ['tainted nodes, where it tolerates them no more', { after: [aDaemonSet()] }, ['gpu'], 2],
    [
      'nodes that it selects no more',
      { after: [{ ...everywhere, scheduling: { ...everywhere.scheduling, nodeSelector: { pool: 'gpu' } } }] },
      ['plain'],
      2,
    ],
    [
      'every node, where it cannot be recognised any more',
      { after: [{ ...everywhere, containers: [], podLabels: {} }] },
      ['gpu', 'plain'],
      2,
    ],
    ['every node, where its ProtectionAgent goes', { agentsAfter: [] }, ['gpu', 'plain'], 2],
    [
      'every node, where its ProtectionAgent looks elsewhere',
      { agentsAfter: [aFalco({ namespaces: ['other'] })] },
      ['gpu', 'plain'],
      2,
    ],
    [
      'nothing, where another DaemonSet of the agent goes there',
      {
        before: [everywhere, aDaemonSet({ ...everywhere, name: 'falco-new' })],
        after: [aDaemonSet({ ...everywhere, name: 'falco-new' })],
      },
      [],
      2,
    ],
    ['only what was protected', { after: [], reports: { gpu: { agents: [], reasons: [] } } }, ['plain'], 1],
    [
      'nothing, where another agent is on the node and will do',
      {
        agents: [aFalco(), aDatadog({ protection: [] })],
        before: [everywhere, datadog],
        after: [datadog],
        nodes: [plain],
        reports: { plain: protectedBy('datadog', 'falco') },
      },
      [],
      1,
    ],
    [
      'the node, where another agent is there and its policy asks for this one',
      {
        agents: [aFalco(), aDatadog({ protection: [] })],
        before: [everywhere, datadog],
        after: [datadog],
        nodes: [plain],
        reports: { plain: protectedBy('datadog', 'falco') },
        policies: [aPolicy({ require: requiring({ agents: [{ name: 'falco', minVersion: undefined }] }) })],
      },
      ['plain'],
      1,
    ],
    [
      'nothing, where a policy of other nodes asks for it',
      {
        agents: [aFalco(), aDatadog({ protection: [] })],
        before: [everywhere, datadog],
        after: [datadog],
        nodes: [plain],
        reports: { plain: protectedBy('datadog', 'falco') },
        policies: [
          aPolicy({
            selector: selecting({ node: labelled({ pool: 'gpu' }) }),
            require: requiring({ agents: [{ name: 'falco', minVersion: undefined }] }),
          }),
        ],
      },
      [],
      1,
    ],
    [
      'every node, where its protection is switched off',
      { agents: [byChoice], before: [switched('true')], after: [switched('false')] },
      ['gpu', 'plain'],
      2,
    ],
    [
      'nothing, where it stays as it was, whatever the template says',
      { agents: [byChoice], before: [switched('false')], after: [{ ...switched('false'), hostNetwork: true }] },
      [],
      2,
    ],
    ['nothing that no DaemonSet had brought', { before: [], after: [] }, [], 0],
  ])('is %s', (_, change, lost, count) => {
    expect(loss(change)).toMatchObject({ lost, protected: count });
  });

  it('comes with the cause', () => {
    expect(loss({ after: [aDaemonSet()] }).cause).toContain('dedicated=gpu');
    expect(loss({ after: [] }).cause).toBe(
      'no recognised agent is installed: no DaemonSet matches any ProtectionAgent',
    );
    expect(loss({ agentsAfter: [] }).cause).toBeDefined();
    expect(loss({}).cause).toBeUndefined();
    const off = { agents: [byChoice], before: [switched('true')], after: [switched('false')] };
    expect(loss(off).cause).toBe('falco runs with its runtime protection off: PROTECT is not true');
  });
});
