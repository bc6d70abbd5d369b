import { describe, expect, test } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aDatadog, aFalco } from '../../../domain/testing/agents.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aDaemonSet, aContainer, aPod, aShape } from '../../../domain/testing/pods.ts';
import { aPolicy, counting } from '../../../domain/testing/policies.ts';
import type { AgentDefinition } from '../../../domain/types.ts';
import type { RawObject } from '../../watches.ts';
import { falcoPod, start } from '../../findings/testing/world.ts';
import { createUnseen, installedAgents, unseenAspects } from './unseen.ts';

const compilers = aPolicy({ posture: [counting({ behaviour: 'CompilerInContainer' })] });

/** A node with Falco, which says what it has loaded. */
const aFleet = (
  agents: readonly AgentDefinition[] = [aFalco({ telemetry: { ...aFalco().telemetry, mode: 'Scrape' } })],
) => {
  const model = createCoverageModel();
  model.setAgents(agents);
  model.upsertNode(aNode());
  return model;
};

const says = (model: ReturnType<typeof aFleet>, ...names: readonly string[]): void => {
  model.upsertPod(falcoPod());
  const rules = names.map((name) => ({ name, status: 'Loaded' as const, tactics: [], techniques: [] }));
  const policies = [{ name: 'falco_rules.yaml', status: 'Loaded' as const, rules }];
  const reading = { at: start, policies, policiesAre: 'Complete' as const, issues: [] };
  model.setTelemetry('node-1', 'falco', { reading, askedSince: start, failure: undefined });
};

const unseenIn = (model: ReturnType<typeof aFleet>, findings: readonly object[] = []): readonly string[] => {
  model.evaluate(start);
  const check = createUnseen({
    installed: () => ({ agents: installedAgents(model) }),
    findings: () => findings.map((status) => ({ metadata: { name: 'x', uid: 'u' }, status }) as RawObject),
    asksKubelets: false,
  });
  return check(compilers).map(({ why }) => why);
};

const lacking = [expect.stringMatching(/^falco has loaded no rule that is known to be for it/)];

describe('what a policy waits for and nobody can see', () => {
  test('is told by what the agents on the nodes have loaded', () => {
    const model = aFleet();
    says(model, 'Terminal shell in container');
    expect(unseenIn(model)).toEqual(lacking);
    says(model, 'Terminal shell in container', 'Compiler Run in Container');
    expect(unseenIn(model)).toEqual([]);
  });

  test('is everything where no agent is installed, and nothing where there is no node', () => {
    expect(unseenIn(aFleet())).toEqual([expect.stringContaining('no agent is installed')]);
    expect(unseenIn(createCoverageModel())).toEqual([]);
  });

  test('is nothing as long as pods of an agent are yet to come, or it says nothing', () => {
    const coming = aFleet();
    coming.upsertDaemonSet(aDaemonSet());
    expect(unseenIn(coming)).toEqual([]);
    const silent = aFleet([aFalco()]);
    silent.upsertPod(falcoPod());
    expect(unseenIn(silent)).toEqual([]);
  });

  test('is nothing where an agent is a sidecar somewhere', () => {
    const model = aFleet([aDatadog()]);
    expect(unseenIn(model)).toHaveLength(1);
    const containers = [aContainer(), aContainer({ name: 'datadog-agent', image: 'gcr.io/datadog/agent:7.81.1' })];
    model.upsertPod(aPod({ name: 'with-sidecar', shape: aShape({ containers }) }));
    expect(unseenIn(model)).toEqual([]);
  });

  test.each<[string, object, boolean]>([
    ['a rule of any name that is still loaded', { rules: ['Ours'] }, true],
    ['a rule that is loaded no more', { rules: ['Removed'] }, false],
    ['another agent, which is gone', { agents: ['tetragon'], rules: ['Ours'] }, false],
    ['a rule, of another behaviour', { behaviour: 'BinaryDrift', rules: ['Ours'] }, false],
    ['a rule, and only a tombstone is left', { rules: ['Ours'], tombstone: {} }, false],
  ])('is seen after all where a finding was told by %s', (_, overrides, isSeen) => {
    const model = aFleet();
    says(model, 'Ours');
    const finding = { behaviour: 'CompilerInContainer', agents: ['falco'], ...overrides };
    expect(unseenIn(model, [finding])).toEqual(isSeen ? [] : lacking);
  });

  test('makes a condition, which is left out where there is nothing to say', () => {
    expect(unseenAspects([])).toEqual([]);
    expect(unseenAspects([{ index: 0, behaviour: 'BinaryDrift', why: 'tetragon has no rule for it' }])).toEqual([
      {
        type: 'BehavioursVisible',
        status: 'False',
        reason: 'NobodySees',
        message:
          'Nobody here can see one behaviour of spec.posture, so that there will be no finding of it. BinaryDrift: tetragon has no rule for it.',
      },
    ]);
  });
});
