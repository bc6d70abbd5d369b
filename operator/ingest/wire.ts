// Taking events in, as the flags say.
import { datadogPush } from '../../agents/datadog/push.ts';
import { falcoPush } from '../../agents/falco/push.ts';
import type { ClusterAccess } from '../../kube/access.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import type { FlagValues } from '../../process/flags.ts';
import type { CoverageKeeper } from '../keeper.ts';
import type { OperatorMetrics } from '../observability/metrics.ts';
import type { ingestFlags } from './flags.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { createPushedTelemetry, type PushedTelemetry } from './pushed.ts';
import { restore } from '../telemetry/keep.ts';
import type { OurObjects } from '../watches.ts';

export interface IngestWiring {
  readonly flags: FlagValues<typeof ingestFlags> & { readonly namespace: string; readonly clusterName: string };
  readonly access: ClusterAccess;
  readonly transport: Transport;
  readonly userAgent: string;
  readonly ours: Pick<OurObjects, 'agents' | 'reports'>;
  readonly keeper: Pick<CoverageKeeper, 'model' | 'touch'>;
  readonly metrics: Pick<OperatorMetrics, 'ingest' | 'transport' | 'reflector'>;
  /** Events were turned away; of any node where none is given. */
  readonly onShed: (node: string | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface WiredIngest extends Ingest {
  /** Takes over what an earlier leader knew of agents that push; before this replica writes what it thinks of them. */
  remember(leading: AbortSignal): Promise<void>;
  /** To whom goes what agents post that are asked, too. */
  attach: PushedTelemetry['attach'];
}

/** Two reviews for a token that was never seen: those of 5,000 nodes that start at once are through within two minutes. */
const reviewRate = { qps: 100, burst: 200 };
const mebibyte = 1024 * 1024;

export const wireIngest = (wiring: IngestWiring): WiredIngest => {
  const { flags, access, transport, userAgent, ours, keeper, metrics, clock, log } = wiring;
  const telemetry = createPushedTelemetry({
    adapters: new Map([
      ['datadog', datadogPush],
      ['falco', falcoPush],
    ]),
    model: keeper.model,
    touch: keeper.touch,
    clusterName: flags.clusterName,
    count: metrics.ingest.pushed,
    monotonic: () => clock.monotonic(),
  });
  const ingest = createIngest({
    transport,
    reviewing: createTransport(access, { userAgent, metrics: metrics.transport, ...reviewRate }),
    namespace: flags.namespace,
    address: flags.ingestAddress,
    journalDir: flags.journalDir,
    journalBytes: flags.journalLimit * mebibyte,
    serviceName: flags.ingestServiceName,
    certificateSource: flags.ingestCertificateSource,
    certificateSecret: flags.ingestCertificateSecret,
    sendersSecret: flags.ingestSendersSecret,
    authorityConfigMap: 'workload-protection-ingest-ca',
    telemetry,
    onShed: wiring.onShed,
    clock,
    random: Math.random,
    log,
    metrics: metrics.ingest,
    reflectorMetrics: metrics.reflector,
  });
  metrics.ingest.setJournal(() => ingest.journal()?.usage());
  let remembered: Promise<void> = Promise.resolve();
  return {
    ...ingest,
    // What is kept beside this journal is as old as the last time that this replica led.
    remember: (leading) => {
      remembered = (async () => {
        telemetry.follow(await restore({ transport, ours, clock, log }, leading));
        telemetry.look();
      })();
      return remembered;
    },
    attach: (note) => telemetry.attach(note),
    // Events that come are newer than what was remembered.
    lead: async (findings, leading) => {
      await remembered;
      await ingest.lead(findings, leading);
    },
  };
};
