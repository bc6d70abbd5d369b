// Asking kubelets, where it is asked for.
import type { NodeEntry } from '../../domain/coverage/inventory.ts';
import type { CgroupAnswer } from '../../domain/findings/node-standing.ts';
import type { ClusterAccess } from '../../kube/access.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Transport } from '../../kube/transport.ts';
import type { FlagValues } from '../../process/flags.ts';
import type { operatorFlags } from '../flags.ts';
import type { OurObjects } from '../watches.ts';
import { askKubelet } from './ask.ts';
import { createKubeletCredentials } from './credentials.ts';
import { createKubelets, type KubeletMetrics, type Kubelets } from './keep.ts';
import { withFindingsOf } from './urgent.ts';

export interface WireKubeletsOptions {
  readonly flags: FlagValues<typeof operatorFlags>;
  readonly access: ClusterAccess;
  readonly transport: Transport;
  readonly model: { readonly inventory: { readonly nodes: ReadonlyMap<string, NodeEntry> } };
  readonly ours: Pick<OurObjects, 'findings'>;
  readonly metrics: KubeletMetrics;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly log: Log;
}

export const wireKubelets = (options: WireKubeletsOptions): Kubelets | undefined => {
  const { flags, model, ours, log } = options;
  if (!flags.kubeletMetrics) return undefined;
  if (flags.kubeletInsecureSkipVerify)
    log.warn({}, 'certificates of kubelets are not verified: whoever answers at the address of a node is believed');
  const credentials = createKubeletCredentials({
    ...options,
    namespace: flags.namespace,
    serviceAccount: flags.kubeletServiceAccount,
    caFile: flags.kubeletCaFile,
    insecure: flags.kubeletInsecureSkipVerify,
  });
  return createKubelets({
    ...options,
    nodes: () => model.inventory.nodes.values(),
    urgent: () => withFindingsOf('OutdatedCgroups', ours.findings.list()),
    ask: (kubelet, signal) => askKubelet(kubelet, { ...options, credentials }, signal),
    intervalMs: flags.kubeletMetricsInterval,
  });
};

/** What is known where kubelets are not asked. */
export const unasked = (): CgroupAnswer => nothing;

const nothing: CgroupAnswer = {
  version: undefined,
  why: 'kubelets are not asked: set --kubelet-metrics (the value operator.kubeletMetrics.enabled)',
};
