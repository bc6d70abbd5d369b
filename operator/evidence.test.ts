import { afterEach, describe, expect, it } from 'vitest';
import { createCoverageModel, type Evaluation } from '../domain/coverage/model.ts';
import { aFalco } from '../domain/testing/agents.ts';
import { silentLog } from '../kube/log.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { startFakeKube, type Fault } from '../kube/testing/fake-kube.ts';
import { createTransport } from '../kube/transport.ts';
import { createEvidence } from './evidence.ts';
import { createOurObjects } from './watches.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A keeper that evaluates when the test says so. */
const gather = async (fault?: Fault) => {
  const kube = await startFakeKube();
  if (fault !== undefined) kube.inject(fault);
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const model = createCoverageModel();
  model.setAgents([aFalco()]);
  const evaluation: Evaluation = model.evaluate(0);
  const listeners = new Set<(evaluation: Evaluation) => void>();
  let touches = 0;
  const clock = new FakeClock();
  const evidence = createEvidence({
    remembered: Promise.resolve(),
    heard: () => {},
    keeper: {
      model,
      touch: () => void (touches += 1),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      run: () => Promise.resolve(),
      isEvaluated: () => true,
    },
    ours: createOurObjects(),
    adapters: new Map(),
    transport,
    namespace: 'watchers',
    metrics: { telemetry: { scraped: () => {}, setScraper: () => {} }, reflector: {} },
    clock,
    log: silentLog,
    userAgent: 'test',
  });
  const stop = new AbortController();
  const running = evidence.run(stop.signal);
  let isJudged = false;
  void evidence.judged.then(() => (isJudged = true));
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  closers.push(async () => {
    await end();
    await transport.close();
    await kube.close();
  });
  return {
    clock,
    end,
    touches: () => touches,
    isJudged: () => isJudged,
    evaluate: () => {
      for (const listener of listeners) listener(evaluation);
    },
  };
};

describe('evidence', () => {
  it('is judged with the first evaluation after it was gathered', async () => {
    const gathering = await gather();
    gathering.evaluate();
    await eventually('it is gathered', async () => {
      await gathering.clock.advance(50);
      return gathering.touches() > 0;
    });
    await gathering.clock.advance(100);
    expect(gathering.isJudged()).toBe(false);
    gathering.evaluate();
    await gathering.clock.advance(0);
    expect(gathering.isJudged()).toBe(true);
  });

  it('is not waited for where nobody evaluates', async () => {
    const gathering = await gather();
    await eventually('it is given up', async () => {
      await gathering.clock.advance(1000);
      return gathering.isJudged();
    });
  });

  it('is not waited for by who stops', async () => {
    const gathering = await gather({ plural: 'configmaps', fault: { hang: true } });
    await gathering.end();
    await gathering.clock.advance(0);
    expect(gathering.isJudged()).toBe(true);
  });
});
