// Time passes for the findings: who listened since the last look, and whether the operator itself heard anything.
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { Clock } from '../../kube/clock.ts';
import type { FindingBook } from './book/book.ts';
import { whyDeaf } from './deafness.ts';
import { inheritDebts } from './debts.ts';
import type { DeliveryBook } from './deliveries.ts';
import { createListeners } from './ears.ts';
import type { EndedPods } from './ended-pods.ts';

export interface ClockLooks {
  readonly look: () => void;
  /** Since the last look, in milliseconds. */
  readonly elapsed: () => number;
}

export interface ClockLooksOptions {
  readonly model: CoverageModel;
  readonly book: Pick<FindingBook, 'all' | 'look'>;
  readonly deliveries: DeliveryBook;
  readonly endedPods: EndedPods;
  /** Kinds of which nothing has been heard for too long. */
  readonly unheard: () => readonly string[];
  /** The longest that an event had waited, since this was last asked. */
  readonly latest: () => number;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

export const createClockLooks = (options: ClockLooksOptions): ClockLooks => {
  const { model, book, deliveries, endedPods, unheard, latest, clock } = options;
  let lookedAt = clock.monotonic();
  let isFirst = true;
  return {
    look: () => {
      const now = clock.monotonic();
      const elapsed = now - lookedAt;
      lookedAt = now;
      const deaf = whyDeaf({ elapsed, latest: latest(), unheard: unheard() });
      const listeners = createListeners(model, deliveries, endedPods);
      if (isFirst) inheritDebts(book.all(), listeners, deliveries);
      isFirst = false;
      book.look(listeners, clock.now(), elapsed, deaf);
    },
    elapsed: () => clock.monotonic() - lookedAt,
  };
};
