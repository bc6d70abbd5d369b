import { describe, expect, test } from 'vitest';
import type { PostureRule } from '../../domain/findings/types.ts';
import { aNode } from '../../domain/testing/nodes.ts';
import { aPolicy } from '../../domain/testing/policies.ts';
import { hour, only, setUp, start } from './testing/world.ts';

const asks = (behaviour: string, minimumVersion: string): PostureRule => ({
  behaviour,
  match: [],
  severity: undefined,
  quietPeriod: hour,
  quietEvidence: undefined,
  quietNodes: 1,
  quietRuns: 3,
  minimumPodAge: undefined,
  minimumVersion,
  exclude: [],
});

const kernelAtLeast = (minimum: string) => [asks('OutdatedKernel', minimum)];
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

describe('versions', () => {
  test.each<[string, readonly PostureRule[], Parameters<typeof aNode>[0], number]>([
    ['a kernel as old as allowed', kernelAtLeast('4.14.355'), old, 0],
    ['a kernel that is compared with a whole number', kernelAtLeast('5'), old, 1],
    ['a young kernel', kernelAtLeast('5.15'), young, 0],
    ['the strictest of several minimums', [...kernelAtLeast('4.1'), ...kernelAtLeast('6.2')], young, 1],
    [
      'a runtime behind its scheme',
      [asks('OutdatedContainerRuntime', '2.0')],
      { containerRuntime: 'containerd://1.7.29' },
      1,
    ],
    [
      'a runtime of some vendor',
      [asks('OutdatedContainerRuntime', '2.0')],
      { containerRuntime: 'containerd://2.1.4-k3s2' },
      0,
    ],
    ['a runtime that is not known', [asks('OutdatedContainerRuntime', '2.0')], { containerRuntime: '' }, 0],
    ['what no policy asks for', [], old, 0],
  ])('%s', (_, posture, node, findings) => {
    const world = setUp({ posture });
    world.model.upsertNode(aNode(node));
    world.look(0);
    expect([...world.book().all()]).toHaveLength(findings);
  });
});
