// What only the leader does: it keeps our objects' statuses and slices true, one key at a time, and no key more often than
// once a second.
import { clusterReportName } from '../crds/schema/coverage-report.ts';
import { standingOfAgents } from '../domain/coverage/agent-standing.ts';
import { apiVersionOf, resources } from '../kube/resource.ts';
import type { Writer } from '../kube/apply.ts';
import type { Clock } from '../kube/clock.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../kube/log.ts';
import type { Transport } from '../kube/transport.ts';
import { WorkQueue } from '../kube/workqueue.ts';
import type { AgentConfigMaps } from './agent-config-maps.ts';
import { breaksGlass } from '../domain/coverage/evaluate-pod.ts';
import { breakGlassKey, createBreakGlassReconcile } from './controllers/break-glass/reconcile.ts';
import { createAgentReconcile } from './controllers/agent/reconcile.ts';
import { createNodeMarker } from './controllers/nodes/reconcile.ts';
import { createOpenReportKeeper } from './controllers/openreports/keep.ts';
import { createPolicyReconcile } from './controllers/policy/reconcile.ts';
import { createUnseen, installedAgents } from './controllers/policy/unseen.ts';
import type { LeftOut } from './controllers/report/plan.ts';
import { createReportReconcile, type Reconcile } from './controllers/report/reconcile.ts';
import { createSliceKeeper } from './controllers/slices/reconcile.ts';
import { createPatience } from './claim-to-live.ts';
import type { Definitions } from './definitions.ts';
import type { UnattributedBook } from './findings/unattributed.ts';
import type { CoverageKeeper } from './keeper.ts';
import type { OperatorMetrics } from './observability/metrics.ts';
import { createReportsOverTime } from './reports-over-time.ts';
import { createStatusWriter } from './status.ts';
import type { ScrapeStanding } from './telemetry/standing.ts';
import type { OurObjects } from './watches.ts';

export interface LeadingOptions {
  readonly transport: Transport;
  /** As snapshots name it; empty where nobody gave it a name. */
  readonly cluster: string;
  readonly openReports: boolean;
  readonly keeper: CoverageKeeper;
  readonly ours: OurObjects;
  readonly definitions: Definitions;
  /** Events of nodes that belong to nobody. */
  readonly unattributed: UnattributedBook;
  /** Namespaces that have as many findings as they may, and would have more. */
  readonly leftOut: () => LeftOut;
  /** Whether the report may say that it is of now: the next leader lets clocks of findings run up to then. */
  readonly mayClaimToLive: () => boolean;
  readonly configMaps: AgentConfigMaps;
  /** Whether kubelets are asked for their metrics. */
  readonly asksKubelets: boolean;
  /** How asking the pods of an agent goes. */
  readonly scrapes: (agent: string) => ScrapeStanding;
  /** Kinds of which nothing has been heard for too long. */
  readonly unheard: () => readonly string[];
  readonly writer: Writer;
  readonly events: EventRecorder;
  /** Who Events say they come from. */
  readonly reporting: { readonly reportingController: string; readonly reportingInstance: string };
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly log: Log;
}

/** A second between writes of one status: quick beside the two in which it must follow, slow enough for any etcd. */
const settleMs = 1000;
/** Several at once, since each waits for the network; few, since they share one rate limit. */
const workers = 4;

export const lead = async (options: LeadingOptions, signal: AbortSignal): Promise<void> => {
  const { keeper, ours, writer, events, metrics, clock, log } = options;
  const { model } = keeper;
  const now = (): number => clock.now();
  const queue = new WorkQueue({
    name: 'status',
    clock,
    metrics: metrics.queue,
    onError: (key, error, retryInMs) => log.warn({ key, error, retryInMs }, 'cannot bring up to date; will try again'),
  });
  const ranAt = new Map<string, number>();
  /** Soon, but not sooner than a second after the last time. */
  const enqueue = (key: string): void => {
    const wait = (ranAt.get(key) ?? Number.NEGATIVE_INFINITY) + settleMs - clock.monotonic();
    if (wait <= 0) queue.add(key);
    else queue.addAfter(key, wait);
  };
  const status = createStatusWriter(writer, metrics.wrote);
  const slices = createSliceKeeper({
    model,
    ours,
    stored: ours.slices,
    unattributed: options.unattributed,
    writer,
    now,
    enqueue: (report) => enqueue(`slices/${report}`),
    onWrite: () => metrics.wrote(resources.coverageSlices.kind),
  });
  const nodeMarker = createNodeMarker({
    model,
    writer,
    events,
    log,
    now,
    onWrite: () => metrics.wrote(resources.nodes.kind),
    onTaint: metrics.startupTaint,
  });
  const { unheard } = options;
  const openReports = createOpenReportKeeper({
    ...options,
    model,
    enqueue: () => enqueue('open-reports/'),
    now: () => clock.monotonic(),
    onWrite: metrics.wrote,
  });
  const past = createReportsOverTime({ ...options, model, status, slices, unheard, now, enqueue });
  const standings = oncePerEvaluation(keeper, () => standingOfAgents(model.inventory, model.catalogue()));
  const reconcilers: Readonly<Record<string, Reconcile>> = {
    report: createReportReconcile({
      model,
      ours,
      writer,
      status,
      slices,
      overTime: past.overTime,
      unheard,
      leftOut: options.leftOut,
      mayClaimToLive: createPatience(options),
      now,
      onReport: (name, report, evaluatedAt) => {
        metrics.setEvaluatedAt(name, evaluatedAt);
        if (name === clusterReportName) metrics.setReport(report);
      },
      onTransition: ({ metadata: { name, uid } }, { status: complete, reason, message }) => {
        log.info({ report: name, complete, reason }, message);
        events.record({
          regarding: {
            apiVersion: apiVersionOf(resources.coverageReports),
            kind: resources.coverageReports.kind,
            name,
            uid,
          },
          type: complete === 'False' ? 'Warning' : 'Normal',
          reason,
          action: 'Evaluate',
          note: message,
        });
      },
    }),
    slices: slices.reconcile,
    ...past.reconcilers,
    'open-reports': openReports.reconcile,
    policy: createPolicyReconcile({
      model,
      ours,
      definitions: options.definitions,
      status,
      nodeMarker,
      unseen: createUnseen({
        installed: oncePerEvaluation(keeper, () => ({ agents: installedAgents(model) })),
        findings: () => ours.findings.list(),
        asksKubelets: options.asksKubelets,
      }),
      now,
    }),
    node: nodeMarker.reconcile,
    agent: createAgentReconcile({
      standings,
      ours,
      definitions: options.definitions,
      model,
      scrapes: options.scrapes,
      unreadable: options.configMaps.unreadable,
      status,
      now,
    }),
    'break-glass': createBreakGlassReconcile({
      model,
      writer,
      ...options.reporting,
      now,
      onRecorded: ({ namespace, name, breakGlass }) => {
        metrics.brokeGlass();
        log.info({ namespace, name, ...breakGlass }, 'a pod runs by break-glass');
      },
    }),
  };
  const markNodes = (names: Iterable<string>): void => {
    for (const name of names) if (nodeMarker.concerns(name)) queue.add(`node/${name}`);
  };
  const enqueueAll = (): void => {
    enqueue(`report/${clusterReportName}`);
    for (const { metadata } of ours.reports.list()) enqueue(`report/${metadata.name}`);
    for (const { metadata } of ours.policies.list()) enqueue(`policy/${metadata.name}`);
    for (const { metadata } of ours.agents.list()) enqueue(`agent/${metadata.name}`);
  };
  const unsubscribes = [
    options.unattributed.subscribe((node) => {
      slices.changed([node], []);
      slices.touch(clusterReportName);
    }),
    keeper.subscribe(({ nodes, workloads, pods, breakGlass }) => {
      slices.changed(nodes, workloads);
      if (options.openReports) openReports.changed(nodes, workloads);
      markNodes(nodes);
      for (const pod of breakGlass) queue.add(`break-glass/${breakGlassKey(pod)}`);
      if (nodes.length + workloads.length + pods > 0) enqueueAll();
    }),
    ours.reports.subscribe(({ item: { metadata } }) => {
      enqueue(`report/${metadata.name}`);
      enqueue(`snapshot/${metadata.name}`);
    }),
    ours.policies.subscribe(({ item }) => enqueue(`policy/${item.metadata.name}`)),
    ours.agents.subscribe(({ item }) => enqueue(`agent/${item.metadata.name}`)),
  ];
  metrics.setLeading(true);
  enqueueAll();
  for (const { metadata } of ours.reports.list()) enqueue(`snapshot/${metadata.name}`);
  if (options.openReports) enqueue('open-reports/');
  markNodes(model.inventory.nodes.keys());
  for (const pod of model.inventory.eachPod()) {
    if (breaksGlass(pod)) queue.add(`break-glass/${breakGlassKey(pod.facts)}`);
  }
  try {
    await queue.run({
      workers,
      signal,
      handle: async (key) => {
        const [kind, name] = splitOnce(key);
        // Statuses are written again and again; the keys of pods and nodes would only pile up.
        if (kind !== 'break-glass' && kind !== 'node') ranAt.set(key, clock.monotonic());
        return reconcilers[kind]?.(name);
      },
    });
  } finally {
    for (const unsubscribe of unsubscribes) unsubscribe();
    metrics.setLeading(false);
    metrics.setReport(undefined);
  }
};

const splitOnce = (key: string): readonly [string, string] => {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
};

/** All agents are looked at in one pass, and only when something may have changed. */
const oncePerEvaluation = <T extends object>(keeper: CoverageKeeper, compute: () => T): (() => T) => {
  let known: T | undefined;
  keeper.subscribe(() => {
    known = undefined;
  });
  return () => (known ??= compute());
};
