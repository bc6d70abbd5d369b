import { describe, expect, test } from 'vitest';
import { aFalco } from '../../../domain/testing/agents.ts';
import { aPod } from '../../../domain/testing/pods.ts';
import { aPolicy, counting, labelled, selecting } from '../../../domain/testing/policies.ts';
import { falcoPod, gcc, only, setUp, start } from '../testing/world.ts';

const owner = (run: number) => ({ apiVersion: 'batch/v1', kind: 'Job', name: `report-${run}` });

/** A CronJob whose pods come and go. */
const nightly = (overrides: Parameters<typeof setUp>[0] = {}) => {
  const world = setUp(overrides);
  const { model } = world;
  const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'report' };
  model.upsertOwner({ kind: 'CronJob', namespace: 'shop', name: 'report', owner: undefined, labels: {} });
  let run = 0;
  const name = (): string => `report-${run}-x`;
  const begin = (): void => {
    run++;
    model.upsertOwner({ kind: 'Job', namespace: 'shop', name: `report-${run}`, owner: cronJob, labels: {} });
    model.upsertPod(aPod({ name: name(), owner: owner(run), createdAt: start + run }));
    world.look(1000);
  };
  const compile = (): void => {
    world.post({ origin: { ...gcc.origin, pod: name() } });
  };
  const end = (): void => {
    world.ended.succeeded('shop', name(), start + run);
    world.recent.leaving('shop', name());
    model.removePod('shop', name());
    world.look(1000);
  };
  const runClean = (): void => {
    begin();
    world.look(10_000);
    end();
  };
  begin();
  compile();
  end();
  return { ...world, begin, compile, end, runClean, state: () => only(world.book()).finding.record.state };
};

describe('a CronJob', () => {
  test('is one finding over its runs, and clear after as many clean ones as are asked for', () => {
    const { runClean, state, write, objects } = nightly();
    expect(state()).toMatchObject({ phase: 'Open', quiet: { observedRuns: 0 } });
    runClean();
    runClean();
    write();
    expect([...objects.values()][0]?.status).toMatchObject({
      subject: { reference: 'CronJob/report' },
      phase: 'Open',
      quiet: { observedRuns: 2, requiredRuns: 3 },
    });
    runClean();
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is clear after clean runs, too, where a policy counts the behaviour, though it selects no pod while none runs', () => {
    const { runClean, state } = nightly({ posture: [counting()] });
    for (let run = 0; run < 3; run++) {
      expect(state().quiet.observedRuns).toBe(run);
      runClean();
    }
    expect(state()).toMatchObject({ phase: 'Resolved', resolution: 'Verified' });
  });

  test('is not clear by runs that no policy selects any more for which the behaviour would count', () => {
    const { runClean, model, state } = nightly({ posture: [counting()] });
    const namespace = labelled({ env: 'elsewhere' });
    model.setPolicies([aPolicy({ selector: selecting({ namespace }), posture: [counting()], gracePeriod: 0 })]);
    for (let run = 0; run < 5; run++) runClean();
    expect(state()).toMatchObject({ phase: 'Open', quiet: { observedRuns: 0 } });
  });

  test('waits for all of them again once it behaves so again', () => {
    const { runClean, begin, compile, end, state } = nightly();
    runClean();
    runClean();
    begin();
    compile();
    end();
    expect(state().quiet.observedRuns).toBe(0);
    runClean();
    runClean();
    expect(state().phase).toBe('Open');
    runClean();
    expect(state().phase).toBe('Resolved');
  });

  test('is not clear by runs during which its agent was away', () => {
    const { begin, end, model, look, state } = nightly();
    for (let run = 0; run < 10; run++) {
      begin();
      model.upsertPod(falcoPod(false));
      look(10_000);
      model.upsertPod(falcoPod());
      look(10_000);
      end();
    }
    expect(state()).toMatchObject({ phase: 'Open', quiet: { observedRuns: 0 } });
  });

  test('counts a run only once its agent was asked after its end, and answered', () => {
    const telemetry = { ...aFalco().telemetry, mode: 'Scrape' as const, staleAfter: 180_000 };
    const { runClean, model, answer, awaited, look, state } = nightly();
    model.setAgents([aFalco({ telemetry })]);
    answer();
    look(0);
    runClean();
    expect([state().quiet.observedRuns, [...awaited]]).toEqual([0, ['node-1/falco']]);
    answer();
    look(2000);
    expect([state().quiet.observedRuns, [...awaited]]).toEqual([1, []]);
  });

  test('keeps its clean runs over a restart, but for the one that goes on', () => {
    const { runClean, begin, end, write, restart, look, now, state } = nightly();
    runClean();
    runClean();
    write();
    begin();
    restart(now());
    look(0);
    end();
    expect(state()).toMatchObject({ phase: 'Open', quiet: { observedRuns: 2 } });
    runClean();
    expect(state()).toMatchObject({ phase: 'Resolved' });
  });
});
