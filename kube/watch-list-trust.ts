import { KubeError, classify } from './errors.ts';

/** Whether the server streams its lists (WatchList). Once found that it does not, this is remembered for the process's life. */
export class WatchListTrust {
  #isUsable = true;
  #unfinished = 0;

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** A list was streamed to its end. */
  finished(): void {
    this.#unfinished = 0;
  }

  /** Takes note of how the streaming of a list failed; true where that is to be asked for no more. */
  blames(error: unknown): boolean {
    const reason = error instanceof KubeError ? error.reason : undefined;
    const refused = classify(error) === 'invalid' || reason === 'WatchListIgnored';
    if (reason === 'WatchListUnfinished' || reason === 'WatchSilent') this.#unfinished += 1;
    // Once may be the network; twice in a row is a server that never ends its initial events.
    if (!refused && this.#unfinished < 2) return false;
    this.#isUsable = false;
    return true;
  }
}
