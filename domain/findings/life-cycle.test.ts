import { describe, expect, test } from 'vitest';
import {
  advance,
  hasFixFailed,
  openFinding,
  seeAgain,
  type Advance,
  type Circumstances,
  type FindingState,
} from './life-cycle.ts';
import { mustStoreQuiet, quietToStore } from './quiet-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
const listening = { listening: true } as const;
const blind = { listening: false, reason: 'AgentBlind', message: 'falco is not ready on node-1' } as const;

const circumstances = (overrides: Partial<Circumstances> = {}): Circumstances => ({
  now: 0,
  elapsed: 0,
  listening,
  provenAgo: 0,
  case: { phase: 'New', riskAcceptedUntil: undefined, actor: 'alice' },
  required: 24 * hour,
  requiredRuns: undefined,
  cleanRuns: 0,
  isGone: false,
  ...overrides,
});

const seen = (at: number) => ({ count: 1, first: at, last: at });
const caseIn = (phase: Circumstances['case']['phase'], riskAcceptedUntil?: number): Circumstances['case'] => ({
  phase,
  riskAcceptedUntil,
  actor: 'alice',
});

/** Lets steps follow one another, each with what elapsed since the last. */
const run = (start: Advance, steps: readonly Partial<Circumstances>[]): Advance => {
  let [state, now] = [start.state, 0];
  const transitions = [...start.transitions];
  for (const step of steps) {
    now += step.elapsed ?? 0;
    const next = advance(state, circumstances({ now, ...step }));
    state = next.state;
    transitions.push(...next.transitions);
  }
  return { state, transitions };
};

const phases = ({ transitions }: Advance): readonly string[] => transitions.map(({ to, reason }) => `${to} ${reason}`);

describe('a finding', () => {
  const opened = openFinding(seen(0), 0);

  test('is open when it is first seen', () => {
    expect(opened.state).toMatchObject({ phase: 'Open', count: 1, firstSeen: 0, lastSeen: 0, reopened: 0 });
    expect(phases(opened)).toEqual(['Open BehaviourSeen']);
  });

  test('is resolved by silence that somebody listened to, whatever the case says', () => {
    const { state, transitions } = run(opened, [{}, { elapsed: 24 * hour - 1 }, { elapsed: 1 }]);
    expect(state).toMatchObject({ phase: 'Resolved', resolution: 'Verified', resolvedAt: 24 * hour });
    expect(transitions.at(-1)).toMatchObject({ actor: 'workload-protection-operator', reason: 'SilenceObserved' });
  });

  test('does not clear while nobody listens, and goes on where it stood', () => {
    const { state } = run(opened, [
      {},
      { elapsed: 20 * hour },
      { elapsed: 0, listening: blind },
      { elapsed: 1000 * hour, listening: blind },
    ]);
    expect(state).toMatchObject({ phase: 'Open', quiet: { observed: 20 * hour } });
    expect(run({ state, transitions: [] }, [{}, { elapsed: 4 * hour }]).state.phase).toBe('Resolved');
  });

  test('counts no time at whose end nobody listened any more', () => {
    expect(run(opened, [{}, { elapsed: hour, listening: blind }]).state.quiet.observed).toBe(0);
  });

  test('begins its silence anew with every event', () => {
    const { state } = run(opened, [{}, { elapsed: 23 * hour }]);
    const again = seeAgain(state, { count: 3, first: 22 * hour, last: 23 * hour }, 23 * hour);
    expect(again.state).toMatchObject({ phase: 'Open', count: 4, lastSeen: 23 * hour, quiet: { observed: 0 } });
    expect(again.transitions).toEqual([]);
  });

  test('keeps its dates when events come late and in any order', () => {
    const late = seeAgain(openFinding(seen(5000), 6000).state, { count: 1, first: 1000, last: 2000 }, 7000);
    expect(late.state).toMatchObject({ firstSeen: 1000, lastSeen: 5000, count: 2 });
  });

  test('comes back after it was resolved, which is counted', () => {
    const resolved = run(opened, [{}, { elapsed: 24 * hour }]).state;
    const again = seeAgain(resolved, seen(25 * hour), 25 * hour);
    expect(again.state).toMatchObject({ phase: 'Open', reopened: 1, resolution: undefined, resolvedAt: undefined });
    expect(phases(again)).toEqual(['Open BehaviourSeenAgain']);
  });

  test('whose workload is gone is resolved, and nothing is verified', () => {
    const { state } = run(opened, [{ isGone: true, elapsed: hour }]);
    expect(state).toMatchObject({ phase: 'Resolved', resolution: 'Gone' });
  });

  test('says with its silence that its image was changed', () => {
    const imageChange = { from: 'app:11', to: ['app:12', 'app:13'], pods: 2, since: 0 };
    const message = (steps: readonly Partial<Circumstances>[]): string | undefined =>
      run(opened, steps).transitions.at(-1)?.message;
    expect(message([{}, { elapsed: 24 * hour, imageChange }])).toBe(
      'The behaviour stayed away for 86400 s in which somebody listened, after its image changed from app:11 to app:12 and app:13.',
    );
    expect(message([{ requiredRuns: 1 }, { requiredRuns: 1, cleanRuns: 1, imageChange }])).toBe(
      'The behaviour stayed away in 1 runs that were observed whole, after its image changed from app:11 to app:12 and app:13.',
    );
  });

  test('of a Job is resolved by clean runs instead of time', () => {
    const runs = { requiredRuns: 3 };
    const { state } = run(opened, [runs, { ...runs, elapsed: 1000 * hour, cleanRuns: 2 }]);
    expect(state.phase).toBe('Open');
    expect(run({ state, transitions: [] }, [{ ...runs, cleanRuns: 1 }]).state).toMatchObject({ phase: 'Resolved' });
    const again = seeAgain(state, seen(5), 5).state;
    expect(run({ state: again, transitions: [] }, [{ ...runs, cleanRuns: 2 }]).state.phase).toBe('Open');
  });
});

describe('a case', () => {
  const opened = openFinding(seen(0), 0);

  test.each<[string, readonly Partial<Circumstances>[], readonly string[]]>([
    ['that is worked on', [{ case: caseIn('Remediating') }], ['Remediating RemediationStarted']],
    ['that is only looked at changes nothing', [{ case: caseIn('Triaged') }], []],
    [
      'that is laid down again',
      [{ case: caseIn('Remediating') }, { case: caseIn('New') }],
      ['Remediating RemediationStarted', 'Open RemediationStopped'],
    ],
    ['whose fix is claimed', [{ elapsed: 1, case: caseIn('Fixed') }], ['Verifying FixClaimed']],
    [
      'whose fix is withdrawn',
      [{ elapsed: 1, case: caseIn('Fixed') }, { case: caseIn('Triaged') }],
      ['Verifying FixClaimed', 'Open FixWithdrawn'],
    ],
    ['whose risk is accepted', [{ case: caseIn('RiskAccepted', hour) }], ['RiskAccepted RiskAccepted']],
    [
      'whose acceptance ends by itself',
      [{ case: caseIn('RiskAccepted', hour) }, { elapsed: hour, case: caseIn('RiskAccepted', hour) }],
      ['RiskAccepted RiskAccepted', 'Open AcceptanceEnded'],
    ],
    [
      'whose acceptance is withdrawn',
      [{ case: caseIn('RiskAccepted', hour) }, { case: caseIn('New') }],
      ['RiskAccepted RiskAccepted', 'Open AcceptanceWithdrawn'],
    ],
  ])('%s', (_, steps, expected) => {
    expect(phases(run(opened, steps)).slice(1)).toEqual(expected);
  });

  test('names who decided, and the operator where time did', () => {
    const { transitions } = run(opened, [
      { case: caseIn('RiskAccepted', hour) },
      { elapsed: hour, case: caseIn('RiskAccepted', hour) },
    ]);
    expect(transitions.map(({ actor }) => actor)).toEqual([
      'workload-protection-operator',
      'alice',
      'workload-protection-operator',
    ]);
  });

  test('whose fix is claimed is refuted by a newer event until it is claimed anew', () => {
    const claimed = run(opened, [{ elapsed: hour, case: caseIn('Fixed') }]).state;
    const failed = seeAgain(claimed, seen(2 * hour), 2 * hour);
    expect(phases(failed)).toEqual(['Open FixFailed']);
    expect(hasFixFailed(failed.state)).toBe(true);
    const still = run({ state: failed.state, transitions: [] }, [{ now: 3 * hour, case: caseIn('Fixed') }]);
    expect(still.state.phase).toBe('Open');
    const anew = run(still, [
      { now: 4 * hour, case: caseIn('Remediating') },
      { now: 5 * hour, case: caseIn('Fixed') },
    ]);
    expect(anew.state).toMatchObject({ phase: 'Verifying', fixedAt: 5 * hour });
    expect(hasFixFailed(anew.state)).toBe(false);
  });

  test('whose fix is claimed is not refuted by an event from before the claim that comes late', () => {
    const claimed = run(opened, [{ elapsed: hour, case: caseIn('Fixed') }]).state;
    const late = seeAgain(claimed, seen(hour - 1), 2 * hour);
    expect(late.state).toMatchObject({ phase: 'Verifying', quiet: { observed: 0 } });
  });

  test('whose fix is claimed in the second in which it was last seen is being proven after a restart, too, which knows of seconds only', () => {
    const { state } = run(openFinding(seen(300), 300), [{ now: 800, case: caseIn('Fixed') }]);
    expect(state.phase).toBe('Verifying');
    const restored = { ...state, lastSeen: 0, fixedAt: 0 };
    expect(hasFixFailed(restored)).toBe(false);
    const after = run({ state: restored, transitions: [] }, [{ now: hour, case: caseIn('Fixed') }]);
    expect(after).toMatchObject({ state: { phase: 'Verifying' }, transitions: [] });
    expect(phases(seeAgain(after.state, seen(2 * hour), 2 * hour))).toEqual(['Open FixFailed']);
  });

  test('that comes back does not say why nobody listened before it was resolved', () => {
    const old = { listening: false, reason: 'OperatorDown', message: 'the operator was away' } as const;
    const done = run(opened, [{}, { elapsed: 24 * hour }]).state;
    const restored: FindingState = { ...done, quiet: { ...done.quiet, listening: old } };
    const { state } = seeAgain(restored, seen(100 * hour), 100 * hour);
    expect(quietToStore(state.quiet, 100 * hour)).toMatchObject({ suspended: undefined, runningSince: undefined });
    const looked = advance(state, circumstances({ now: 100 * hour, listening: blind }));
    expect(mustStoreQuiet(looked.state.quiet, 100 * hour)).toBe(true);
  });

  test('whose risk is accepted stands still, and goes on afterwards', () => {
    const half: FindingState = run(opened, [{}, { elapsed: 12 * hour }]).state;
    const accepted = run({ state: half, transitions: [] }, [
      { case: caseIn('RiskAccepted', 1000 * hour), elapsed: 100 * hour },
    ]);
    expect(accepted.state).toMatchObject({ phase: 'RiskAccepted', quiet: { observed: 12 * hour } });
    expect(run(accepted, [{}, { elapsed: 12 * hour }]).state.phase).toBe('Resolved');
  });

  test('that is resolved keeps the date of its fix', () => {
    const done = run(opened, [
      { elapsed: hour, case: caseIn('Fixed') },
      { elapsed: 24 * hour, case: caseIn('Fixed') },
    ]);
    expect(done.state).toMatchObject({ phase: 'Resolved', fixedAt: hour });
    expect(run(done, [{ case: caseIn('New') }]).state.fixedAt).toBe(hour);
  });
});
