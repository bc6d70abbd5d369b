/** Says on a terminal, or in a log, that a long step still goes on and what it is doing. */
export interface Progress {
  /** What the step is doing now; shown with the next line. */
  readonly detail: (text: string) => void;
  readonly done: () => void;
}

export interface ProgressOutput {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** A log gets a line every ten seconds: often enough to see life, seldom enough to read. A terminal gets one line, rewritten. */
const LOG_INTERVAL_MS = 10_000;
const TERMINAL_INTERVAL_MS = 500;

export function startProgress(what: string, output: ProgressOutput, now: () => number = Date.now): Progress {
  const started = now();
  const terminal = output.isTTY === true;
  let detail = '';
  const show = (): void => {
    const line = progressLine(what, now() - started, detail);
    output.write(terminal ? `\r\u001B[2K${line.slice(0, (output.columns ?? 80) - 1)}` : `${line}\n`);
  };
  show();
  const timer = setInterval(show, terminal ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS);
  timer.unref();
  return {
    detail: (text) => {
      detail = text;
    },
    done: () => {
      clearInterval(timer);
      detail = 'done';
      show();
      if (terminal) output.write('\n');
    },
  };
}

export function progressLine(what: string, elapsedMs: number, detail: string): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const elapsed = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return detail === '' ? `[${elapsed}] ${what}` : `[${elapsed}] ${what}: ${detail}`;
}

/** Turns what `go build -v` prints into a short detail: a count of packages, or the module that is being fetched. */
export function goBuildDetail(): (line: string) => string | undefined {
  let compiled = 0;
  let fetched = 0;
  return (line) => {
    const download = /^go: downloading (\S+)/.exec(line)?.[1];
    if (download !== undefined) {
      fetched += 1;
      return `fetching module ${fetched}, ${download}`;
    }
    // A package path has neither spaces nor a colon; all else are warnings and errors.
    if (!/^[\w./~+-]+$/.test(line)) return undefined;
    compiled += 1;
    return `compiled ${compiled} packages, now ${line}`;
  };
}
