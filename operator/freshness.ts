// Whether what the operator knows is what the cluster is: every watch has read everything once and is still being answered.
import type { Clock } from '../kube/clock.ts';
import type { Watch } from './watches.ts';

/** A watch that has been failing for this long shows a picture of the past. */
const tolerableMs = 60_000;

/** Why the picture cannot be trusted; undefined where it can. */
export const staleness = (watches: readonly Watch[], clock: Clock): string | undefined => {
  const troubles = watches.flatMap(({ name, reflector }) => {
    const { state, synced, lastHeardAt, lastError } = reflector.state();
    const because = lastError === undefined ? '' : ` (${lastError})`;
    if (!synced) return [`${name} has not been read yet${because}`];
    const silentMs = clock.now() - (lastHeardAt ?? 0);
    return state === 'backoff' && silentMs > tolerableMs
      ? [`${name} was last heard of ${Math.round(silentMs / 1000)} s ago${because}`]
      : [];
  });
  return troubles.length === 0 ? undefined : troubles.join('; ');
};
