// Decisions in turns. Each is short, but a thousand that arrive at once would hold the event loop for a second: no other connection would
// be read, and no probe of the kubelet answered. So decisions have a slice of time, and what comes after it waits in line for the loop's
// next turn, where the next slice begins. Nobody waits where little is asked, and then the loop is not asked for a turn at all.
export interface Turns {
  /** Calls back now, where this turn has time left, else in a later one; in the order of arrival. */
  take(job: () => void): void;
}

export interface TurnsOptions {
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** Calls back in the next turn. */
  readonly defer: (callback: () => void) => void;
}

/** Fifty decisions or so; a probe that waits for it is still answered at once. */
const sliceMs = 10;

export function createTurns({ monotonic, defer }: TurnsOptions): Turns {
  const waiting: (() => void)[] = [];
  let began = monotonic();

  const hasTime = (): boolean => monotonic() - began < sliceMs;

  const next = (): void => {
    began = monotonic();
    // At least one, or a clock that leaps would let nobody in.
    do waiting.shift()?.();
    while (waiting.length > 0 && hasTime());
    if (waiting.length > 0) defer(next);
  };

  return {
    take(job) {
      if (waiting.length === 0 && hasTime()) return job();
      waiting.push(job);
      if (waiting.length === 1) defer(next);
    },
  };
}
