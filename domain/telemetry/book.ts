// The last thing that each agent said on each node. Nearly every reading says what the one before it said: of those only the time
// is kept. What thousands of nodes say alike is held once.
import { isEqual } from '../equal.ts';
import type { Drops, HealthIssue, InstanceTelemetry, LoadedPolicy, Reading } from './types.ts';

/** The detection policies that an agent tells; equal ones of one agent are the same object. */
export interface Loaded {
  readonly policies: readonly LoadedPolicy[];
  readonly are: 'Complete' | 'Partial';
}

/** What a reading says, apart from when. */
export interface Statement {
  readonly version: string | undefined;
  /** Undefined where the agent cannot tell. */
  readonly loaded: Loaded | undefined;
  readonly drops: readonly Drops[] | undefined;
  readonly issues: readonly HealthIssue[];
}

export interface Instance {
  /** Undefined where it has never said anything. */
  readonly statement: Statement | undefined;
  /** When it was last said; -Infinity where nothing was. */
  readonly at: number;
  readonly askedSince: number;
  readonly failure: string | undefined;
}

export interface TelemetryBook {
  readonly of: (node: string, agent: string) => Instance | undefined;
  /** Answers what was known before and what is now; the same object where nothing was said anew. */
  readonly set: (node: string, agent: string, telemetry: InstanceTelemetry | undefined) => Entry;
  /** How many different sets of policies are held. */
  readonly size: () => number;
}

export interface Entry {
  readonly before: Instance | undefined;
  readonly after: Instance | undefined;
}

export const createTelemetryBook = (): TelemetryBook => {
  const nodes = new Map<string, Map<string, Instance>>();
  const shelf = createShelf();

  const put = (node: string, agent: string, instance: Instance | undefined): void => {
    const agents = nodes.get(node) ?? new Map<string, Instance>();
    if (instance === undefined) agents.delete(agent);
    else agents.set(agent, instance);
    if (agents.size === 0) nodes.delete(node);
    else nodes.set(node, agents);
  };

  return {
    of: (node, agent) => nodes.get(node)?.get(agent),
    size: shelf.size,
    set: (node, agent, telemetry) => {
      const before = nodes.get(node)?.get(agent);
      const after = telemetry && instanceOf(telemetry, before, (reading) => shelf.take(agent, reading));
      if (before?.statement?.loaded !== after?.statement?.loaded) shelf.giveBack(before?.statement?.loaded);
      put(node, agent, after);
      return { before, after };
    },
  };
};

const instanceOf = (
  { reading, askedSince, failure }: InstanceTelemetry,
  before: Instance | undefined,
  take: (reading: Reading) => Loaded | undefined,
): Instance => {
  const at = reading?.at ?? Number.NEGATIVE_INFINITY;
  const known = before?.statement;
  if (reading === undefined) return { statement: undefined, at, askedSince, failure };
  if (known === undefined) return { statement: statementOf(reading, take(reading)), at, askedSince, failure };
  const loaded = isSame(known.loaded, reading) ? known.loaded : take(reading);
  const isUnchanged =
    loaded === known.loaded &&
    known.version === reading.version &&
    isEqual(known.issues, reading.issues) &&
    isEqual(known.drops, reading.drops);
  return { statement: isUnchanged ? known : statementOf(reading, loaded), at, askedSince, failure };
};

const statementOf = ({ version, drops, issues }: Reading, loaded: Loaded | undefined): Statement => ({
  version,
  loaded,
  drops,
  issues,
});

const isSame = (loaded: Loaded | undefined, { policies, policiesAre = 'Partial' }: Reading): boolean =>
  loaded === undefined || policies === undefined
    ? loaded === undefined && policies === undefined
    : loaded.are === policiesAre && isEqual(loaded.policies, policies);

interface Shelf {
  readonly take: (agent: string, reading: Reading) => Loaded | undefined;
  readonly giveBack: (loaded: Loaded | undefined) => void;
  readonly size: () => number;
}

/** Sets of policies by who has them, each as long as any node says it. */
const createShelf = (): Shelf => {
  const byLook = new Map<string, Map<Loaded, number>>();
  const looks = new WeakMap<Loaded, string>();
  let size = 0;
  return {
    size: () => size,
    take: (agent, reading) => {
      const { policies, policiesAre = 'Partial' } = reading;
      if (policies === undefined) return undefined;
      const look = lookOf(agent, policies);
      const alike = byLook.get(look) ?? new Map<Loaded, number>();
      byLook.set(look, alike);
      for (const [loaded, holders] of alike) {
        if (!isSame(loaded, reading)) continue;
        alike.set(loaded, holders + 1);
        return loaded;
      }
      const created: Loaded = { policies, are: policiesAre };
      looks.set(created, look);
      alike.set(created, 1);
      size++;
      return created;
    },
    giveBack: (loaded) => {
      const look = loaded && looks.get(loaded);
      const alike = look === undefined ? undefined : byLook.get(look);
      if (loaded === undefined || look === undefined || alike === undefined) return;
      const holders = (alike.get(loaded) ?? 1) - 1;
      if (holders > 0) {
        alike.set(loaded, holders);
        return;
      }
      alike.delete(loaded);
      size--;
      if (alike.size === 0) byLook.delete(look);
    },
  };
};

/** What is quickly seen of a set of policies: sets that differ in it need not be compared. */
const lookOf = (agent: string, policies: readonly LoadedPolicy[]): string =>
  `${agent} ${policies.map(({ name, version, digest, status, rules }) => [name, version, digest, status, rules?.length].join()).join(';')}`;
