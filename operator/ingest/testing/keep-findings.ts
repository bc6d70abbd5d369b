// The findings of one leader, as they are, over a small cluster and an API server that is none.
import { genericEvents } from '../../../agents/generic/event.ts';
import { createCoverageModel, type CoverageModel } from '../../../domain/coverage/model.ts';
import { aNode } from '../../../domain/testing/nodes.ts';
import { aPod } from '../../../domain/testing/pods.ts';
import { sleep, type Random } from '../../../kube/clock.ts';
import { silentLog } from '../../../kube/log.ts';
import type { Transport } from '../../../kube/transport.ts';
import { createDeliveryBook } from '../../findings/deliveries.ts';
import { createEndedPods } from '../../findings/ended-pods.ts';
import { createFindingKeeper, type FindingKeeper } from '../../findings/keep.ts';
import { createRecentPods } from '../../findings/recent-pods.ts';
import { createUnattributedBook } from '../../findings/unattributed.ts';
import { createStatusWriter } from '../../status.ts';
import { createOurObjects } from '../../watches.ts';
import type { FakeFindings } from './fake-findings.ts';
import { containerIdOf, workloads } from './truth.ts';
import type { VirtualProcess } from './virtual-time.ts';

export interface KeepFindingsOptions {
  readonly model: CoverageModel;
  readonly api: FakeFindings;
  readonly process: VirtualProcess;
  readonly random: Random;
  /** Up to when it is certain that nobody else leads. */
  readonly provenUntil: () => number;
  /** How late a watch may be. */
  readonly mostBehindMs: number;
}

/** Has read what stands; to be run. */
export const keepFindings = (options: KeepFindingsOptions, signal: AbortSignal): FindingKeeper => {
  const { model, api, process, random, provenUntil, mostBehindMs } = options;
  const { clock } = process;
  const ours = createOurObjects();
  const writer = api.writerOf(process);
  for (const object of api.all()) ours.findings.upsert(object);
  const unsubscribe = api.subscribe((object) => {
    clock.after(random() * mostBehindMs, () => signal.aborted || ours.findings.upsert(object));
  });
  signal.addEventListener('abort', unsubscribe, { once: true });
  return createFindingKeeper({
    keeper: { model, touch() {}, subscribe: () => () => {}, isEvaluated: () => true, run: async () => {} },
    model,
    ours,
    adapters: new Map([['generic', genericEvents([])]]),
    policies: model.policies,
    pods: createRecentPods(model, () => clock.monotonic()),
    endedPods: createEndedPods(model, () => clock.monotonic()),
    unheard: () => [],
    deliveries: createDeliveryBook(clock),
    unattributed: createUnattributedBook(() => {}),
    cgroups: () => ({ version: undefined, why: 'nobody asks kubelets' }),
    readSoon: () => {},
    isExported: () => false,
    mayGo: () => true,
    transport: podsAsked(options),
    writer,
    tenure: { provenUntil },
    status: createStatusWriter(writer, () => {}),
    events: { record() {} },
    metrics: { event() {}, signal() {}, unattributed() {}, setFindings() {}, setRefused() {} },
    namespace: 'workload-protection',
    teamKeys: [],
    mostPerNamespace: 10,
    retentionMs: 1e12,
    queueMetrics: {},
    clock,
    log: silentLog,
    signal,
  });
};

export const shop = (): CoverageModel => {
  const model = createCoverageModel();
  model.upsertNode(aNode());
  for (const name of workloads) {
    model.upsertOwner({ kind: 'StatefulSet', namespace: 'shop', name, owner: undefined, labels: {} });
    model.upsertPod(aPod({ name: `${name}-0`, owner: { apiVersion: 'apps/v1', kind: 'StatefulSet', name } }));
  }
  model.evaluate(0);
  return model;
};

/** Which containers run where takes a moment to be told. */
const podsAsked = ({ process, random, mostBehindMs }: KeepFindingsOptions): Transport => {
  const items = workloads.map((name) => ({
    metadata: { namespace: 'shop', name: `${name}-0` },
    status: { containerStatuses: [{ name: 'app', containerID: `containerd://${containerIdOf(name)}` }] },
  }));
  const request = async (): Promise<unknown> => {
    await sleep(process.clock, random() * mostBehindMs);
    return { items };
  };
  return { request } as unknown as Transport;
};
