// An entry of the journal is worked in: what it says of losses and of delivery, and each of its events that was not counted before.
import type { EventAdapter, EventLoss } from '../../agents/event.ts';
import type { CoverageModel } from '../../domain/coverage/model.ts';
import type { JournalPlace } from '../../domain/findings/record.ts';
import type { SecurityEvent } from '../../domain/findings/types.ts';
import type { Clock } from '../../kube/clock.ts';
import type { Log } from '../../kube/log.ts';
import type { Entry } from '../ingest/entry.ts';
import type { DeliveryBook } from './deliveries.ts';
import type { EventIds } from './event-ids.ts';
import type { RecentPods } from './recent-pods.ts';
import type { Tally } from './tally.ts';
import type { WaitingEvents } from './waiting-events.ts';

export interface EntryTaker {
  /** `position`: of its first event, in the journal that is being worked in. */
  readonly take: (entry: Entry, journal: string, position: number) => void;
  /** The longest that an event had waited, since this was last asked. */
  readonly latest: () => number;
}

export interface EntryTakerOptions {
  readonly model: Pick<CoverageModel, 'agents'>;
  readonly adapters: ReadonlyMap<string, EventAdapter>;
  readonly pods: RecentPods;
  readonly deliveries: DeliveryBook;
  readonly ids: Pick<EventIds, 'isRepeated'>;
  readonly tally: Tally;
  readonly accept: WaitingEvents['accept'];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

export const createEntryTaker = (options: EntryTakerOptions): EntryTaker => {
  const { model, adapters, pods, deliveries, ids, tally, accept, clock, log } = options;
  let latest = 0;

  /** A sender that is limited to its node speaks of no other. */
  const noteLoss = (loss: EventLoss | undefined, { node }: Entry): void => {
    if (loss === undefined) return;
    const ofPod = loss.pod && pods.find(loss.pod.namespace, loss.pod.name)?.node;
    deliveries.noteShed(node ?? loss.node ?? ofPod, loss.duration);
  };

  const takeItem = (
    adapter: EventAdapter,
    entry: Entry,
    item: unknown,
    place: JournalPlace,
    position: number,
  ): void => {
    noteLoss(adapter.lossIn?.(item), entry);
    for (const event of adapter.eventsOf(item, entry.at)) {
      if (ids.isRepeated(event, entry.node, entry.at, position)) {
        tally.note(event.agentType, 'counted', undefined);
        continue;
      }
      noteArrival(model, deliveries, event, entry);
      accept({ event, senderNode: entry.node, receivedAt: entry.at, place, position });
    }
  };

  return {
    take: (entry, journal, position) => {
      latest = Math.max(latest, clock.now() - entry.at);
      if (entry.shed === true) deliveries.noteShed(entry.node);
      const adapter = adapters.get(entry.source);
      if (adapter === undefined) return;
      const place = entry.origin ?? { journal, position };
      let mistake: unknown;
      for (let index = 0; index < entry.items.length; index++) {
        const at = { journal: place.journal, position: place.position + index };
        try {
          takeItem(adapter, entry, entry.items[index], at, position + index);
        } catch (error) {
          // A mistake of ours must not stand in the way of those behind it.
          mistake ??= error;
        }
      }
      if (mistake !== undefined)
        log.error({ error: mistake, source: entry.source }, 'events could not be worked in, and are left out');
      tally.flush();
    },
    latest: () => {
      const longest = latest;
      latest = 0;
      return longest;
    },
  };
};

const noteArrival = (
  model: Pick<CoverageModel, 'agents'>,
  deliveries: DeliveryBook,
  event: SecurityEvent,
  entry: Entry,
): void => {
  // A sender that is limited to its node speaks of no other.
  const node = entry.node ?? event.origin.node;
  if (node === undefined) return;
  for (const { type, name } of model.agents()) {
    if (type === event.agentType) deliveries.noteArrival(node, name, event, entry.at);
  }
};
