// Waits for changes of one report, or of all objects of a scope: a watch that is taken up again whenever it ends.
import { sleep, systemClock } from '../../kube/clock.ts';
import { classify } from '../../kube/errors.ts';
import type { Scope } from '../../kube/list.ts';
import { resources } from '../../kube/resource.ts';
import type { Transport } from '../../kube/transport.ts';
import { watchOnce } from '../../kube/watch.ts';

/** As kubectl's own watches; the server ends them, and we begin anew. */
const timeoutSeconds = 300;
/** Bookmarks come about once a minute. */
const idleLimitMs = 90_000;
/** Counts follow changes within two seconds, and nobody reads faster. */
const settleMs = 1000;
const retryMs = 5000;

export const reportChanges = (
  transport: Transport,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<void, void, void> =>
  changesIn(transport, { resource: resources.coverageReports, fieldSelector: `metadata.name=${name}` }, signal);

/** Comes back once for any number of changes since the last time. The first time is at once: what is there now. */
export async function* changesIn(
  transport: Transport,
  scope: Scope,
  signal: AbortSignal,
): AsyncGenerator<void, void, void> {
  let resourceVersion: string | undefined;
  let changed = true;
  let wake = (): void => {};
  const notice = (): void => {
    changed = true;
    wake();
  };
  const watching = (async () => {
    while (!signal.aborted) {
      try {
        await watchOnce({
          transport,
          scope,
          clock: systemClock,
          resourceVersion,
          timeoutSeconds,
          idleLimitMs: () => idleLimitMs,
          onOpen: () => {},
          onBytes: () => {},
          onEvent: ({ type, object }) => {
            resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
            if (type !== 'BOOKMARK') notice();
          },
          onGarbage: () => {},
          signal,
        });
      } catch (error) {
        if (signal.aborted) return;
        const kind = classify(error);
        if (kind === 'forbidden' || kind === 'unauthorized') throw error;
        // Whatever broke, what was missed is seen by reading again.
        resourceVersion = undefined;
        notice();
        await sleep(systemClock, retryMs, signal);
      }
    }
  })();
  const ended = new AbortController();
  ended.signal.addEventListener('abort', () => wake(), { once: true });
  const end = (): void => ended.abort();
  watching.then(end, end);
  while (!ended.signal.aborted) {
    if (changed) {
      changed = false;
      yield;
      await sleep(systemClock, settleMs, signal);
    } else {
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  // Throws what ended it, unless the signal did.
  await watching;
}
