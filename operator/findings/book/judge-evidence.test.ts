// The silence of a finding under policies that are edited while the behaviour goes on.
import { describe, expect, test } from 'vitest';
import type { Comparison, EventMatcher, PostureRule, SecurityEvent } from '../../../domain/findings/types.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPolicy, counting, labelled, selecting } from '../../../domain/testing/policies.ts';
import { falcoPod, gcc, hour, only, setUp, shopPod } from '../testing/world.ts';

const where = (field: Comparison['field'], how: Partial<Comparison>): EventMatcher => ({
  allOf: [{ field, equals: [], prefix: [], suffix: [], glob: [], ...how }],
});
const edited = (world: ReturnType<typeof setUp>, posture: readonly PostureRule[]): void =>
  world.model.setPolicies([aPolicy({ posture, gracePeriod: 0 })]);

const stateOf = (world: ReturnType<typeof setUp>) => only(world.book()).finding.record.state;
const make: Partial<SecurityEvent> = { process: { name: 'make', executable: '/usr/bin/make' } };

describe('a behaviour that goes on', () => {
  test.each<[string, PostureRule]>([
    ['its program is excluded', counting({ exclude: [where('ProcessName', { equals: ['gcc'] })] })],
    ['its rule is excluded', counting({ exclude: [where('Rule', { equals: ['Compiler run in container'] })] })],
    ['its executable is excluded', counting({ exclude: [where('Executable', { prefix: ['/usr/bin/'] })] })],
    ['what is masked of it might be excluded', counting({ exclude: [where('Arguments', { glob: ['*hunter2*'] })] })],
    ['it counts in older pods only', counting({ minimumPodAge: 1000 * hour })],
  ])('is not clear because %s, also for the next leader; and is on time once that is taken back', (_, excluding) => {
    const world = setUp({ posture: [counting()] });
    world.post();
    world.look(0);
    world.look(hour);
    edited(world, [excluding]);
    world.look(0);
    expect(world.post()).toBe('signal');
    world.look(1000 * hour);
    world.write();
    const { key } = only(world.book());
    expect(world.objects.get(key)?.status).toMatchObject({
      phase: 'Open',
      quiet: { suspendedReason: 'RuleNotLoaded', suspendedMessage: expect.stringContaining('policy everything') },
    });
    world.restart(world.now());
    world.look(0);
    world.look(1000 * hour);
    expect(stateOf(world)).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'RuleNotLoaded' } } });
    edited(world, [counting()]);
    world.look(0);
    // It does go on.
    expect(world.post()).toBe('finding');
    world.look(0);
    world.look(24 * hour - 1);
    expect(stateOf(world).phase).toBe('Open');
    world.look(1);
    expect(stateOf(world)).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is not clear because one of the programs that show it is excluded, however rarely that one runs', () => {
    const world = setUp({ posture: [counting()] });
    world.post(make);
    for (let count = 0; count < 100; count++) world.post();
    edited(world, [counting({ exclude: [where('ProcessName', { equals: ['make'] })] })]);
    world.look(0);
    expect([world.post(make), world.post()]).toEqual(['signal', 'finding']);
    world.look(0);
    world.look(1000 * hour);
    expect(stateOf(world)).toMatchObject({
      phase: 'Open',
      quiet: { observed: 0, listening: { message: expect.stringContaining('process make') } },
    });
  });

  test('of somebody’s own is not clear because it is described otherwise', () => {
    const described = (name: string) =>
      counting({ behaviour: 'BuildTool', match: [where('ProcessName', { equals: [name] })] });
    const world = setUp({ posture: [described('bake')] });
    world.post({ rule: 'A tool run', process: { name: 'bake' } });
    edited(world, [described('meson')]);
    world.look(0);
    world.look(1000 * hour);
    expect(stateOf(world).phase).toBe('Open');
    edited(world, [described('bake')]);
    world.look(0);
    world.look(24 * hour);
    expect(stateOf(world)).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test.each<[string, boolean]>([
    ['runs', false],
    ['has gone from where others of its workload run', true],
  ])('is not clear because the policy selects other nodes by now; its pod %s', (_, isGone) => {
    const world = setUp({ posture: [counting()] });
    const [here, there] = [aNode({ labels: { pool: 'a' } }), aNode({ name: 'node-2', labels: { pool: 'b' } })];
    for (const node of [here, there]) world.model.upsertNode(node);
    for (const pod of [falcoPod(true, 'node-2'), shopPod('cart-b', 'node-2')]) world.model.upsertPod(pod);
    world.look(0);
    world.post({ origin: { ...gcc.origin, node: 'node-2', pod: 'cart-b' } });
    if (isGone) {
      world.model.removePod('shop', 'cart-b');
      world.model.upsertPod(shopPod('cart-c', 'node-2'));
    }
    const selector = selecting({ node: labelled({ pool: 'a' }) });
    world.model.setPolicies([aPolicy({ selector, posture: [counting()], gracePeriod: 0 })]);
    world.look(0);
    const event = { origin: { ...gcc.origin, node: 'node-2', pod: isGone ? 'cart-c' : 'cart-b' } };
    expect(world.post(event)).toBe('signal');
    world.look(1000 * hour);
    expect(stateOf(world)).toMatchObject({
      phase: 'Open',
      quiet: { listening: { message: expect.stringContaining('no policy that selects it names the behaviour') } },
    });
  });
});

describe('a behaviour that is gone', () => {
  test.each<[string, PostureRule]>([
    ['only its severity is another', counting({ severity: 'Critical' })],
    ['another program is excluded', counting({ exclude: [where('ProcessName', { equals: ['make'] })] })],
    ['what cannot be masked in it is excluded', counting({ exclude: [where('Arguments', { prefix: ['-static'] })] })],
    ['it counts in younger pods, too', counting({ minimumPodAge: 0 })],
  ])('is clear on time though the policy is edited: %s', (_, posture) => {
    const world = setUp({ posture: [counting()] });
    world.post();
    world.look(0);
    world.look(hour);
    edited(world, [posture]);
    world.look(0);
    world.write();
    world.look(23 * hour);
    expect(stateOf(world)).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is clear on time though its policy was deleted and made anew, for as long as it was there', () => {
    const world = setUp({ posture: [counting()] });
    world.post();
    world.look(0);
    world.look(hour);
    world.model.setPolicies([]);
    world.look(0);
    edited(world, [counting()]);
    world.look(0);
    world.look(23 * hour);
    expect(stateOf(world)).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('and is excluded ends when the risk is accepted, and only for that time', () => {
    const world = setUp({ posture: [counting()] });
    world.post();
    edited(world, [counting({ exclude: [where('ProcessName', { equals: ['gcc'] })] })]);
    world.look(0);
    world.write();
    const { key } = only(world.book());
    const riskAcceptedUntil = new Date(world.now() + 10 * hour).toISOString();
    world.decide(key, { phase: 'RiskAccepted', riskAcceptedUntil, riskAcceptedReason: 'the build runs there' });
    world.look(hour);
    expect(stateOf(world).phase).toBe('RiskAccepted');
    world.look(10 * hour);
    expect(stateOf(world)).toMatchObject({ phase: 'Open', quiet: { listening: { reason: 'RuleNotLoaded' } } });
  });
});
