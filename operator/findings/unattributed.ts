// Events that belong to nobody: counted for each node, and the last of them kept, so that somebody can find out what is missing.
import type { UnattributedReason } from '../../domain/findings/attribute.ts';
import { maskSecrets } from '../../domain/findings/mask.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';

export interface UnattributedEvent {
  readonly at: number;
  /** The ProtectionAgent. */
  readonly agent: string | undefined;
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
  readonly note: (
    node: string | undefined,
    reason: UnattributedReason,
    why: string,
    event: SecurityEvent,
    agent: string | undefined,
  ) => void;
  readonly of: (node: string) => UnattributedOfNode | undefined;
  /** Told of each node of which another is kept. */
  readonly subscribe: (listener: (node: string) => void) => () => void;
}

const mostEvents = 20;
/** The largest fleet that the product is made for. */
const mostNodes = 5000;
/** Of each word that a sender chose: a hundred thousand are kept, and a rule may be as long as a body. */
const longest = 512;

export const createUnattributedBook = (onReason: (reason: UnattributedReason) => void): UnattributedBook => {
  const listeners = new Set<(node: string) => void>();
  const nodes = new Map<string, UnattributedOfNode>();
  return {
    note: (node, reason, why, { at, rule, message }, agent) => {
      onReason(reason);
      if (node === undefined || (!nodes.has(node) && nodes.size >= mostNodes)) return;
      const { count, events } = nodes.get(node) ?? { count: 0, events: [] };
      const kept = { at, agent, rule: shortened(rule), message: shortened(message), why: shortened(why) ?? '' };
      nodes.set(node, { count: count + 1, events: [kept, ...events].slice(0, mostEvents) });
      for (const listener of listeners) listener(node);
    },
    of: (node) => nodes.get(node),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

/** Cut first, so that masking costs little, and once more, since a mask may be longer than what it hides. */
const shortened = (words: string | undefined): string | undefined =>
  words === undefined ? undefined : detached(maskSecrets(words.slice(0, 8 * longest)).slice(0, longest));

/** A slice would keep the whole body alive that it was cut from. */
const detached = (words: string): string => Buffer.from(words).toString();
