// SIGTERM and SIGINT ask the process to stop: everything long-lived ends by one AbortSignal. Asking twice is not asking.
export interface Signals {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

export interface Shutdown {
  /** Aborted at the first signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** Takes the listeners away, so that a process with nothing left to do can end. */
  readonly release: () => void;
}

export interface ShutdownOptions {
  readonly signals: Signals;
  readonly exit: (code: number) => void;
  readonly onStop: (name: string) => void;
}

/** What shells report of a process that a signal ended: 128 and the signal's number. */
const exitCodes = { SIGTERM: 143, SIGINT: 130 } as const;

export function listenForShutdown({ signals, exit, onStop }: ShutdownOptions): Shutdown {
  const controller = new AbortController();
  const stop = (name: 'SIGTERM' | 'SIGINT') => (): void => {
    if (controller.signal.aborted) {
      exit(exitCodes[name]);
      return;
    }
    onStop(name);
    controller.abort(name);
  };
  const [terminate, interrupt] = [stop('SIGTERM'), stop('SIGINT')];
  signals.on('SIGTERM', terminate);
  signals.on('SIGINT', interrupt);
  return {
    signal: controller.signal,
    release: () => {
      signals.off('SIGTERM', terminate);
      signals.off('SIGINT', interrupt);
    },
  };
}
