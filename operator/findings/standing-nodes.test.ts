import { describe, expect, test } from 'vitest';
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';
import type { PostureRule, Severity } from '../../domain/findings/types.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aPolicy, counting, labelled, selecting } from '../../domain/testing/policies.ts';
import { hour, only, setUp, start } from './testing/world.ts';

const kernelAtLeast = (minimum: string) => [
  counting({ behaviour: 'OutdatedKernel', minimumVersion: minimum, quietPeriod: hour }),
];
const old = aNode({ kernelVersion: '4.14.355-280.710.amzn2.x86_64' });
const young = aNode({ kernelVersion: '6.1.148-173.267.amzn2023.x86_64' });

const outdated = () => {
  const world = setUp({ posture: kernelAtLeast('5.15') });
  world.model.upsertNode(old);
  world.look(0);
  world.write();
  return { ...world, key: only(world.book()).key, state: () => only(world.book()).finding.record.state };
};

describe('a node whose kernel is older than a policy allows', () => {
  test('is one finding in the namespace of the operator, with what is so', () => {
    const { objects, key, book } = outdated();
    expect(key).toMatch(/^workload-protection\/outdated-kernel-node-1-/);
    expect(only(book()).finding.record.uid).toBe('uid-of-node-1');
    expect(objects.get(key)?.status).toMatchObject({
      behaviour: 'OutdatedKernel',
      subject: { reference: 'Node/node-1', kind: 'Node' },
      phase: 'Open',
      count: 1,
      evidence: [
        {
          message: 'the kernel of the node is 4.14.355-280.710.amzn2.x86_64; the oldest that is allowed is 5.15',
        },
      ],
      quiet: { required: '1h', observedBefore: '0s', evidence: 'Reporting', suspendedReason: 'StillPresent' },
    });
  });

  test('is one of as many as there are nodes, whatever a namespace may have', () => {
    const world = setUp({ posture: kernelAtLeast('5.15'), mostPerNamespace: 2 });
    for (let index = 0; index < 5; index++) world.model.upsertNode({ ...old, name: `old-${index}` });
    world.look(0);
    expect([...world.book().all()]).toHaveLength(5);
    // Nor do they take the place of what else there is to find.
    world.model.upsertNode({ ...old, name: 'old-5' });
    world.look(0);
    expect([world.post(), [...world.book().all()].length, world.book().full()]).toEqual(['finding', 7, []]);
  });

  test('is written once, however often it is looked at', () => {
    const { look, enqueued, state } = outdated();
    for (let round = 0; round < 1000; round++) look(15_000);
    expect([...enqueued]).toEqual([]);
    expect(state()).toMatchObject({ count: 1, lastSeen: start + 15_000_000, quiet: { observed: 0 } });
  });

  test('is clear when it has had another for the quiet period', () => {
    const { model, look, state } = outdated();
    look(10 * hour);
    model.upsertNode(young);
    look(0);
    look(hour - 1);
    expect(state().phase).toBe('Open');
    look(1);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('that has it again is counted once more, and waits anew', () => {
    const { model, look, state } = outdated();
    model.upsertNode(young);
    look(0);
    look(hour / 2);
    model.upsertNode(old);
    look(0);
    look(15_000);
    expect(state()).toMatchObject({ phase: 'Open', count: 2, quiet: { observed: 0 } });
  });

  test('that goes proves nothing, and is open again when it is back as it was', () => {
    const { model, look, state } = outdated();
    model.removeNode('node-1');
    look(1);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Gone' });
    model.upsertNode(aNode({ kernelVersion: old.kernelVersion, uid: 'another' }));
    look(0);
    expect(state()).toMatchObject({ phase: 'Open', reopened: 1, count: 2, resolution: undefined });
    look(hour);
    expect(state()).toMatchObject({ phase: 'Open', reopened: 1, count: 2 });
  });

  test('has failed its fix as long as it stands so', () => {
    const { look, decide, key, objects, write, enqueued } = outdated();
    decide(key, { phase: 'Fixed', owner: 'alice' });
    look(15_000);
    write();
    for (let round = 0; round < 100; round++) look(15_000);
    expect([...enqueued]).toEqual([]);
    expect(objects.get(key)?.status).toMatchObject({ phase: 'Open', fixedAt: '2026-11-22T00:00:15Z' });
    expect(objects.get(key)?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'FixFailed', status: 'True' }),
    );
  });

  test('is not clear because the policy asks for less, also for the next leader; and is once it has a newer one', () => {
    const { model, look, state, write, restart, now } = outdated();
    const asking = (minimum: string) =>
      model.setPolicies([aPolicy({ posture: kernelAtLeast(minimum), gracePeriod: 0 })]);
    asking('4.14');
    look(0);
    look(1000 * hour);
    write();
    restart(now());
    look(1000 * hour);
    expect(state()).toMatchObject({
      phase: 'Open',
      count: 1,
      quiet: {
        observed: 0,
        listening: { reason: 'RuleNotLoaded', message: expect.stringContaining('mends nothing') },
      },
    });
    asking('5.15');
    look(15_000);
    expect(state()).toMatchObject({ count: 1, quiet: { listening: { reason: 'StillPresent' } } });
    asking('4.14');
    model.upsertNode(young);
    look(0);
    look(hour);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is as old as it was last seen, not as it was at first', () => {
    const { model, look, state } = outdated();
    model.upsertNode(aNode({ kernelVersion: '5.4.1' }));
    look(15_000);
    expect(state()).toMatchObject({ count: 1, quiet: { listening: { reason: 'StillPresent' } } });
    model.setPolicies([aPolicy({ posture: kernelAtLeast('5.4'), gracePeriod: 0 })]);
    look(0);
    look(1000 * hour);
    expect(state().phase).toBe('Open');
  });

  test('is not clear because nobody asks any more', () => {
    const { model, look, state } = outdated();
    model.setPolicies([aPolicy({ posture: [], gracePeriod: 0 })]);
    look(0);
    look(1000 * hour);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'RuleNotLoaded' } } });
  });

  test('is not clear because it says nothing of its kernel', () => {
    const { model, look, state } = outdated();
    model.upsertNode(aNode({ kernelVersion: '' }));
    look(0);
    look(1000 * hour);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'AgentBlind' } } });
  });

  test('is the same finding after a restart, neither counted anew nor written at every look', () => {
    const { restart, look, now, book, write, enqueued } = outdated();
    restart(now());
    look(0);
    write();
    look(15_000);
    expect(only(book()).finding.record.state).toMatchObject({ phase: 'Open', count: 1, reopened: 0 });
    expect([...enqueued]).toEqual([]);
  });
});

describe('a node of which its kubelet says cgroup v1', () => {
  /** What the kubelet said last, which a test may change. */
  const asked = (posture: readonly PostureRule[] = [], node: Parameters<typeof aNode>[0] = {}) => {
    let answer: CgroupAnswer = { version: 1, at: start };
    const world = setUp({ posture, cgroups: () => answer });
    world.model.upsertNode(aNode(node));
    world.look(0);
    world.write();
    return {
      ...world,
      key: only(world.book()).key,
      state: () => only(world.book()).finding.record.state,
      say: (next: CgroupAnswer): void => {
        answer = next;
      },
    };
  };
  const silent: CgroupAnswer = { version: undefined, why: 'nothing listens on port 10250' };
  const v2: CgroupAnswer = { version: 2, at: start };

  test('is one finding, though no policy names it, and says how it is known', () => {
    const { objects, key } = asked();
    expect(key).toMatch(/^workload-protection\/outdated-cgroups-node-1-/);
    expect(objects.get(key)?.status).toMatchObject({
      behaviour: 'OutdatedCgroups',
      severity: 'Medium',
      phase: 'Open',
      count: 1,
      evidence: [{ message: 'its kubelet says that it runs with cgroup v1' }],
      quiet: { required: '24h', evidence: 'Reporting', suspendedReason: 'StillPresent' },
    });
  });

  test('was seen when its kubelet said so, and no later', () => {
    const { look, state, say } = asked();
    look(hour);
    expect(state().lastSeen).toBe(start);
    say({ version: 1, at: start + 2 * hour });
    look(2 * hour);
    expect(state().lastSeen).toBe(start + 2 * hour);
  });

  test('counts only where a policy selects it, once one names it', () => {
    const world = setUp({ posture: [], cgroups: () => ({ version: 1, at: start }) });
    const posture = [counting({ behaviour: 'OutdatedCgroups', quietPeriod: hour })];
    world.model.setPolicies([aPolicy({ posture, selector: selecting({ node: labelled({ pool: 'batch' }) }) })]);
    world.look(0);
    expect([...world.book().all()]).toEqual([]);
    world.model.upsertNode(aNode({ labels: { pool: 'batch' } }));
    world.look(0);
    expect([...world.book().all()]).toHaveLength(1);
    world.model.upsertNode(aNode());
    world.look(0);
    world.look(1000 * hour);
    expect(only(world.book()).finding.record.state).toMatchObject({
      phase: 'Open',
      quiet: { listening: { reason: 'RuleNotLoaded' } },
    });
  });

  test('is written once, however often it is looked at', () => {
    const { look, enqueued } = asked();
    for (let round = 0; round < 1000; round++) look(15_000);
    expect([...enqueued]).toEqual([]);
  });

  test('is clear when its kubelet has said v2 for the quiet period, while the node was ready', () => {
    const { model, look, state, say } = asked();
    say(v2);
    look(0);
    look(23 * hour);
    model.upsertNode(aNode({ ready: false }));
    look(0);
    look(1000 * hour);
    expect(state()).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'AgentBlind' } } });
    model.upsertNode(aNode());
    look(0);
    look(hour - 1);
    expect(state().phase).toBe('Open');
    look(1);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is not clear because its kubelet says nothing, and not seen anew when it says the same again', () => {
    const { look, state, say, objects, key, write } = asked();
    say(silent);
    look(0);
    look(1000 * hour);
    write();
    expect(objects.get(key)?.status?.quiet).toMatchObject({
      observedBefore: '0s',
      suspendedReason: 'AgentBlind',
      suspendedMessage: silent.why,
    });
    say({ version: 1, at: start + 1000 * hour });
    look(0);
    expect(state()).toMatchObject({ phase: 'Open', count: 1, reopened: 0 });
  });

  test.each<[string, CgroupAnswer]>([
    ['still has it', { version: 1, at: start }],
    ['has another', v2],
  ])('is the same finding for another leader that has not asked yet, where it %s', (_, answer) => {
    const { restart, now, look, say, write, state } = asked();
    say(answer);
    look(0);
    look(120_000);
    write();
    restart(now());
    say(silent);
    look(0);
    look(1000 * hour);
    write();
    expect(state()).toMatchObject({ phase: 'Open', count: 1 });
    say(answer);
    look(0);
    look(15_000);
    expect(state()).toMatchObject({ phase: 'Open', count: 1, reopened: 0 });
  });

  test('has failed its fix when its kubelet says the same after the claim, and not before', () => {
    const { look, decide, key, say, now, state } = asked();
    look(hour);
    decide(key, { phase: 'Fixed', owner: 'alice' });
    look(15_000);
    expect(state().phase).toBe('Verifying');
    look(hour / 2);
    expect(state()).toMatchObject({ phase: 'Verifying', quiet: { observed: 0 } });
    say({ version: 1, at: now() });
    look(15_000);
    expect(state()).toMatchObject({ phase: 'Open', count: 1 });
  });

  test('is written by no other leader that finds it as it was', () => {
    const { restart, now, look, say, enqueued } = asked();
    look(120_000);
    restart(now());
    say(silent);
    look(0);
    look(15_000);
    say({ version: 1, at: now() });
    for (let round = 0; round < 100; round++) look(15_000);
    expect([...enqueued]).toEqual([]);
  });

  test('stays verified for another leader', () => {
    const { restart, now, look, say, write, state } = asked();
    say(v2);
    look(0);
    look(24 * hour);
    write();
    restart(now());
    say(silent);
    look(hour);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified', reopened: 0 });
  });

  test('is gone where another node comes in its place', () => {
    const { model, look, state, say } = asked();
    model.upsertNode(aNode({ uid: 'another' }));
    say(silent);
    look(1);
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Gone' });
  });

  test('is seen once more, not at every look, where it comes back while the risk is accepted', () => {
    const { look, decide, key, say, state } = asked();
    say(v2);
    look(0);
    look(hour);
    decide(key, {
      phase: 'RiskAccepted',
      riskAcceptedUntil: new Date(start + 1000 * hour).toISOString(),
      riskAcceptedReason: 'the pool goes next month',
    });
    look(1);
    say({ version: 1, at: start + hour });
    for (let round = 0; round < 10; round++) look(15_000);
    expect(state()).toMatchObject({ phase: 'RiskAccepted', count: 2 });
  });

  const named = (severity: Severity | undefined): readonly PostureRule[] => [
    counting({ behaviour: 'OutdatedCgroups', quietPeriod: hour, severity }),
  ];
  test.each<[string, string, readonly PostureRule[], Severity]>([
    ['that took it as it came', 'v1.34.9', [], 'Medium'],
    ['that had to be told', 'v1.35.0', [], 'High'],
    ['of a vendor that had to be told', 'v1.36.2-gke.1500', [], 'High'],
    ['of a version that nobody knows', '', [], 'Medium'],
    ['that took it, for a policy', 'v1.34.9', named('Low'), 'Low'],
    ['that had to be told, for a policy', 'v1.35.1-eks-7cc42d7', named('Low'), 'Medium'],
    ['that had to be told, for one that has no worse word', 'v1.35.1', named('Critical'), 'Critical'],
  ])('of a kubelet %s: %s', (_, kubeletVersion, posture, severity) => {
    const { book, look, say } = asked(posture, { kubeletVersion });
    expect(only(book()).finding.record.severity).toBe(severity);
    // What it was stays what it was, when it is no more.
    say(v2);
    look(15_000);
    expect(only(book()).finding.record.severity).toBe(severity);
  });

  test('gets worse with a kubelet that had to be told', () => {
    const { model, look, book } = asked();
    model.upsertNode(aNode({ kubeletVersion: 'v1.35.0' }));
    look(0);
    expect(only(book()).finding.record.severity).toBe('High');
  });
});

describe('versions', () => {
  test.each<[string, readonly PostureRule[], Parameters<typeof aNode>[0], number]>([
    ['a kernel as old as allowed', kernelAtLeast('4.14.355'), old, 0],
    ['a kernel that is compared with a whole number', kernelAtLeast('5'), old, 1],
    ['a young kernel', kernelAtLeast('5.15'), young, 0],
    ['the strictest of several minimums', [...kernelAtLeast('4.1'), ...kernelAtLeast('6.2')], young, 1],
    [
      'a runtime behind its scheme',
      [counting({ behaviour: 'OutdatedContainerRuntime', minimumVersion: '2.0', quietPeriod: hour })],
      { containerRuntime: 'containerd://1.7.29' },
      1,
    ],
    [
      'a runtime of some vendor',
      [counting({ behaviour: 'OutdatedContainerRuntime', minimumVersion: '2.0', quietPeriod: hour })],
      { containerRuntime: 'containerd://2.1.4-k3s2' },
      0,
    ],
    [
      'a runtime that is not known',
      [counting({ behaviour: 'OutdatedContainerRuntime', minimumVersion: '2.0', quietPeriod: hour })],
      { containerRuntime: '' },
      0,
    ],
    ['what no policy asks for', [], old, 0],
  ])('%s', (_, posture, node, findings) => {
    const world = setUp({ posture });
    world.model.upsertNode(aNode(node));
    world.look(0);
    expect([...world.book().all()]).toHaveLength(findings);
  });
});
