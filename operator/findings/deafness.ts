// When the operator itself heard nothing, whatever agents saw meanwhile: it stood still, it hears nothing of the cluster, or what came to it
// still waits to be worked in.
import { longestLookMs, type Listening } from '../../domain/findings/quiet-clock.ts';

/** Of the time since the last look at the clocks, in milliseconds. */
export interface Hindrances {
  readonly elapsed: number;
  /** The longest that an event had waited that was worked in. */
  readonly latest: number;
  /** Kinds of which nothing has been heard for too long. */
  readonly unheard: readonly string[];
}

/** A process that is frozen, or its machine, misses looks; one that is busy is late by less. */
const mostElapsedMs = 2 * longestLookMs;
/** An event is worked in within a second; after a restart, or in a flood, others lie before it that may be about anything. */
const mostLateMs = longestLookMs;

/** Undefined where it heard everything. */
export const whyDeaf = ({ elapsed, latest, unheard }: Hindrances): Listening | undefined => {
  if (elapsed > mostElapsedMs) {
    return deaf(
      `the operator stood still for ${Math.round(elapsed / 1000)} s, and nobody heard what happened meanwhile`,
    );
  }
  if (unheard.length > 0) {
    return deaf(
      `the operator hears nothing of ${unheard.join(', ')} from the API server, so that it cannot tell who listens`,
    );
  }
  if (latest > mostLateMs) {
    return deaf(
      `events that came up to ${Math.round(latest / 1000)} s before are still being worked in, and may be of it`,
    );
  }
  return undefined;
};

const deaf = (message: string): Listening => ({ listening: false, reason: 'OperatorDown', message });
