// Events that belong to nobody: counted for each node, and the last of them kept, so that somebody can find out what is missing.
import type { UnattributedReason } from '../../domain/findings/attribute.ts';
import { maskSecrets } from '../../domain/findings/mask.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';

export interface UnattributedEvent {
  readonly at: number;
  readonly agentType: string;
  readonly rule: string | undefined;
  readonly message: string | undefined;
  readonly why: string;
}

export interface UnattributedOfNode {
  readonly count: number;
  /** The latest first. */
  readonly events: readonly UnattributedEvent[];
}

export interface UnattributedBook {
  readonly note: (node: string | undefined, reason: UnattributedReason, why: string, event: SecurityEvent) => void;
  readonly of: (node: string) => UnattributedOfNode | undefined;
}

const mostEvents = 20;
/** The largest fleet that the product is made for. */
const mostNodes = 5000;
const longestMessage = 512;

/** `onNode`: told of the node of which another is kept now. */
export const createUnattributedBook = (
  onNode: (node: string) => void,
  onReason: (reason: UnattributedReason) => void,
): UnattributedBook => {
  const nodes = new Map<string, UnattributedOfNode>();
  return {
    note: (node, reason, why, { at, agentType, rule, message }) => {
      onReason(reason);
      if (node === undefined || (!nodes.has(node) && nodes.size >= mostNodes)) return;
      const { count, events } = nodes.get(node) ?? { count: 0, events: [] };
      const said = message === undefined ? undefined : maskSecrets(message).slice(0, longestMessage);
      const kept = { at, agentType, rule, message: said, why };
      nodes.set(node, { count: count + 1, events: [kept, ...events].slice(0, mostEvents) });
      onNode(node);
    },
    of: (node) => nodes.get(node),
  };
};
