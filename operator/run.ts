// Wires the operator: watches fill the model, the keeper evaluates it, and whoever leads writes what came of it.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { adapters } from '../agents/adapters.ts';
import { eventAdapters } from '../agents/events.ts';
import { createCoverageModel } from '../domain/coverage/model.ts';
import { createWriter } from '../kube/apply.ts';
import { systemClock } from '../kube/clock.ts';
import { loadCluster } from '../kube/config.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createLeaderElection } from '../kube/lease.ts';
import type { Log } from '../kube/log.ts';
import { resourceName, resources } from '../kube/resource.ts';
import { createTransport } from '../kube/transport.ts';
import type { FlagValues } from '../process/flags.ts';
import { createHealthServer } from '../process/http-health.ts';
import { tlsHandshake } from '../process/tls-handshake.ts';
import { createAgentConfigMaps } from './agent-config-maps.ts';
import { keepAdmissionPolicies } from './controllers/admission-policy/keep.ts';
import { keepFailClosed } from './controllers/fail-closed/keep.ts';
import { applyDefinitions } from './definitions.ts';
import { createEvidence } from './evidence.ts';
import { createDeliveryBook } from './findings/deliveries.ts';
import { createFindingKeeper } from './findings/keep.ts';
import { createEndedPods } from './findings/ended-pods.ts';
import { isAllTold, mayGo } from './findings/exported.ts';
import { createRecentPods } from './findings/recent-pods.ts';
import { createUnattributedBook } from './findings/unattributed.ts';
import type { operatorFlags } from './flags.ts';
import { staleness, unheard } from './freshness.ts';
import { wireIngest } from './ingest/wire.ts';
import { createCoverageKeeper } from './keeper.ts';
import { unasked, wireKubelets } from './kubelet/wire.ts';
import { lead } from './leading.ts';
import { createOperatorMetrics } from './observability/metrics.ts';
import { runSinks } from './sinks/run.ts';
import { createStatusWriter } from './status.ts';
import { createOurObjects, createWatches, type Watch } from './watches.ts';

/** The Lease that decides which replica writes. */
const leaseName = 'workload-protection-operator';
const userAgent = 'workload-protection-operator';

export const runOperator = async (
  flags: FlagValues<typeof operatorFlags>,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const clock = systemClock;
  const { namespace } = flags;
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  let watches: readonly Watch[] = [];
  const metrics = createOperatorMetrics(() => watches);
  const access = await loadCluster({ kubeconfig: flags.kubeconfig });
  log.info({ server: access.server, source: access.source }, 'reaching the cluster');
  const transport = createTransport(access, { userAgent, metrics: metrics.transport });
  const writer = createWriter(transport, () => !flags.leaderElect || election.isLeader());
  const suffix = randomUUID().slice(0, 8);
  // Standbys read in the Lease where to hand over what they have taken in.
  const identity = `${flags.ingestPeerAddress ?? hostname()}_${suffix}`;
  const reporting = {
    reportingController: 'workloadprotection.dev/operator',
    reportingInstance: `${hostname()}_${suffix}`,
  };
  const events = createEventRecorder({ transport, ...reporting, log });

  const model = createCoverageModel();
  const keeper = createCoverageKeeper({
    model,
    clock,
    onEvaluated: ({ nodes, workloads, pods }, seconds) => {
      metrics.evaluated(seconds);
      log.debug({ nodes: nodes.length, workloads: workloads.length, pods, seconds }, 'evaluated');
    },
  });
  const ours = createOurObjects();
  const deliveries = createDeliveryBook(clock);
  const onShed = deliveries.noteShed;
  const ingest = wireIngest({ flags, access, transport, userAgent, ours, keeper, metrics, onShed, clock, log });
  const definitions = applyDefinitions(ours, model, keeper.touch);
  const pods = createRecentPods(model, () => clock.monotonic());
  const endedPods = createEndedPods(model, () => clock.monotonic());
  const sources = {
    transport,
    model,
    touch: keeper.touch,
    leaving: pods.leaving,
    succeeded: endedPods.succeeded,
    log,
    metrics: metrics.reflector,
    onMissed: metrics.missed,
  };
  watches = createWatches(sources, ours);
  const election = createLeaderElection({
    transport,
    namespace,
    name: leaseName,
    identity,
    clock,
    log,
    onNewLeader: (leader) => {
      log.info({ leader, isUs: leader === identity }, 'the Lease has a new holder');
      ingest.setLeader(leader, leader === identity);
    },
    onStartedLeading: (leading) => work(leading),
  });
  const health = createHealthServer({
    address: flags.metricsAddress,
    metrics: metrics.registry,
    live: {},
    ready: {
      watches: () => staleness(watches, clock),
      evaluation: () => (keeper.isEvaluated() ? undefined : 'nothing has been evaluated yet'),
      ingest: () => ingest.trouble(),
    },
    onListening: (url) => log.info({ url }, 'serving /metrics, /healthz and /readyz'),
  });

  const failures: unknown[] = [];
  const ended = (error: unknown): void => {
    failures.push(error);
    stop.abort();
  };
  const configMaps = createAgentConfigMaps(sources, until, ended);
  keeper.subscribe(configMaps.follow);
  const work = async (leading: AbortSignal): Promise<void> => {
    // From now on it answers for what is written, though at first it only gathers.
    metrics.setLeading(true);
    // It goes on from the last leader's last word, also where a watch has brought an older one and then nothing more.
    await Promise.all(watches.flatMap(({ catchUp }) => (catchUp === undefined ? [] : [catchUp(leading)])));
    if (leading.aborted) return;
    const remembered = ingest.remember(leading);
    deliveries.begin();
    const evidence = createEvidence({
      heard: deliveries.noteReading,
      keeper,
      ours,
      adapters,
      transport,
      namespace,
      remembered,
      metrics,
      clock,
      log,
      userAgent,
    });
    const { scrapes } = evidence;
    ingest.attach(evidence.note);
    const gathering = evidence.run(leading);
    const kubelets = wireKubelets({
      flags,
      access,
      transport,
      model,
      ours,
      metrics: metrics.kubelets,
      userAgent,
      clock,
      log,
    });
    const unattributed = createUnattributedBook(metrics.findings.unattributed);
    const findings = createFindingKeeper({
      keeper,
      model,
      ours,
      adapters: eventAdapters,
      policies: model.policies,
      pods,
      endedPods,
      unheard: () => unheard(watches, clock),
      deliveries,
      unattributed,
      cgroups: kubelets?.cgroups ?? unasked,
      readSoon: evidence.readSoon,
      isExported: (finding) => isAllTold(finding, flags.clusterName),
      mayGo: (finding) => mayGo(finding, flags.clusterName, flags.sinkUrl !== undefined),
      transport,
      writer,
      tenure: { provenUntil: () => (flags.leaderElect ? election.provenUntil() : Number.POSITIVE_INFINITY) },
      status: createStatusWriter(writer, metrics.wrote),
      events,
      metrics: metrics.findings,
      namespace,
      teamKeys: flags.teamKeys
        .split(',')
        .map((key) => key.trim())
        .filter((key) => key !== ''),
      mostPerNamespace: flags.findingsPerNamespace,
      retentionMs: flags.findingRetention,
      queueMetrics: metrics.queue,
      clock,
      log,
      signal: leading,
    });
    const beside = [
      ingest.lead(findings, leading),
      findings.run(leading),
      ...(kubelets === undefined ? [] : [kubelets.run(leading)]),
      ...(flags.failClosed ? [failClosed(leading)] : []),
      ...(flags.admissionPolicies ? [admissionPolicies(leading)] : []),
      ...((flags.sinkUrl ?? flags.alertmanagerUrl) === undefined ? [] : [sinks(leading)]),
    ];
    await Promise.race([evidence.judged, gathering, ...beside]);
    const leadCoverage = lead(
      {
        transport,
        cluster: flags.clusterName,
        openReports: flags.openReports,
        keeper,
        ours,
        definitions,
        unattributed,
        leftOut: () => ({ full: findings.full(), refused: findings.refused() }),
        mayClaimToLive: findings.mayClaimToLive,
        configMaps,
        asksKubelets: flags.kubeletMetrics,
        scrapes,
        unheard: () => unheard(watches, clock),
        writer,
        events,
        reporting,
        metrics,
        clock,
        log,
      },
      leading,
    );
    await Promise.all([leadCoverage, gathering, ...beside]);
  };
  const admissionPolicies = (leading: AbortSignal): Promise<void> =>
    keepAdmissionPolicies(
      {
        transport,
        writer,
        events,
        model,
        policies: ours.policies,
        clock,
        log,
        metrics: metrics.reflector,
      },
      leading,
    );
  const sinks = (leading: AbortSignal): Promise<void> =>
    runSinks(
      {
        flags,
        ours,
        transport,
        writer,
        metrics: metrics.sinks,
        queueMetrics: metrics.queue,
        reflectorMetrics: metrics.reflector,
        clock,
        random: Math.random,
        log,
      },
      leading,
    );
  const failClosed = (leading: AbortSignal): Promise<void> =>
    keepFailClosed(
      {
        transport,
        writer,
        events,
        fallbackAfterMs: flags.failClosedFallback,
        probe: ({ host, port, authorities }) => tlsHandshake({ host, port, name: host, authorities }),
        onPolicy: (policy) => metrics.setFailClosed(policy && policy === 'Fail'),
        clock,
        log,
        metrics: metrics.reflector,
      },
      leading,
    );

  const coverage = async (): Promise<void> => {
    await Promise.all(watches.map(({ reflector }) => reflector.synced));
    if (until.aborted) return;
    log.info({ objects: held(watches) }, 'everything has been read');
    const evaluating = keeper.run(until);
    await (flags.leaderElect ? election.run(until) : work(until));
    await evaluating;
  };
  const parts = [
    health.run(until),
    events.run(until),
    ingest.run(until),
    ...watches.map(({ reflector }) => reflector.run(until)),
    ...audited(watches).flatMap(({ audit }) => (audit === undefined ? [] : [audit(until)])),
    coverage(),
  ];
  // Whatever ends first ends all: half an operator would look like a whole one.
  for (const part of parts) part.then(() => stop.abort(), ended);
  await Promise.allSettled(parts);
  await transport.close();
  // Watches that a stop cuts short before they were synced have nothing to tell.
  if (!signal.aborted && failures.length > 0) throw failures[0];
};

/** Kinds of which every object is kept, so that one that is not held was missed; of pods, those that have ended are not. */
const audited = (watches: readonly Watch[]): readonly Watch[] => watches.filter(({ name }) => !partlyKept.has(name));
const partlyKept: ReadonlySet<string> = new Set([resources.pods, resources.coverageSlices].map(resourceName));

const held = (watches: readonly Watch[]): Readonly<Record<string, number>> =>
  Object.fromEntries(watches.map(({ name, reflector }) => [name, reflector.state().objects ?? 0]));
