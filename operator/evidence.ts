// What only the leader gathers: what agents say of themselves, and what objects declare of their policies. Nothing is written before
// both are there, or a new leader would tell of gaps that are only its own ignorance; see docs/adr/0007.
import { sleep, type Clock } from '../kube/clock.ts';
import { createDeclarations, type DeclarationsOptions } from './declarations/keep.ts';
import type { CoverageKeeper } from './keeper.ts';
import { createTelemetry, type Telemetry, type TelemetryMetrics, type TelemetryOptions } from './telemetry/keep.ts';

export type EvidenceOptions = Omit<
  DeclarationsOptions & TelemetryOptions,
  'model' | 'touch' | 'subscribe' | 'metrics'
> & {
  readonly keeper: CoverageKeeper;
  /** Resolves when what agents posted to an earlier leader is known again. */
  readonly remembered: Promise<void>;
  readonly metrics: { readonly telemetry: TelemetryMetrics; readonly reflector: DeclarationsOptions['metrics'] };
};

export interface Evidence {
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Resolves when it has been gathered once and judged, and also where that takes too long. */
  readonly judged: Promise<void>;
  /** How asking the pods of an agent goes. */
  readonly scrapes: Telemetry['standing'];
  /** What an agent that is asked told of its own accord. */
  readonly note: Telemetry['note'];
  /** The next answer of an agent is waited for. */
  readonly readSoon: Telemetry['readSoon'];
}

/** An evaluation of everything takes a second at most; behind it the longest wait of the event loop. */
const judgeWithinMs = 5000;

export const createEvidence = (options: EvidenceOptions): Evidence => {
  const { keeper, remembered, clock, metrics } = options;
  const into = { ...options, model: keeper.model, touch: keeper.touch, subscribe: keeper.subscribe };
  const telemetry = createTelemetry({ ...into, metrics: metrics.telemetry });
  const declarations = createDeclarations({ ...into, metrics: metrics.reflector });
  const judged = Promise.withResolvers<void>();
  return {
    judged: judged.promise,
    scrapes: telemetry.standing,
    note: telemetry.note,
    readSoon: telemetry.readSoon,
    run: async (signal) => {
      const gathering = Promise.all([telemetry.run(signal), declarations.run(signal)]);
      try {
        const settled = Promise.all([telemetry.settled, declarations.settled, remembered]).then(() =>
          untilJudged(keeper, clock, signal),
        );
        settled.then(judged.resolve, judged.resolve);
        await gathering;
        await settled;
      } finally {
        judged.resolve();
      }
    },
  };
};

/** The next evaluation takes in all that was touched before now. */
const untilJudged = async (keeper: CoverageKeeper, clock: Clock, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return;
  const evaluated = new AbortController();
  const unsubscribe = keeper.subscribe(() => evaluated.abort());
  const stop = (): void => evaluated.abort();
  signal.addEventListener('abort', stop, { once: true });
  keeper.touch();
  await sleep(clock, judgeWithinMs, evaluated.signal);
  signal.removeEventListener('abort', stop);
  unsubscribe();
};
