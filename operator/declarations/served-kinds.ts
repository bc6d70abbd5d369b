// Which of the agents' own kinds the cluster has at the moment: agents are installed and removed while we run.
import type { DeclaringKind } from '../../agents/agent.ts';
import { classify } from '../../kube/errors.ts';
import type { Transport } from '../../kube/transport.ts';
import { lists } from './kept-objects.ts';

export interface ServedKinds {
  /** Asks the API server; where it gives no answer, what was known stays. */
  readonly look: (kinds: readonly DeclaringKind[], signal: AbortSignal) => Promise<void>;
  readonly has: (kind: DeclaringKind) => boolean;
}

const deadlineMs = 10_000;

export const createServedKinds = (transport: Pick<Transport, 'request'>): ServedKinds => {
  /** By group and version: as many as adapters name. */
  const discovered = new Map<string, unknown>();
  return {
    look: async (kinds, signal) => {
      const versions = new Set(kinds.map(versionOf));
      await Promise.all(
        [...versions].map(async (version) => {
          try {
            const path = `/apis/${version}`;
            discovered.set(version, await transport.request({ method: 'GET', path, deadlineMs, signal }));
          } catch (error) {
            if (classify(error) === 'notFound') discovered.delete(version);
          }
        }),
      );
    },
    has: (kind) => lists(discovered.get(versionOf(kind)), kind.plural),
  };
};

const versionOf = ({ group, version }: DeclaringKind): string => `${group}/${version}`;
