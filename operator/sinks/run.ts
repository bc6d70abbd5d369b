// Tells the outside, as the flags say: CloudEvents to an HTTP sink, alerts to an Alertmanager. It runs in the leader only.
import { watchSecret } from '../../certificates/secret-watch.ts';
import type { Writer } from '../../kube/apply.ts';
import type { Clock, Random } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { ReflectorMetrics } from '../../kube/reflector.ts';
import type { Transport } from '../../kube/transport.ts';
import type { WorkQueueMetrics } from '../../kube/workqueue.ts';
import type { FlagValues } from '../../process/flags.ts';
import type { OurObjects } from '../watches.ts';
import { runAlertmanager } from './alertmanager.ts';
import { runCloudEventSink } from './cloud-events.ts';
import type { sinkFlags } from './flags.ts';
import type { SinkMetrics } from './metrics.ts';
import { post } from './post.ts';
import { noSecret, readSinkSecret, type SinkSecret } from './signature.ts';

export interface SinksOptions {
  readonly flags: FlagValues<typeof sinkFlags> & { readonly namespace: string; readonly clusterName: string };
  readonly ours: Pick<OurObjects, 'findings' | 'reports'>;
  readonly transport: Transport;
  readonly writer: Pick<Writer, 'mergePatch'>;
  readonly metrics: SinkMetrics;
  readonly queueMetrics: WorkQueueMetrics;
  readonly reflectorMetrics: ReflectorMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export const runSinks = async (options: SinksOptions, signal: AbortSignal): Promise<void> => {
  const { flags, log } = options;
  const { sinkUrl, alertmanagerUrl, sinkSecret } = flags;
  if (sinkUrl !== undefined && sinkSecret === undefined)
    log.warn({ url: sinkUrl.origin }, 'what is posted to the sink is not signed: name a Secret by --sink-secret');
  const { secret, watching } = secretOf(options, signal);
  const common = { ...options, secret, cluster: flags.clusterName, post };
  await Promise.all([
    ...watching,
    ...(sinkUrl === undefined ? [] : [runCloudEventSink({ ...common, url: sinkUrl }, signal)]),
    ...(alertmanagerUrl === undefined ? [] : [runAlertmanager({ ...common, url: alertmanagerUrl }, signal)]),
  ]);
};

interface WatchedSecret {
  readonly secret: () => SinkSecret;
  readonly watching: readonly Promise<void>[];
}

const secretOf = (
  { flags: { sinkSecret: name, namespace }, transport, reflectorMetrics: metrics, clock, random, log }: SinksOptions,
  signal: AbortSignal,
): WatchedSecret => {
  if (name === undefined) return { secret: () => noSecret, watching: [] };
  const watch = watchSecret({ transport, namespace, secret: name, clock, random, log, metrics });
  return {
    secret: () => {
      const state = watch.current();
      if (state === undefined) throw new Error(`Secret ${namespace}/${name} is not there, or may not be read`);
      try {
        return readSinkSecret(state.data);
      } catch (error) {
        throw new Error(`Secret ${namespace}/${name} cannot sign`, { cause: error });
      }
    },
    watching: [watch.reflector.run(signal)],
  };
};
