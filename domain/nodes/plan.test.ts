import { describe, expect, test } from 'vitest';
import type { Gap, Verdict } from '../coverage/verdict.ts';
import { aNode, aTaint } from '../testing/nodes.ts';
import { aPolicy, marking, minutes } from '../testing/policies.ts';
import type { AssetState } from '../types.ts';
import { planNode } from './plan.ts';

const gap = (overrides: Partial<Gap> = {}): Gap => ({
  reason: 'AgentMissing',
  cause: 'DaemonSet falco/falco does not tolerate the taint dedicated=gpu:NoSchedule',
  remedy: 'Add the toleration',
  agent: 'falco',
  policies: ['baseline'],
  ...overrides,
});

const aVerdict = (state: AssetState, overrides: Partial<Verdict> = {}): Verdict => ({
  id: 0,
  state,
  evidence: 'Running',
  gaps: state === 'Protected' || state === 'Exempt' ? [] : [gap()],
  agents: [{ name: 'falco', version: '0.44.1', state: 'Protected', evidence: 'Running', outdated: false }],
  rulesets: [],
  exemptions: [],
  judged: true,
  ...overrides,
});

const asksCondition = aPolicy({ nodes: marking({ condition: true }) });
const asksTaint = aPolicy({ nodes: marking({ enabled: true }) });
const tainted = aNode({
  taints: [aTaint('workloadprotection.dev/unprotected:NoSchedule'), aTaint('foreign=x:NoExecute')],
});

describe('the condition WorkloadProtected', () => {
  test('is not there where no policy asks for it', () => {
    expect(planNode(aNode(), aVerdict('NoAgent'), [aPolicy()], 0).condition).toBeUndefined();
  });

  test.each<[string, Verdict | undefined, object]>([
    [
      'a protected node',
      aVerdict('Protected'),
      { status: 'True', reason: 'Protected', message: 'Protected by falco, on the evidence Running.' },
    ],
    [
      'a node with a warning',
      aVerdict('Warning', { gaps: [gap({ reason: 'AgentOutdated', cause: 'falco 0.40.0 is older than 0.41.0' })] }),
      { status: 'True', reason: 'AgentOutdated', message: 'falco 0.40.0 is older than 0.41.0' },
    ],
    [
      'an exempt node',
      aVerdict('Exempt', {
        exemptions: [{ policy: 'baseline', name: 'lab', source: 'Policy', reason: 'A laboratory', expiresAt: 1 }],
      }),
      { status: 'True', reason: 'Exempt', message: 'Exempt: A laboratory' },
    ],
    [
      'a node without an agent, for two reasons',
      aVerdict('NoAgent', { gaps: [gap(), gap({ cause: 'no tetragon' })] }),
      { status: 'False', reason: 'AgentMissing', message: `${gap().cause} (and 1 more)` },
    ],
    [
      'a node of which nothing has been heard',
      aVerdict('Unknown', { gaps: [gap({ reason: 'NotYetReported', cause: 'within the grace period' })] }),
      { status: 'Unknown', reason: 'NotYetReported', message: 'within the grace period' },
    ],
    ['a node that was not judged yet', undefined, { status: 'Unknown', reason: 'NotYetReported' }],
  ])('of %s', (_, verdict, expected) => {
    expect(planNode(aNode(), verdict, [asksCondition], 0).condition).toMatchObject(expected);
  });
});

describe('the startup taint', () => {
  test.each([
    ['is left alone where the node has none', aNode({ taints: [aTaint('foreign=x:NoExecute')] }), [asksTaint]],
    ['is left alone where no policy asks', tainted, [aPolicy()]],
    [
      'of another effect is somebody else’s',
      aNode({ taints: [aTaint('workloadprotection.dev/unprotected:NoExecute')] }),
      [asksTaint],
    ],
  ])('%s', (_, node, policies) => {
    expect(planNode(node, aVerdict('Protected'), policies, 0).taint).toEqual({ action: 'none' });
  });

  test.each<AssetState>(['Protected', 'Warning', 'Exempt'])('goes once the node is %s', (state) => {
    const { taint } = planNode(tainted, aVerdict(state), [asksTaint], 0);
    expect(taint).toEqual({ action: 'remove', why: 'Protected', policies: ['everything'] });
  });

  test.each<AssetState>(['Unknown', 'Incomplete', 'Failed', 'NoProtection', 'NoAgent'])(
    'stays while the node is %s',
    (state) => {
      const { taint } = planNode(tainted, aVerdict(state), [asksTaint], 10 * minutes - 1);
      expect(taint).toEqual({ action: 'wait', until: 10 * minutes });
    },
  );

  test('stays while the node has not been judged', () => {
    expect(planNode(tainted, undefined, [asksTaint], 0).taint).toEqual({ action: 'wait', until: 10 * minutes });
  });

  test('goes at the time limit, counted from the creation of the node', () => {
    const node = { ...tainted, createdAt: 5 * minutes };
    expect(planNode(node, aVerdict('NoAgent'), [asksTaint], 15 * minutes).taint).toMatchObject({
      action: 'remove',
      why: 'TimeLimit',
    });
  });

  test('waits for the longest limit of several policies, and stays where one of them wants that', () => {
    const keeping = aPolicy({
      name: 'strict',
      nodes: marking({ enabled: true, timeLimit: 30 * minutes, onTimeLimit: 'Keep' }),
    });
    const marks = (now: number) => planNode(tainted, aVerdict('NoAgent'), [asksTaint, keeping], now).taint;
    expect(marks(10 * minutes)).toEqual({ action: 'wait', until: 30 * minutes });
    expect(marks(30 * minutes)).toEqual({ action: 'keep', policies: ['strict'] });
  });
});
