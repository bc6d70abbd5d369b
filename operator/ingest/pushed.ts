// Makes telemetry of what agents post: each event goes to the agent that speaks, on the node that it comes from, and what is then known
// of that agent goes into the model. What cannot be told to come from a node is counted, and laid on none.
import { hash } from 'node:crypto';
import type { Memory } from '../../agents/agent.ts';
import type { PushAdapter, PushState } from '../../agents/push.ts';
import type { AgentCatalogue } from '../../domain/coverage/agents.ts';
import type { Inventory } from '../../domain/coverage/inventory.ts';
import type { InstanceTelemetry, LoadedPolicy, Reading } from '../../domain/telemetry/types.ts';
import type { AgentDefinition } from '../../domain/types.ts';
import { list, object, text } from '../../facts/read.ts';
import { createWeakPool } from '../../facts/weak-pool.ts';
import type { Restored } from '../telemetry/restore.ts';
import { targetsOf, type Target } from '../telemetry/targets.ts';
import type { Entry } from './entry.ts';
import type { Item } from './items.ts';
import type { Source } from './source.ts';

/**
 * Unattributed: nobody knows which node it is of. Unneeded: its agent is asked, and tells the same then. Unexpected: no agent of the type is set
 * to push or asked.
 */
export type PushedOutcome = 'absorbed' | 'unattributed' | 'unneeded' | 'unexpected';

export interface PushedOptions {
  readonly adapters: ReadonlyMap<Source, PushAdapter>;
  readonly model: {
    readonly inventory: Pick<Inventory, 'nodes' | 'pod'>;
    readonly agents: () => readonly AgentDefinition[];
    readonly catalogue: () => AgentCatalogue;
    readonly setTelemetry: (node: string, agent: string, telemetry: InstanceTelemetry | undefined) => boolean;
  };
  readonly touch: () => void;
  /** Empty: not named. Datadog's agent puts it behind the node's name. */
  readonly clusterName: string;
  readonly count: (agent: string, outcome: PushedOutcome) => void;
  readonly monotonic: () => number;
}

/** Looking at the whole fleet for each event of an agent that nobody expects would cost more than it brings. */
const lookAgainMs = 1000;

export interface PushedTelemetry {
  /** To whom goes what agents post that are asked, too; who answers false does not ask the agent yet, and is told again. */
  attach(note: (node: string, agent: string, memory: Memory) => boolean): void;
  /** What an earlier leader knew, for agents of which this replica knows less. */
  follow(previous: Restored | undefined): void;
  take(entry: Entry): void;
  /** From whom something may come, as the fleet is now. */
  look(): void;
  /** All that is known, as plain data. */
  save(): unknown;
  /** In place of what is known. What cannot be read is as if it had not been there. */
  restore(saved: unknown): void;
}

interface Instance {
  readonly node: string;
  readonly agent: string;
  readonly type: string;
  /** When its pod was made. */
  since: number;
  state: PushState | undefined;
}

interface Note {
  readonly node: string;
  readonly agent: string;
  readonly memory: Memory;
  isDelivered: boolean;
}

export const createPushedTelemetry = (options: PushedOptions): PushedTelemetry => {
  const { adapters, model, touch, clusterName, count, monotonic } = options;
  let lookedAt = Number.NEGATIVE_INFINITY;
  const byType = new Map([...adapters.values()].map((adapter) => [adapter.type, adapter]));
  /** By node and agent. */
  let instances = new Map<string, Instance>();
  const share = createSharing();
  let previous: Restored | undefined;
  /** By node and agent, of those that are asked. */
  let notes = new Map<string, Note>();
  let deliver: (node: string, agent: string, memory: Memory) => boolean = () => false;

  const tell = (instance: Instance): void => {
    const { node, agent, state, since } = instance;
    const reading = state && byType.get(instance.type)?.readingOf(state, since);
    const failure = reading === undefined ? 'it has posted nothing so far' : undefined;
    if (model.setTelemetry(node, agent, { reading, askedSince: since, failure })) touch();
  };

  /** As `tell`, where nothing has come yet: this replica may have led long ago, or never. */
  const tellFirst = (instance: Instance): void => {
    const { node, agent, since } = instance;
    const adapter = byType.get(instance.type);
    const target = asTarget(instance, model.agents());
    const before = target && previous?.(target)?.reading;
    if (before === undefined || adapter === undefined) return tell(instance);
    const own = instance.state && adapter.readingOf(instance.state, since);
    // Of the same policies more is known here than was written down.
    const knowsMore = own !== undefined && namesOf(own) === namesOf(before);
    if (!knowsMore) instance.state = adapter.seed && share(adapter.seed(before));
    const reading = knowsMore ? { ...own, at: Math.max(own.at, before.at) } : before;
    if (model.setTelemetry(node, agent, { reading, askedSince: since, failure: undefined })) touch();
  };

  const nodeOf = (entry: Entry, adapter: PushAdapter, item: Item): string | undefined => {
    // Who is limited to a node speaks of that one.
    if (entry.node !== undefined) return entry.node;
    const { nodes, hostnames, pod } = adapter.originOf(item);
    const ofPod = pod && model.inventory.pod(pod.namespace, pod.name)?.facts.node;
    const ending = `-${clusterName}`;
    const candidates = [
      ...(ofPod === undefined ? [] : [ofPod]),
      ...nodes,
      ...hostnames,
      ...(clusterName === ''
        ? []
        : hostnames.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length))),
    ];
    return candidates.find((name) => model.inventory.nodes.get(name)?.facts !== undefined);
  };

  const takeItem = (entry: Entry, adapter: PushAdapter, item: Item): PushedOutcome => {
    const node = nodeOf(entry, adapter, item);
    if (node === undefined) return 'unattributed';
    const instance = [...agentsOf(adapter.type)].flatMap((agent) => instances.get(keyOf(node, agent.name)) ?? [])[0];
    if (instance === undefined) return takeNote(entry, adapter, item, node);
    const state = adapter.absorb(instance.state, item, entry.at);
    if (state !== undefined) {
      instance.state = share(state);
      tell(instance);
    }
    return 'absorbed';
  };

  const takeNote = (entry: Entry, adapter: PushAdapter, item: Item, node: string): PushedOutcome => {
    const asked = model.agents().filter(({ type, telemetry }) => type === adapter.type && telemetry.mode === 'Scrape');
    if (asked.length === 0) return 'unexpected';
    const memory = adapter.noteOf?.(item, entry.at);
    if (memory === undefined) return 'unneeded';
    for (const { name } of asked)
      notes.set(keyOf(node, name), { node, agent: name, memory, isDelivered: deliver(node, name, memory) });
    return 'absorbed';
  };

  const agentsOf = (type: string): readonly AgentDefinition[] =>
    model.agents().filter((agent) => agent.type === type && agent.telemetry.mode === 'Push');

  /** Who is asked is known a moment after who is there. */
  const deliverNotes = (): void => {
    for (const [key, note] of notes) {
      if (model.inventory.nodes.get(note.node)?.facts === undefined) notes.delete(key);
      else if (!note.isDelivered) note.isDelivered = deliver(note.node, note.agent, note.memory);
    }
  };

  const look = (): void => {
    lookedAt = monotonic();
    const pushing = [...byType.keys()].flatMap(agentsOf);
    const next = new Map<string, Instance>();
    for (const { node, settings, createdAt } of targetsOf(
      model.inventory,
      model.catalogue(),
      pushing.map(asSettings),
    )) {
      const key = keyOf(node, settings.agent);
      const known = instances.get(key);
      const instance = known ?? {
        node,
        agent: settings.agent,
        type: settings.type,
        since: createdAt,
        state: undefined,
      };
      const isNew = known === undefined || known.since !== createdAt;
      instance.since = createdAt;
      next.set(key, instance);
      if (isNew) tellFirst(instance);
    }
    for (const [key, { node, agent }] of instances) {
      if (!next.has(key) && model.setTelemetry(node, agent, undefined)) touch();
    }
    instances = next;
    deliverNotes();
  };

  return {
    attach: (note) => {
      deliver = note;
      for (const known of notes.values()) known.isDelivered = false;
    },
    follow: (restored) => {
      previous = restored;
    },
    take(entry) {
      const adapter = adapters.get(entry.source);
      if (adapter === undefined) return;
      for (const item of entry.items) {
        if (!adapter.speaksOfAgent(item)) continue;
        let outcome = takeItem(entry, adapter, item);
        if (outcome === 'unexpected' && monotonic() - lookedAt >= lookAgainMs) {
          // An agent's first words may come before anybody has looked at its pod.
          look();
          outcome = takeItem(entry, adapter, item);
        }
        count(adapter.type, outcome);
      }
    },
    look,
    save: () => saved([...instances.values()], [...notes.values()]),
    restore(from) {
      notes = new Map(restoredNotes(from).map((note) => [keyOf(note.node, note.agent), note]));
      instances = new Map(
        restored(from).map((instance) => [
          keyOf(instance.node, instance.agent),
          { ...instance, state: instance.state && share(instance.state) },
        ]),
      );
      for (const instance of instances.values()) tellFirst(instance);
    },
  };
};

/** What tells two sets of policies apart. */
const namesOf = ({ policies = [] }: Reading): string =>
  policies
    .map(({ name, version = '', status }) => `${name} ${version} ${status}`)
    .sort()
    .join('\n');

const asTarget = ({ node, agent, since }: Instance, agents: readonly AgentDefinition[]): Target | undefined => {
  const definition = agents.find(({ name }) => name === agent);
  return (
    definition && {
      node,
      settings: asSettings(definition),
      namespace: '',
      pod: '',
      createdAt: since,
      address: undefined,
      trusted: true,
    }
  );
};

const keyOf = (node: string, agent: string): string => `${node}\n${agent}`;

const asSettings = ({ name, type, telemetry }: AgentDefinition) => ({
  agent: name,
  type,
  port: 0,
  path: '',
  intervalMs: telemetry.interval,
  staleAfterMs: telemetry.staleAfter,
  tls: undefined,
  token: undefined,
  custom: undefined,
});

/** Thousands of nodes have the same rules: they are held once. */
const createSharing = (): ((state: PushState) => PushState) => {
  const pool = createWeakPool<readonly LoadedPolicy[]>();
  const seen = new WeakSet<readonly LoadedPolicy[]>();
  return (state) => {
    const { ruleset } = state;
    // Most events leave the rules as they are.
    if (ruleset === undefined || seen.has(ruleset)) return state;
    const shared = pool.get(hash('sha256', JSON.stringify(ruleset), 'base64'), () => ruleset);
    seen.add(shared);
    return { ...state, ruleset: shared };
  };
};

/** Each set of rules once, and what is known by number of its set. */
const saved = (instances: readonly Instance[], notes: readonly Note[]): unknown => {
  const numbers = new Map<readonly LoadedPolicy[], number>();
  const numberOf = (ruleset: readonly LoadedPolicy[] | undefined): number => {
    if (ruleset === undefined) return -1;
    const known = numbers.get(ruleset) ?? numbers.size;
    numbers.set(ruleset, known);
    return known;
  };
  const known = instances.flatMap(({ node, agent, type, since, state }) =>
    state === undefined ? [] : [{ node, agent, type, since, ruleset: numberOf(state.ruleset), facts: state.facts }],
  );
  return {
    rulesets: [...numbers.keys()],
    instances: known,
    notes: notes.map(({ node, agent, memory }) => ({ node, agent, memory })),
  };
};

const restoredNotes = (from: unknown): readonly Note[] =>
  list(object(from).notes).map((item) => {
    const { node, agent, memory } = object(item);
    return { node: text(node), agent: text(agent), memory: object(memory) as Memory, isDelivered: false };
  });

const restored = (from: unknown): readonly Instance[] => {
  const { rulesets, instances } = object(from);
  const sets = list(rulesets) as readonly (readonly LoadedPolicy[])[];
  return list(instances).map((item) => {
    const { node, agent, type, since, ruleset, facts } = object(item);
    return {
      node: text(node),
      agent: text(agent),
      type: text(type),
      since: typeof since === 'number' ? since : 0,
      state: { ruleset: typeof ruleset === 'number' ? sets[ruleset] : undefined, facts: object(facts) },
    };
  });
};
