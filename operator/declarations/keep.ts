// What the cluster's objects declare of agents' policies, for the leader: it watches agents' own kinds where they are installed, the
// ConfigMaps and DaemonSets of agents' namespaces, and catalogues of rules, and has each agent's adapter make something of them.
import { hash } from 'node:crypto';
import { catalogueLabel, type AgentAdapter, type ConfigMapContent, type DeclaringKind } from '../../agents/agent.ts';
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import type { Declarations } from '../../domain/telemetry/types.ts';
import type { AgentDefinition } from '../../domain/types.ts';
import { metadataOf } from '../../facts/metadata.ts';
import { object, text, textMap, type Raw } from '../../facts/read.ts';
import { sleep, type Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { ReflectorMetrics } from '../../kube/reflector.ts';
import { resourceName, resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { createServedKinds } from './served-kinds.ts';
import { createWatchSet, keyOf, type Wanted, type Watched } from './watch-set.ts';

export interface DeclarationsOptions {
  readonly transport: Transport;
  /** The operator's own, in which catalogues of rules are. */
  readonly namespace: string;
  readonly adapters: ReadonlyMap<string, AgentAdapter>;
  readonly model: {
    readonly agents: () => readonly AgentDefinition[];
    readonly catalogue: () => AgentCatalogue;
    readonly setDeclarations: (agent: string, declarations: Declarations) => boolean;
  };
  readonly touch: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ReflectorMetrics;
}

export interface DeclarationsKeeper {
  readonly run: (signal: AbortSignal) => Promise<void>;
  /** Resolves when everything was read once and taken in, and also where that takes too long. */
  readonly settled: Promise<void>;
}

/** A burst of changes, such as a chart's upgrade, is taken in at once. */
const gatherMs = 500;
/** At first somebody waits for it. */
const impatientMs = 50;
/** An agent that was just installed brings its kinds along, and takes about as long to start. */
const lookForKindsMs = 60_000;
const settleWithinMs = 15_000;
/** Agents run in a handful of namespaces. A pattern that matches everywhere must not make a thousand watches. */
const mostNamespaces = 32;

export const createDeclarations = (options: DeclarationsOptions): DeclarationsKeeper => {
  const { adapters, model, touch, clock, log, namespace } = options;
  const settled = Promise.withResolvers<void>();
  const watches = createWatchSet(options);
  const served = createServedKinds(options.transport);
  /** What each agent's declarations were made of. */
  const madeOf = new Map<string, string>();
  const catalogues: Wanted = { resource: resources.configMaps, namespace, labelSelector: catalogueLabel };

  const readable = (): readonly Readable[] =>
    model.agents().flatMap((agent) => {
      const adapter = adapters.get(agent.type);
      return adapter === undefined ? [] : [{ agent, adapter, sources: sourcesOf(agent, adapter) }];
    });

  const sourcesOf = (agent: AgentDefinition, adapter: AgentAdapter): Sources => {
    const installations = model.catalogue().installationsOf(agent);
    const namespaces = [...new Set(installations.map(({ daemonSet }) => daemonSet.namespace))].toSorted();
    const within = adapter.declaringKinds.length > 0 || adapter.readsConfigMaps ? namespaces : [];
    return {
      kinds: new Map(adapter.declaringKinds.filter(served.has).map((kind) => [kind.plural, wantedKind(kind)])),
      configMaps: adapter.readsConfigMaps
        ? within.map((each) => ({ resource: resources.configMaps, namespace: each }))
        : [],
      daemonSets: within.map((each) => ({ resource: resources.daemonSets, namespace: each, omit: ['status'] })),
      installed: new Set(installations.map(({ daemonSet }) => `${daemonSet.namespace}/${daemonSet.name}`)),
    };
  };

  const follow = (signal: AbortSignal): readonly Readable[] => {
    const all = readable();
    const wanted = all.flatMap(({ sources }) => wantedBy(sources));
    const byKey = new Map([catalogues, ...wanted].map((each) => [keyOf(each), each]));
    const namespaced = [...byKey.values()].filter((each) => each.namespace !== undefined);
    const allowed = new Set([...new Set(namespaced.map((each) => each.namespace))].slice(0, mostNamespaces));
    watches.follow(
      [...byKey.values()].filter((each) => each.namespace === undefined || allowed.has(each.namespace)),
      signal,
    );
    return all;
  };

  const kept = (wanted: Wanted): readonly Raw[] => watches.of(wanted)?.objects.list() ?? [];

  const declare = ({ agent, adapter, sources }: Readable): Declarations => {
    try {
      const declared = adapter.declare({
        agent: agent.name,
        objects: new Map([...sources.kinds].map(([plural, wanted]) => [plural, kept(wanted)])),
        configMaps: [catalogues, ...sources.configMaps].flatMap(kept).map(contentOf),
        daemonSets: sources.daemonSets.flatMap(kept).filter((daemonSet) => sources.installed.has(nameOf(daemonSet))),
        digest,
      });
      return {
        ...declared,
        notes: [...declared.notes, ...wantedBy(sources).flatMap((each) => notesOn(each, watches.of(each)))],
      };
    } catch (error) {
      // It promised not to; what somebody writes into an object must not end the operator all the same.
      log.error({ agent: agent.name, error }, 'the objects of an agent could not be understood');
      return {
        ...nothing,
        notes: ['The objects that declare its policies could not be understood: see the log of the operator.'],
      };
    }
  };

  const takeIn = (all: readonly Readable[]): void => {
    for (const each of all) {
      const { agent, sources } = each;
      const look = JSON.stringify([
        agent.type,
        [...sources.installed],
        [catalogues, ...wantedBy(sources)].map((wanted) => {
          const watched = watches.of(wanted);
          return [keyOf(wanted), watched?.objects.version(), watched?.objects.leftOut(), watched?.isUnreadable()];
        }),
      ]);
      if (madeOf.get(agent.name) === look) continue;
      madeOf.set(agent.name, look);
      if (model.setDeclarations(agent.name, declare(each))) touch();
    }
  };

  const forgetOthers = (all: readonly Readable[]): void => {
    const names = new Set(all.map(({ agent }) => agent.name));
    for (const name of madeOf.keys()) {
      if (names.has(name)) continue;
      madeOf.delete(name);
      if (model.setDeclarations(name, nothing)) touch();
    }
  };

  /** A watch that there is no room for counts as read: waiting would not help. */
  const isRead = (wanted: Wanted): boolean => watches.of(wanted)?.isTried() ?? true;

  return {
    settled: settled.promise,
    run: async (signal) => {
      const began = clock.monotonic();
      let isSettled = false;
      let lookedAt = Number.NEGATIVE_INFINITY;
      try {
        while (!signal.aborted) {
          if (clock.monotonic() - lookedAt >= lookForKindsMs) {
            lookedAt = clock.monotonic();
            await served.look(kindsOf(model.agents(), adapters), signal);
          }
          const all = follow(signal);
          // Half of what is declared would make gaps that are none.
          const read = all.filter(({ sources }) => [catalogues, ...wantedBy(sources)].every(isRead));
          takeIn(read);
          forgetOthers(all);
          isSettled ||= read.length === all.length || clock.monotonic() - began > settleWithinMs;
          if (isSettled) settled.resolve();
          await sleep(clock, isSettled ? gatherMs : impatientMs, signal);
        }
      } finally {
        settled.resolve();
        await watches.ended();
      }
    },
  };
};

interface Sources {
  /** By plural. */
  readonly kinds: ReadonlyMap<string, Wanted>;
  readonly configMaps: readonly Wanted[];
  readonly daemonSets: readonly Wanted[];
  /** `NAMESPACE/NAME` of its DaemonSets. */
  readonly installed: ReadonlySet<string>;
}

interface Readable {
  readonly agent: AgentDefinition;
  readonly adapter: AgentAdapter;
  readonly sources: Sources;
}

const nothing: Declarations = { policies: [], contents: [], exclusions: [], notes: [] };

const wantedBy = ({ kinds, configMaps, daemonSets }: Sources): readonly Wanted[] => [
  ...kinds.values(),
  ...configMaps,
  ...daemonSets,
];

const wantedKind = ({ group, version, kind, plural, namespaced }: DeclaringKind): Wanted => ({
  resource: { group, version, kind, plural, namespaced },
});

const kindsOf = (
  agents: readonly AgentDefinition[],
  adapters: ReadonlyMap<string, AgentAdapter>,
): readonly DeclaringKind[] =>
  [...new Set(agents.map(({ type }) => type))].flatMap((type) => adapters.get(type)?.declaringKinds ?? []);

const nameOf = (raw: Raw): string => {
  const metadata = object(raw.metadata);
  return `${text(metadata.namespace)}/${text(metadata.name)}`;
};

const contentOf = (raw: Raw): ConfigMapContent => {
  const { namespace = '', name = '', labels = {} } = metadataOf(raw) ?? {};
  return {
    namespace,
    name,
    labels,
    annotations: textMap(object(raw.metadata).annotations),
    data: textMap(raw.data),
    binaryData: textMap(raw.binaryData),
  };
};

const digest = (content: string): string => `sha256:${hash('sha256', content)}`;

const notesOn = (wanted: Wanted, watched: Watched | undefined): readonly string[] => {
  if (watched === undefined)
    return [`The ${placeOf(wanted)} are not read: agents are recognised in more than ${mostNamespaces} namespaces.`];
  const { objects } = watched;
  const left = objects.leftOut();
  return [
    ...(watched.isUnreadable() ? [unreadable(wanted)] : []),
    ...(left === 0 ? [] : [`${left} ${placeOf(wanted)} were left out: there are more than the operator can hold.`]),
  ];
};

const placeOf = ({ resource, namespace }: Wanted): string =>
  namespace === undefined ? resourceName(resource) : `${resourceName(resource)} of namespace ${namespace}`;

const unreadable = (wanted: Wanted): string =>
  wanted.resource === resources.configMaps
    ? `The ConfigMaps of namespace ${wanted.namespace} cannot be read, so that what they declare is not known: list it in agentNamespaces of the chart's values.`
    : `The ${placeOf(wanted)} cannot be read, so that what they declare is not known: the chart's ClusterRole gives the operator list and watch on them.`;
