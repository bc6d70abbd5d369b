// One run of `npm start`: what it tells, what it has to undo, and what asks it to end.
import { setTimeout as delay } from 'node:timers/promises';

export interface Session {
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Says what is being done and since when, does it, and gives up waiting for it when asked to end. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  /** A line of progress. */
  readonly say: (line: string) => void;
  /** A line of the result, on standard output. */
  readonly print: (text: string) => void;
  /** Undone in reverse order when the session ends, however it ends. */
  readonly onEnd: (what: string, undo: () => Promise<void>) => void;
  /** Settles when asked to end. */
  readonly asked: Promise<void>;
  /** Runs what `onEnd` was given; false where something could not be undone, which it says. */
  readonly end: () => Promise<boolean>;
}

/** Asked twice, the process ends at once; what it started is then killed by handlers of the process's exit. */
const impatient = 130;

export const createSession = (): Session => {
  const began = performance.now();
  const controller = new AbortController();
  const { signal } = controller;
  const undoings: { readonly what: string; readonly undo: () => Promise<void> }[] = [];
  const asked = Promise.withResolvers<void>();
  const say = (line: string): void => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  const stop = (why: string): void => {
    controller.abort(new Error(why));
    asked.resolve();
  };
  // Nobody reads any more, as behind `| head`: that must not end us in the middle of things.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => stop('stopped, since its output is no longer read'));
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (signal.aborted) process.exit(impatient);
      // After the ^C that the terminal echoes.
      if (name === 'SIGINT') process.stderr.write('\n');
      say('stopping; once more ends at once');
      stop(`stopped by ${name}`);
    });
  }
  return {
    signal,
    say,
    asked: asked.promise,
    print: (text) => void process.stdout.write(text),
    step: async (title, work) => {
      signal.throwIfAborted();
      say(title);
      const aborted = asked.promise.then(() => signal.throwIfAborted());
      // `aborted` never settles unless it rejects, so the result is the work's.
      return (await Promise.race([work(), aborted])) as Awaited<ReturnType<typeof work>>;
    },
    onEnd: (what, undo) => void undoings.push({ what, undo }),
    end: async () => {
      let well = true;
      for (const { what, undo } of undoings.splice(0).reverse()) {
        try {
          await undo();
        } catch (error) {
          well = false;
          say(`could not end ${what}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      return well;
    },
  };
};

/** Undefined where it fails or takes longer. */
export const settled = async <T>(promise: Promise<T>, withinMs: number): Promise<T | undefined> => {
  const stop = new AbortController();
  try {
    return await Promise.race([
      promise.catch(() => undefined),
      delay(withinMs, undefined, { signal: stop.signal }).catch(() => undefined),
    ]);
  } finally {
    stop.abort();
  }
};
