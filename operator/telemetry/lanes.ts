// Turns at asking. Who answered the last time never waits for who did not: each has slots of its own, so that a thousand agents
// that hang fill only the slots of those that hang.
export interface Lane {
  /** Runs the task as soon as a slot is free. Tasks never throw. */
  readonly add: (task: () => Promise<void>) => void;
  readonly waiting: () => number;
  readonly running: () => number;
  /** Forgets what waits, and ends with the last that runs. */
  readonly drain: () => Promise<void>;
}

export const createLane = (slots: number): Lane => {
  const queue: (() => Promise<void>)[] = [];
  const running = new Set<Promise<void>>();
  let next = 0;

  const fill = (): void => {
    while (running.size < slots && next < queue.length) {
      const task = queue[next++];
      if (task === undefined) continue;
      const run = task().finally(() => {
        running.delete(run);
        fill();
      });
      running.add(run);
    }
    // Taken from the front by moving on, and cut only now and then: shifting an array of thousands each time costs more.
    if (next > 1024 || next === queue.length) {
      queue.splice(0, next);
      next = 0;
    }
  };

  return {
    add: (task) => {
      queue.push(task);
      fill();
    },
    waiting: () => queue.length - next,
    running: () => running.size,
    drain: async () => {
      queue.length = 0;
      next = 0;
      await Promise.all(running);
    },
  };
};
