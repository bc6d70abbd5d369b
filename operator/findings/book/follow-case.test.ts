import { describe, expect, test } from 'vitest';
import { hour, only, setUp, start } from '../testing/world.ts';

describe('a case', () => {
  test('that is decided on twice before anybody looks has both decisions in the history', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    const riskAcceptedUntil = '2027-01-01T00:00:00Z';
    world.decide(key, { phase: 'RiskAccepted', riskAcceptedUntil, riskAcceptedReason: 'a build image' }, 'ann');
    world.book().follow(key, world.now());
    world.decide(key, { phase: 'Triaged' }, 'bob');
    world.book().follow(key, world.now());
    world.look(0);
    expect(world.transitions.map(({ reason, actor }) => [reason, actor])).toEqual([
      ['BehaviourSeen', 'workload-protection-operator'],
      ['RiskAccepted', 'ann'],
      ['AcceptanceWithdrawn', 'bob'],
    ]);
  });

  test('whose failed claim is withdrawn and made anew in one moment is being verified', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    const decide = (phase: string): void => {
      world.decide(key, { phase });
      world.book().follow(key, world.now());
    };
    decide('Fixed');
    world.look(1000);
    world.post();
    expect(only(world.book()).finding.record.state.phase).toBe('Open');
    world.look(1000);
    decide('Remediating');
    decide('Fixed');
    world.look(0);
    expect(only(world.book()).finding.record.state).toMatchObject({ phase: 'Verifying', fixedAt: start + 2000 });
  });

  test('whose fix is claimed is verified by silence', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Fixed', owner: 'bob' }, 'alice');
    world.look(0);
    world.write();
    expect(world.objects.get(key)?.status).toMatchObject({ phase: 'Verifying', fixedAt: '2026-11-22T01:00:00Z' });
    world.look(24 * hour);
    expect(world.transitions.map(({ to, actor }) => [to, actor])).toEqual([
      ['Open', 'workload-protection-operator'],
      ['Verifying', 'alice'],
      ['Resolved', 'workload-protection-operator'],
    ]);
  });

  /** A finding that ann works on, and what follows from each later decision. */
  const deciding = () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Remediating', owner: 'bob' }, 'ann');
    world.look(0);
    world.write();
    return { ...world, key, actors: () => world.transitions.slice(1).map(({ reason, actor }) => [reason, actor]) };
  };

  const unknown = 'unknown (the webhook was away)';

  test('names whoever decided, never its owner', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'Fixed', owner: 'bob' }, 'carl');
    look(0);
    decide(key, { phase: 'New', owner: 'bob' }, 'dora');
    look(0);
    expect(actors()).toEqual([
      ['RemediationStarted', 'ann'],
      ['FixClaimed', 'carl'],
      ['FixWithdrawn', 'dora'],
    ]);
  });

  test('says that nobody knows, where the webhook was away, even if the last stamp names the same phase', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'New', owner: 'bob' });
    look(0);
    decide(key, { phase: 'Remediating', owner: 'bob' });
    look(0);
    expect(actors()).toEqual([
      ['RemediationStarted', 'ann'],
      ['RemediationStopped', unknown],
      ['RemediationStarted', unknown],
    ]);
  });

  test('still names who decided when something else changes while the webhook is away, and the operator has not looked yet', () => {
    const { key, decide, look, actors } = deciding();
    decide(key, { phase: 'Fixed' }, 'carl');
    decide(key, { phase: 'Fixed', owner: 'dora' });
    look(0);
    expect(actors().at(-1)).toEqual(['FixClaimed', 'carl']);
  });

  test.each<[string, string | undefined, string]>([
    ['names who decided while the operator was down', 'carl', 'carl'],
    ['says that nobody knows who decided while both were down', undefined, unknown],
  ])('%s', (_, user, actor) => {
    const world = deciding();
    world.decide(world.key, { phase: 'New', owner: 'bob' }, user);
    world.restart(world.now());
    world.look(0);
    expect(world.actors().at(-1)).toEqual(['RemediationStopped', actor]);
  });

  test('survives a restart, with its claim', () => {
    const world = setUp();
    world.post();
    world.write();
    const { key } = only(world.book());
    world.look(hour);
    world.decide(key, { phase: 'Fixed' });
    world.look(0);
    world.write();
    world.restart(world.now());
    world.look(0);
    world.post();
    world.look(0);
    world.write();
    expect(world.objects.get(key)?.status?.phase).toBe('Open');
    expect(world.objects.get(key)?.status?.conditions?.find(({ type }) => type === 'FixFailed')?.status).toBe('True');
  });
});
