// Pods as events speak of them: those that run, and those that have gone lately, since an event may come after its pod.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { PodEntry } from '../../domain/coverage/inventory.ts';
import type { ContainerIdentity, PodIdentity } from '../../domain/findings/attribute.ts';
import { containerIdsOf } from '../../facts/container-status.ts';
import { object } from '../../facts/read.ts';
import { withId } from './containers.ts';

export interface RecentPods {
  /** `node`: where it is said to have run. A StatefulSet gives one name to one pod after the other. */
  readonly find: (namespace: string, name: string, node?: string) => PodIdentity | undefined;
  /** Of those that have gone: by the whole id or its first characters. */
  readonly container: (node: string, id: string) => ContainerIdentity | undefined;
  /** Called just before the model forgets it. `last`: what the API server said of it last, which tells the ids of its containers. */
  readonly leaving: (namespace: string, name: string, last?: unknown) => void;
}

/** Forwarders hold events back for minutes at most. */
const keepMs = 10 * 60_000;
/** As many as a large rollout ends in that time. */
const mostKept = 20_000;

interface Gone {
  readonly identity: PodIdentity;
  readonly until: number;
  readonly containers: ReadonlyMap<string, ContainerIdentity>;
}

export const createRecentPods = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  monotonic: () => number,
): RecentPods => {
  /** The oldest first. */
  const gone = new Map<string, Gone>();
  /** The same, where their containers are known. */
  const goneFrom = new Map<string, Set<Gone>>();

  const forget = (key: string, left: Gone): void => {
    gone.delete(key);
    const { node = '' } = left.identity;
    const others = goneFrom.get(node);
    others?.delete(left);
    if (others?.size === 0) goneFrom.delete(node);
  };

  const forgetOld = (): void => {
    const now = monotonic();
    for (const [key, left] of gone) {
      if (left.until > now && gone.size <= mostKept) return;
      forget(key, left);
    }
  };

  return {
    find: (namespace, name, node) => {
      const entry = inventory.pod(namespace, name);
      if (entry !== undefined && (node === undefined || entry.facts.node === node)) return identityOf(entry);
      forgetOld();
      const left = gone.get(`${namespace}/${name}`)?.identity;
      return entry === undefined || left?.node === node ? left : identityOf(entry);
    },
    container: (node, id) => {
      forgetOld();
      for (const { containers } of goneFrom.get(node) ?? []) {
        const found = withId(containers, id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    leaving: (namespace, name, last) => {
      const entry = inventory.pod(namespace, name);
      if (entry === undefined) return;
      const key = `${namespace}/${name}`;
      const before = gone.get(key);
      if (before !== undefined) forget(key, before);
      const identity = identityOf(entry);
      const ids = containerIdsOf(object(last).status).map(
        ({ id, container }) => [id, { namespace, pod: name, container }] as const,
      );
      const left: Gone = { identity, until: monotonic() + keepMs, containers: new Map(ids) };
      gone.set(key, left);
      if (identity.node !== undefined && left.containers.size > 0)
        goneFrom.set(identity.node, (goneFrom.get(identity.node) ?? new Set()).add(left));
      forgetOld();
    },
  };
};

const identityOf = ({ facts, workload }: PodEntry): PodIdentity => ({
  namespace: facts.namespace,
  name: facts.name,
  // The model does not keep it: 150,000 of them would be megabytes.
  uid: undefined,
  node: facts.node,
  createdAt: facts.createdAt,
  workload,
  containers: facts.shape.containers,
});
