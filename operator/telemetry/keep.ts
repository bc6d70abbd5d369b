// What agents say of themselves, asked for by the leader alone: a standby asks nobody. A new leader goes on from what the one before
// it wrote, and asks everybody once, as fast as the bounds allow, before it writes anything; see docs/adr/0007.
import type { AgentAdapter } from '../../agents/agent.ts';
import { clusterReportName, type CoverageReport } from '../../crds/schema/coverage-report.ts';
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import type { Inventory } from '../../domain/coverage/inventory.ts';
import type { InstanceTelemetry, Reading } from '../../domain/telemetry/types.ts';
import { sleep, type Clock } from '../../kube/clock.ts';
import { startDeadline } from '../../kube/deadline.ts';
import { listPages } from '../../kube/list.ts';
import type { Log } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import type { OurObjects } from '../watches.ts';
import { createCredentials } from './credentials.ts';
import { restoredFrom, type Restored } from './restore.ts';
import { createScraper, type Scraper } from './scraper.ts';
import { followScrapedAgents } from './settings.ts';
import type { ScrapeStanding } from './standing.ts';
import { targetsOf } from './targets.ts';
import type { Outcome } from './trouble.ts';

export interface TelemetryMetrics {
  readonly scraped: (agent: string, outcome: Outcome, seconds: number) => void;
  /** Of the scraper that works now; undefined while this replica does not lead. */
  readonly setScraper: (
    scraper:
      | {
          readonly asked: () => ReadonlyMap<string, number>;
          readonly load: () => { readonly waiting: number; readonly running: number };
        }
      | undefined,
  ) => void;
}

export interface TelemetryOptions {
  readonly transport: Transport;
  /** The operator's own, in which Secrets are. */
  readonly namespace: string;
  readonly adapters: ReadonlyMap<string, AgentAdapter>;
  readonly ours: Pick<OurObjects, 'agents' | 'reports'>;
  readonly model: {
    readonly inventory: Pick<Inventory, 'nodes'>;
    readonly catalogue: () => AgentCatalogue;
    readonly setTelemetry: (node: string, agent: string, telemetry: InstanceTelemetry | undefined) => boolean;
  };
  readonly touch: () => void;
  /**
   * Told of everything that an agent said last; the same again where it did not answer, without its counters, and without `askedAt`: when
   * it was asked, by the monotonic clock.
   */
  readonly heard: (node: string, agent: string, reading: Reading | undefined, askedAt?: number) => void;
  /** Tells when something may have changed in the model; returns how to end it. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: TelemetryMetrics;
  readonly userAgent: string;
}

export interface Telemetry {
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Resolves when everybody was asked once, and also where that takes too long. */
  readonly settled: Promise<void>;
  readonly standing: (agent: string) => ScrapeStanding;
  readonly note: Scraper['note'];
  readonly readSoon: Scraper['readSoon'];
}

/** A rollout changes many pods: looking at all of them once a second is soon enough, since their kubelets take as long. */
const lookEveryMs = 1000;
/** Ten seconds for 5,000 agents that answer; who has not answered by then is judged by what was known of it. */
const settleWithinMs = 15_000;
const restoreWithinMs = 10_000;

export const createTelemetry = (options: TelemetryOptions): Telemetry => {
  const { ours, model, touch, clock, log, metrics } = options;
  const settled = Promise.withResolvers<void>();
  const scraper = createScraper({
    adapters: options.adapters,
    credentials: createCredentials(options),
    tell: (node, agent, telemetry, askedAt) => {
      if (model.setTelemetry(node, agent, telemetry)) touch();
      options.heard(node, agent, telemetry?.reading, askedAt);
    },
    onScrape: metrics.scraped,
    clock,
    userAgent: options.userAgent,
  });

  const settle = async (began: number, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && scraper.isPending() && clock.monotonic() - began < settleWithinMs) {
      await sleep(clock, 100, signal);
    }
    const seconds = (clock.monotonic() - began) / 1000;
    if (signal.aborted) return;
    if (scraper.isPending())
      log.warn({ seconds }, 'not every agent could be asked in time; going on from what was known');
    else log.info({ seconds }, 'every agent has been asked');
    settled.resolve();
  };

  return {
    settled: settled.promise,
    standing: scraper.standing,
    note: scraper.note,
    readSoon: scraper.readSoon,
    run: async (signal) => {
      let changed = true;
      const noteChange = (): void => {
        changed = true;
      };
      const scraped = followScrapedAgents(ours.agents, noteChange);
      const unsubscribe = options.subscribe(noteChange);
      metrics.setScraper(scraper);
      try {
        const follow = (restored?: Restored): void => {
          changed = false;
          scraper.follow(targetsOf(model.inventory, model.catalogue(), scraped.all()), restored);
        };
        follow(scraped.all().length === 0 ? undefined : await restore(options, signal));
        const scraping = scraper.run(signal);
        const settling = settle(clock.monotonic(), signal);
        while (!signal.aborted) {
          if (changed) follow();
          await sleep(clock, lookEveryMs, signal);
        }
        await Promise.all([scraping, settling]);
      } finally {
        settled.resolve();
        metrics.setScraper(undefined);
        unsubscribe();
        scraped.end();
      }
    },
  };
};

/** Undefined where nothing was written before, or it cannot be read: then agents are as good as new. */
export const restore = async (
  { transport, ours, clock, log }: Pick<TelemetryOptions, 'transport' | 'ours' | 'clock' | 'log'>,
  signal: AbortSignal,
): Promise<Restored | undefined> => {
  const report = ours.reports.get('', clusterReportName) as CoverageReport | undefined;
  const evaluatedAt = Date.parse(report?.status?.evaluatedAt ?? '');
  if (Number.isNaN(evaluatedAt)) return undefined;
  const deadline = startDeadline(clock, restoreWithinMs, signal);
  try {
    const slices: unknown[] = [];
    const scope = {
      resource: resources.coverageSlices,
      fieldSelector: `spec.report=${clusterReportName},spec.assets=Nodes`,
    };
    await listPages(transport, scope, (items) => void slices.push(...items), deadline.signal);
    return restoredFrom(slices, evaluatedAt);
  } catch (error) {
    log.warn({ error }, 'cannot read what was known of agents before; asking them as if for the first time');
    return undefined;
  } finally {
    deadline.done();
  }
};
