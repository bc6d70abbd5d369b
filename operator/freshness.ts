// Whether what the operator knows is what the cluster is: every watch has read everything once and is still being answered.
import type { Clock } from '../kube/clock.ts';
import type { Watch } from './watches.ts';

/** A watch that has been failing for this long shows a picture of the past. */
const tolerableMs = 60_000;

/** Kinds of which nothing has been heard for too long, by name; what is known of them is of the past. */
export const unheard = (watches: readonly Watch[], clock: Clock): readonly string[] =>
  watches.flatMap(({ name, reflector }) => {
    const { state, lastHeardAt } = reflector.state();
    return state === 'backoff' && clock.now() - (lastHeardAt ?? 0) > tolerableMs ? [name] : [];
  });

/** Why the picture cannot be trusted; undefined where it can. */
export const staleness = (watches: readonly Watch[], clock: Clock): string | undefined => {
  const troubles = watches.flatMap((watch) => {
    const { name, reflector } = watch;
    const { synced, lastHeardAt, lastError } = reflector.state();
    const because = lastError === undefined ? '' : ` (${lastError})`;
    if (!synced) return [`${name} has not been read yet${because}`];
    const silentMs = clock.now() - (lastHeardAt ?? 0);
    return unheard([watch], clock).length === 0
      ? []
      : [`${name} was last heard of ${Math.round(silentMs / 1000)} s ago${because}`];
  });
  return troubles.length === 0 ? undefined : troubles.join('; ');
};
