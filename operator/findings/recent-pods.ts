// Pods as events speak of them: those that run, and those that have gone lately, since an event may come after its pod.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { PodEntry } from '../../domain/coverage/inventory.ts';
import type { PodIdentity } from '../../domain/findings/attribute.ts';

export interface RecentPods {
  /** `node`: where it is said to have run. A StatefulSet gives one name to one pod after the other. */
  readonly find: (namespace: string, name: string, node?: string) => PodIdentity | undefined;
  /** Called just before the model forgets it. */
  readonly leaving: (namespace: string, name: string) => void;
}

/** Forwarders hold events back for minutes at most. */
const keepMs = 10 * 60_000;
/** As many as a large rollout ends in that time. */
const mostKept = 20_000;

export const createRecentPods = (
  { inventory }: Pick<CoverageModel, 'inventory'>,
  monotonic: () => number,
): RecentPods => {
  /** The oldest first. */
  const gone = new Map<string, { readonly identity: PodIdentity; readonly until: number }>();

  const forgetOld = (): void => {
    const now = monotonic();
    for (const [key, { until }] of gone) {
      if (until > now && gone.size <= mostKept) return;
      gone.delete(key);
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
    leaving: (namespace, name) => {
      const entry = inventory.pod(namespace, name);
      if (entry === undefined) return;
      const key = `${namespace}/${name}`;
      gone.delete(key);
      gone.set(key, { identity: identityOf(entry), until: monotonic() + keepMs });
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
