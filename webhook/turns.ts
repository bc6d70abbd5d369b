// Decisions in turns. Each is short, but a thousand that arrive at once would hold the event loop for a second: no other connection would
// be read, and no probe of the kubelet answered. So each turn of the loop has a slice of time for decisions, and the rest wait in line.
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
  let began: number | undefined;

  const hasTime = (): boolean => began !== undefined && monotonic() - began < sliceMs;

  const begin = (): void => {
    began = monotonic();
    defer(next);
  };

  const next = (): void => {
    began = undefined;
    if (waiting.length === 0) return;
    begin();
    // At least one, or a clock that leaps would let nobody in.
    do waiting.shift()?.();
    while (waiting.length > 0 && hasTime());
  };

  return {
    take(job) {
      if (began === undefined) begin();
      if (waiting.length === 0 && hasTime()) job();
      else waiting.push(job);
    },
  };
}
