import { describe, expect, test } from 'vitest';
import { aFalco } from '../../../domain/testing/agents.ts';
import { gcc, hour, only, setUp, shopPod, start } from '../testing/world.ts';

describe('events', () => {
  test('of rules with names of any length and secrets in them can be written', () => {
    const world = setUp();
    const techniques = Array.from({ length: 64 }, (_, index) => `T1${String(index).padStart(3, '0')}`);
    world.post({ rule: `Compiler run in container --password=hunter2 ${'x'.repeat(4000)}`, techniques });
    world.write();
    const [status] = [...world.objects.values()].map((object) => object.status);
    expect(status?.rules?.[0]).toHaveLength(253);
    expect(JSON.stringify(status)).not.toContain('hunter2');
  });

  test('of two replicas are one finding of their workload, with both pods', () => {
    const world = setUp();
    expect(world.post()).toBe('finding');
    expect(world.post({ origin: { ...gcc.origin, pod: 'cart-b' } })).toBe('finding');
    const { finding } = only(world.book());
    expect(finding.identity).toMatchObject({
      namespace: 'shop',
      name: expect.stringMatching(/^compiler-in-container-cart-/),
    });
    expect(finding.record).toMatchObject({
      subject: { kind: 'Deployment', namespace: 'shop', name: 'cart', container: 'app' },
      pods: ['cart-b', 'cart-a'],
      podsSeen: 2,
      agents: ['falco'],
      rules: ['Compiler run in container'],
      state: { phase: 'Open', count: 2 },
    });
    expect(world.transitions.map(({ reason }) => reason)).toEqual(['BehaviourSeen']);
  });

  test('of an agent of somebody’s own are of the one that is on the node, and never of another that is not', () => {
    const world = setUp();
    const house = aFalco({ name: 'house', type: 'Custom' });
    world.model.setAgents([
      aFalco(),
      { ...house, name: 'absent', pods: { ...house.pods, containerNames: ['absent'], images: ['x'] } },
    ]);
    world.model.evaluate(start);
    world.post({ agentType: 'Custom' });
    expect(only(world.book()).finding.record.agents).toEqual([]);
    world.model.setAgents([aFalco(), house]);
    world.model.evaluate(start);
    world.post({ agentType: 'Custom' });
    expect(only(world.book()).finding.record.agents).toEqual(['house']);
  });

  test('are written as the API wants them, without what was secret', () => {
    const world = setUp();
    world.post({ origin: { node: 'node-1', onHost: true }, process: { name: 'x' }, rule: 'a', tags: [] });
    world.post();
    world.write();
    const [object] = world.objects.values();
    expect(world.objects.size).toBe(1);
    expect(JSON.stringify(object)).not.toContain('hunter2');
    expect(object?.status).toMatchObject({
      behaviour: 'CompilerInContainer',
      severity: 'Medium',
      subject: { reference: 'Deployment/cart', container: 'app' },
      remediation: { text: expect.stringContaining('Build in one stage') },
      quiet: { required: '24h', observedBefore: '0s' },
      journal: { a: 2 },
    });
  });

  test('that are threat detections are signals, and of nobody are nobody’s', () => {
    const world = setUp();
    expect(world.post({ rule: 'Read sensitive file untrusted', process: { name: 'cat' } })).toBe('signal');
    expect(world.post({ origin: { ...gcc.origin, pod: 'unknown' } })).toBe('unattributed');
    expect(world.unattributed).toEqual(['PodUnknown']);
    expect([...world.book().all()]).toEqual([]);
  });

  test('of a pod that has just gone still find it', () => {
    const world = setUp();
    world.recent.leaving('shop', 'cart-a');
    world.model.removePod('shop', 'cart-a');
    expect(world.post()).toBe('finding');
  });

  test.each<[string, number, number, string]>([
    ['late, of a pod that was young then', 5, 60, 'signal'],
    ['late, of a pod that was old enough then', 15, 60, 'finding'],
    ['of a clock that is behind the beginning of the pod', -30, 60, 'finding'],
    ['at once, of a young pod', 5, 5, 'signal'],
  ])('of shells %s count by the age that the pod had', (_, atMinute, nowMinute, expected) => {
    const world = setUp();
    const minute = 60_000;
    world.model.upsertPod({ ...shopPod('cart-a'), createdAt: start });
    world.look(nowMinute * minute);
    const shell = { rule: 'Terminal shell in container', process: { name: 'bash' }, tags: [] };
    expect(world.post({ ...shell, at: start + atMinute * minute })).toBe(expected);
  });

  test('from before there was their pod happened no earlier than that', () => {
    const world = setUp();
    world.model.upsertPod({ ...shopPod('cart-a'), createdAt: start - hour });
    world.post({ at: start - 50_000 * hour });
    const { state } = only(world.book()).finding.record;
    expect([state.firstSeen, state.lastSeen]).toEqual([start - hour, start - hour]);
  });

  test('from the future happened when they came', () => {
    const world = setUp();
    world.post({ at: start + 1000 * hour });
    expect(only(world.book()).finding.record.state.lastSeen).toBe(start);
  });
});
