// A program of ours as a process of its own, in the hands of a test or of `npm start`.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessHandle {
  readonly name: string;
  readonly pid: number;
  /** `http://127.0.0.1:port`, which serves /metrics, /healthz and /readyz. */
  readonly metricsUrl: string;
  /** Of the webhook: `https://127.0.0.1:port`. */
  readonly url?: string;
  /** Where its output goes. */
  readonly logFile: string;
  /** All output so far. */
  readonly logs: () => string;
  /** The first line that matches, of those that were written or will be. */
  readonly waitForLog: (pattern: RegExp | string, deadlineMs?: number) => Promise<string>;
  /** Waits until `/readyz` says yes; rejects with what it said last. */
  readonly waitUntilReady: (deadlineMs?: number) => Promise<void>;
  /** Settles when it has ended, however it did. */
  readonly exited: Promise<Exit>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Asks it to end and waits; rejects where it does not, having killed it, or ends as failed. Ended already is as good. */
  readonly stop: () => Promise<void>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface LaunchOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly url?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Starting takes a second; several starting at once on two busy cores take far longer. */
const listeningWithinMs = 60_000;
/** The chart's terminationGracePeriodSeconds: what a kubelet would wait before it kills. */
const stopWithinMs = 30_000;
const pollMs = 50;
const lastLines = 20;
/** In both log formats; other addresses that our programs log are HTTPS. */
const metricsAddress = /\burl\b\W+(http:\/\/[^\s"]+)/;

/** Settles when the process serves its metrics; rejects with its last words if it ends before. */
export async function launch(options: LaunchOptions): Promise<ProcessHandle> {
  const { name, command, args, env, logFile, url, signal } = options;
  const log = openSync(logFile, 'w', 0o600);
  // A file rather than a pipe: a slow reader must not slow the process. A group of its own: Ctrl-C shall reach only us, who then
  // stop things in order.
  const child = spawn(command, [...args], { stdio: ['ignore', log, log], env: { ...env }, detached: true });
  closeSync(log);
  let ended: Exit | undefined;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, by) => resolve((ended = { code, signal: by })));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) => reject(new Error(`could not start ${name} (${command})`, { cause })));
    child.once('spawn', () => resolve(child.pid!));
  });
  // Whatever ends us must not leave it behind.
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  void exited.then(() => process.removeListener('exit', endWithUs));

  const logs = (): string => readFileSync(logFile, 'utf8');
  const lastWords = (): string => {
    const lines = logs().trimEnd().split('\n').slice(-lastLines);
    return `the last lines of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  };
  const waitForLog: ProcessHandle['waitForLog'] = async (pattern, deadlineMs = 30_000) => {
    const end = performance.now() + deadlineMs;
    const matches = (line: string): boolean =>
      typeof pattern === 'string' ? line.includes(pattern) : new RegExp(pattern.source, pattern.flags).test(line);
    for (;;) {
      signal?.throwIfAborted();
      // Asked before looking: what it wrote just before it ended counts.
      const before = ended;
      const found = logs().split('\n').find(matches);
      if (found !== undefined) return found;
      if (before !== undefined)
        throw new Error(`${name} ended (${describe(before)}) without logging ${String(pattern)}; ${lastWords()}`);
      if (performance.now() > end)
        throw new Error(`${name} did not log ${String(pattern)} within ${deadlineMs / 1000} s; ${lastWords()}`);
      await delay(pollMs);
    }
  };

  try {
    const line = await waitForLog(metricsAddress, listeningWithinMs);
    const metricsUrl = metricsAddress.exec(line)?.[1] ?? '';
    return {
      name,
      pid,
      metricsUrl,
      ...(url === undefined ? {} : { url }),
      logFile,
      logs,
      waitForLog,
      exited,
      waitUntilReady: async (deadlineMs = 60_000) => {
        const end = performance.now() + deadlineMs;
        for (;;) {
          signal?.throwIfAborted();
          const amiss = await unreadiness(metricsUrl);
          if (amiss === undefined) return;
          if (ended !== undefined) throw new Error(`${name} ended (${describe(ended)}); ${lastWords()}`);
          if (performance.now() > end) throw new Error(`${name} was not ready within ${deadlineMs / 1000} s: ${amiss}`);
          await delay(pollMs);
        }
      },
      kill: (by) => void child.kill(by),
      async stop() {
        if (ended !== undefined) return;
        child.kill('SIGTERM');
        const stopped = await within(exited, stopWithinMs);
        if (stopped === undefined) {
          child.kill('SIGKILL');
          await exited;
          throw new Error(`${name} did not end within ${stopWithinMs / 1000} s of SIGTERM; ${lastWords()}`);
        }
        if (stopped.code !== 0)
          throw new Error(`${name} was asked to end and failed (${describe(stopped)}); ${lastWords()}`);
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    throw error;
  }
}

const describe = ({ code, signal }: Exit): string => (signal === null ? `exit code ${code}` : `by ${signal}`);

const unreadiness = async (metricsUrl: string): Promise<string | undefined> => {
  try {
    const answer = await fetch(`${metricsUrl}/readyz`, { signal: AbortSignal.timeout(5000) });
    const text = await answer.text();
    return answer.ok ? undefined : text.trim();
  } catch (error) {
    return String(error);
  }
};

const within = async <T>(promise: Promise<T>, ms: number): Promise<T | undefined> => {
  const stop = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, undefined, { signal: stop.signal })]);
  } finally {
    stop.abort();
  }
};
