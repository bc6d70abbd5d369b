// What the operator watches, and what each change means: the whole table of sources. Everything here is list and watch only.
import type { CoverageReportStatus } from '../crds/schema/coverage-report.ts';
import type { CoverageModel } from '../domain/coverage/model.ts';
import type { ConfigMapFacts, DaemonSetFacts, ExposureFacts, PodFacts } from '../domain/types.ts';
import { projectHttpRoute, projectIngress, projectService } from '../facts/exposure.ts';
import { projectDaemonSet } from '../facts/daemon-set.ts';
import { metadataOf } from '../facts/metadata.ts';
import { projectNamespace } from '../facts/namespace.ts';
import { projectNode } from '../facts/node.ts';
import { createOwnerProjection } from '../facts/owner.ts';
import { createPodProjection } from '../facts/pod.ts';
import { object, text } from '../facts/read.ts';
import { projectRuntimeClass } from '../facts/runtime-class.ts';
import { runAudit } from '../kube/audit.ts';
import { catchUp, type HeldVersion } from '../kube/catch-up.ts';
import type { Log } from '../kube/log.ts';
import { createReflector, type Reflector, type ReflectorMetrics } from '../kube/reflector.ts';
import { resourceName, resources, type Resource } from '../kube/resource.ts';
import type { Sink } from '../kube/sink.ts';
import { Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { projectSlice, type StoredSlice } from './controllers/slices/plan.ts';
import { createPodSink } from './pod-sink.ts';

/** An object of ours, as it came: read where it is used. */
export interface RawObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly deletionTimestamp?: string;
  };
}

export interface Watch {
  readonly name: string;
  readonly reflector: Reflector;
  /** Reads the names again now and then, to learn whether anything was missed; undefined where nothing could be said of that. */
  readonly audit: ((signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * Of our own objects, from which a leader goes on: settles when what is held is at least as new as what stands in the cluster at the
   * time of the call, or when the signal aborts.
   */
  readonly catchUp: ((signal: AbortSignal) => Promise<void>) | undefined;
}

export interface OurObjects {
  readonly agents: Store<RawObject>;
  readonly policies: Store<RawObject>;
  readonly reports: Store<RawObject>;
  readonly slices: Store<StoredSlice>;
  readonly findings: Store<RawObject>;
}

export interface WatchesOptions {
  readonly transport: Transport;
  readonly model: CoverageModel;
  /** Something went into the model. */
  readonly touch: () => void;
  /** A pod is about to be forgotten. `last`: what the API server said of it last, where it did. */
  readonly leaving: (namespace: string, name: string, last?: unknown) => void;
  /** A pod has ended well, and is about to be forgotten. */
  readonly succeeded: (namespace: string, name: string, createdAt: number) => void;
  readonly log: Log;
  readonly metrics: ReflectorMetrics;
  /** Told of objects that a watch should have brought and did not; it is read again then. */
  readonly onMissed: (watch: string, objects: number) => void;
}

export const createOurObjects = (): OurObjects => {
  const store = (): Store<RawObject> =>
    new Store({ keyOf: ({ metadata: { namespace = '', name } }) => ({ namespace, name }) });
  return {
    agents: store(),
    policies: store(),
    reports: store(),
    slices: new Store({ keyOf: ({ name }) => ({ namespace: '', name }) }),
    findings: store(),
  };
};

export const createWatches = (options: WatchesOptions, ours: OurObjects): readonly Watch[] => {
  const { model, touch } = options;
  const watch = <T>(
    resource: Resource,
    project: (raw: unknown) => T | undefined,
    sink: Sink<T>,
    how: HowToWatch = {},
  ): Watch => createWatch(options, resource, project, sink, how);
  const into = <T extends object>(
    keyOf: (item: T) => { readonly namespace: string; readonly name: string },
    upsert: (item: T) => void,
    remove: (namespace: string, name: string) => void,
  ): Store<T> => intoModel(keyOf, upsert, remove, touch);
  const owners = (resource: Resource): Watch =>
    watch(
      resource,
      createOwnerProjection(resource.kind),
      into(namespacedKey, model.upsertOwner, (namespace, name) => model.removeOwner(resource.kind, namespace, name)),
      { metadataOnly: true },
    );
  const exposure = (
    resource: Resource,
    kind: ExposureFacts['kind'],
    project: (raw: unknown) => ExposureFacts | undefined,
    optional = false,
  ): Watch =>
    watch(
      resource,
      project,
      into(namespacedKey, model.upsertExposure, (namespace, name) => model.removeExposure(kind, namespace, name)),
      { optional },
    );
  return [
    // A node's labels, taints and readiness decide which agents can be on it, and which policies select what runs there.
    watch(
      resources.nodes,
      projectNode,
      into(clusterKey, model.upsertNode, (_, name) => model.removeNode(name)),
    ),
    // Agents' pods are evidence; all others are what is protected.
    watch(resources.pods, tellingEnds(options.succeeded), createPodSink(model, touch, options.leaving)),
    // Policies select by the labels of namespaces.
    watch(
      resources.namespaces,
      projectNamespace,
      into(clusterKey, model.upsertNamespace, (_, name) => model.removeNamespace(name)),
    ),
    // An agent is installed by a DaemonSet, whose template says why it is not on a node.
    watch(
      resources.daemonSets,
      projectDaemonSet,
      into<DaemonSetFacts>(
        namespacedKey,
        (daemonSet) => {
          model.upsertDaemonSet(daemonSet);
          const { namespace, name, owner, labels } = daemonSet;
          model.upsertOwner({ kind: resources.daemonSets.kind, namespace, name, owner, labels });
        },
        (namespace, name) => {
          model.removeDaemonSet(namespace, name);
          model.removeOwner(resources.daemonSets.kind, namespace, name);
        },
      ),
    ),
    // The links of owner chains, and the workloads at their ends, also those of which nothing runs.
    owners(resources.replicaSets),
    owners(resources.deployments),
    owners(resources.statefulSets),
    owners(resources.jobs),
    owners(resources.cronJobs),
    owners(resources.replicationControllers),
    // A handler may put pods into a sandbox that no agent can see into.
    watch(
      resources.runtimeClasses,
      projectRuntimeClass,
      into(clusterKey, model.upsertRuntimeClass, (_, name) => model.removeRuntimeClass(name)),
    ),
    // What faces outwards comes first among gaps.
    exposure(resources.services, 'Service', projectService),
    exposure(resources.ingresses, 'Ingress', projectIngress),
    exposure(resources.httpRoutes, 'HTTPRoute', projectHttpRoute, true),
    watch(resources.protectionAgents, asRaw, ours.agents, { held: versionsIn(ours.agents) }),
    watch(resources.workloadPolicies, asRaw, ours.policies, { held: versionsIn(ours.policies) }),
    watch(resources.coverageReports, asReport, ours.reports, { held: versionsIn(ours.reports) }),
    // People work on their cases, and a new leader goes on from what the last one has written.
    watch(resources.findings, asRaw, ours.findings, { held: versionsIn(ours.findings) }),
    // Our own, so that what is there already is not written again, and what others change is.
    // Those of snapshots are many times as many, and nobody changes them.
    watch(resources.coverageSlices, projectSlice, ours.slices, {
      fieldSelector: 'spec.frozen=false',
      held: function* held() {
        for (const { name, resourceVersion } of ours.slices.list()) yield { namespace: '', name, resourceVersion };
      },
    }),
  ];
};

/** Where agents keep their settings: only the ConfigMaps that are wanted, of one namespace. */
export const createConfigMapWatch = (
  options: WatchesOptions,
  namespace: string,
  project: (raw: unknown) => ConfigMapFacts | undefined,
): Watch => {
  const { model, touch } = options;
  const sink = intoModel(namespacedKey, model.upsertConfigMap, model.removeConfigMap, touch);
  return createWatch(options, resources.configMaps, project, sink, { namespace });
};

interface HowToWatch {
  readonly fieldSelector?: string;
  readonly namespace?: string;
  readonly metadataOnly?: boolean;
  readonly optional?: boolean;
  /** Of what a leader goes on from. */
  readonly held?: () => Iterable<HeldVersion>;
}

const createWatch = <T>(
  { transport, log, metrics, onMissed }: WatchesOptions,
  resource: Resource,
  project: (raw: unknown) => T | undefined,
  sink: Sink<T>,
  { held, ...how }: HowToWatch,
): Watch => {
  const name = how.namespace === undefined ? resourceName(resource) : `${resourceName(resource)} in ${how.namespace}`;
  const reflector = createReflector<T>({ transport, resource, project, sink, log, metrics, ...how });
  const has = sink.has?.bind(sink);
  const reading = {
    transport,
    resource,
    log,
    onMissed: (missed: number): void => {
      onMissed(name, missed);
      void reflector.relist();
    },
  };
  return {
    name,
    reflector,
    // Of a kind that may be absent there may be nothing to read. A part of the operator that ended at once would end it whole.
    audit:
      has === undefined || how.optional === true
        ? undefined
        : (signal) => runAudit({ ...reading, sink: { has } }, signal),
    catchUp: held && ((signal) => catchUp({ transport, resource, reflector, held, log, ...how }, signal)),
  };
};

const versionsIn = (store: Store<RawObject>) =>
  function* held(): Iterable<HeldVersion> {
    for (const { metadata } of store.list()) {
      const { namespace = '', name, resourceVersion = '' } = metadata;
      yield { namespace, name, resourceVersion };
    }
  };

const intoModel = <T extends object>(
  keyOf: (item: T) => { readonly namespace: string; readonly name: string },
  upsert: (item: T) => void,
  remove: (namespace: string, name: string) => void,
  touch: () => void,
): Store<T> => {
  const store = new Store<T>({ keyOf });
  store.subscribe(({ type, item }) => {
    const { namespace, name } = keyOf(item);
    if (type === 'deleted') remove(namespace, name);
    else upsert(item);
    touch();
  });
  return store;
};

const clusterKey = ({ name }: { readonly name: string }): { readonly namespace: string; readonly name: string } => ({
  namespace: '',
  name,
});

const namespacedKey = (item: { readonly namespace: string; readonly name: string }): typeof item => item;

/** Pods as the model holds them; that one has ended well is told while the model still holds it. */
const tellingEnds = (succeeded: WatchesOptions['succeeded']): ((raw: unknown) => PodFacts | undefined) => {
  const project = createPodProjection();
  return (raw) => {
    const pod = project(raw);
    if (pod !== undefined || text(object(object(raw).status).phase) !== 'Succeeded') return pod;
    const metadata = metadataOf(raw);
    if (metadata !== undefined) succeeded(metadata.namespace, metadata.name, metadata.createdAt);
    return undefined;
  };
};

/** Of a snapshot only what others ask of it: whole ones, of a year of weeks, would be the larger part of our memory. */
const asReport = (raw: unknown): RawObject => {
  const object = asRaw(raw) as RawObject & { status?: CoverageReportStatus };
  if (object.status?.snapshot === undefined) return object;
  const { conditions, snapshot, counts } = object.status;
  object.status = { conditions, snapshot, counts };
  return object;
};

const asRaw = (raw: unknown): RawObject => {
  const object = raw as RawObject & { metadata: { managedFields?: unknown } };
  // Never read by us, and often the larger part.
  delete object.metadata.managedFields;
  return object;
};
