// Keeps an Alertmanager told which findings stand open: all of them once a minute, as it wants to hear of what goes on, and soon after a
// change. Nothing has to be remembered: an alert that nobody repeats ends by itself.
import { Backoff } from '../../kube/backoff.ts';
import { sleep, type Clock, type Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { OurObjects } from '../watches.ts';
import { alertOf, type Alert } from './alert.ts';
import { standingFinding } from './deliverable.ts';
import type { SinkMetrics } from './metrics.ts';
import type { Post } from './post.ts';
import type { SinkSecret } from './signature.ts';

export interface AlertmanagerOptions {
  readonly ours: Pick<OurObjects, 'findings'>;
  readonly url: URL;
  readonly secret: () => SinkSecret;
  readonly cluster: string;
  readonly post: Post;
  readonly metrics: SinkMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** As often as Prometheus repeats its alerts. */
const repeatMs = 60_000;
/** Changes that come together are one round. */
const gatherMs = 2000;
/** Half a megabyte each. */
const alertsAtOnce = 500;
const backoff = { firstMs: 1000, capMs: 60_000, resetAfterMs: 300_000 };
const sink = 'alertmanager';

export const runAlertmanager = async (options: AlertmanagerOptions, signal: AbortSignal): Promise<void> => {
  const { ours, clock, log, metrics } = options;
  const retries = new Backoff(backoff, clock, options.random);
  let pending = 0;
  let change = Promise.withResolvers<void>();
  const end = ours.findings.subscribe(() => change.resolve());
  const stopped = (): void => change.resolve();
  signal.addEventListener('abort', stopped, { once: true });
  metrics.setPending(sink, () => pending);
  try {
    while (!signal.aborted) {
      change = Promise.withResolvers();
      const alerts = alertsOf(options);
      try {
        await tell(options, alerts, signal);
        pending = 0;
        await sleep(clock, gatherMs, signal);
        await untilChanged(clock, change.promise, signal);
      } catch (error) {
        if (signal.aborted) return;
        pending = alerts.length;
        const retryInMs = Math.max(gatherMs, retries.next());
        log.warn({ error, alerts: alerts.length, retryInMs }, 'cannot tell the Alertmanager; will try again');
        await sleep(clock, retryInMs, signal);
      }
    }
  } finally {
    end();
    signal.removeEventListener('abort', stopped);
    metrics.setPending(sink, () => 0);
  }
};

const untilChanged = async (clock: Clock, changed: Promise<void>, signal: AbortSignal): Promise<void> => {
  const enough = new AbortController();
  const until = AbortSignal.any([signal, enough.signal]);
  await Promise.race([changed, sleep(clock, repeatMs - gatherMs, until)]);
  enough.abort();
};

const alertsOf = ({ ours, cluster, clock }: AlertmanagerOptions): readonly Alert[] => {
  const now = clock.now();
  const alerts: Alert[] = [];
  for (const raw of ours.findings.list()) {
    const finding = standingFinding(raw);
    const alert = finding && alertOf(finding, cluster, now);
    if (alert !== undefined) alerts.push(alert);
  }
  return alerts;
};

const tell = async (options: AlertmanagerOptions, alerts: readonly Alert[], signal: AbortSignal): Promise<void> => {
  const { metrics, secret, url } = options;
  for (let from = 0; from < alerts.length; from += alertsAtOnce) {
    try {
      const { alertmanagerAuthorization: authorization, ca } = secret();
      await options.post({
        url: new URL(`${url.pathname.replace(/\/$/, '')}/api/v2/alerts`, url),
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        body: JSON.stringify(alerts.slice(from, from + alertsAtOnce)),
        ca,
        signal,
      });
    } catch (error) {
      metrics.delivery(sink, 'failed');
      throw error;
    }
    metrics.delivery(sink, 'delivered');
  }
};
