// A behaviour has been seen: its finding is opened, or counts it, unless it has counted it before.
import type { Transition } from '../../../domain/findings/life-cycle.ts';
import { addSighting, isCounted, openRecord, type Sighting } from '../../../domain/findings/record.ts';
import type { Places } from '../identity.ts';
import type { EventOutcome } from './event-outcome.ts';
import { isNewPod, rememberPod } from './known-pods.ts';
import type { LiveFinding } from './live-finding.ts';
import type { FindingRegistry } from './registry.ts';
import type { Written } from './written.ts';

/** `position`: in the journal; undefined for what no event told. */
export type Sight = (
  sighting: Sighting,
  receivedAt: number,
  position: number | undefined,
  podCreatedAt?: number,
) => EventOutcome;

export interface SightOptions {
  readonly findings: FindingRegistry;
  readonly places: Pick<Places, 'of'>;
  readonly touch: Written['touch'];
  readonly isTerminating: (namespace: string) => boolean;
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
}

export const createSight =
  ({ findings, places, touch, isTerminating, onTransition }: SightOptions): Sight =>
  (sighting, receivedAt, position, podCreatedAt) => {
    const { identity, key } = places.of(sighting.behaving.behaviour, sighting.subject);
    const { namespace } = identity;
    const known = findings.get(key);
    if (known !== undefined && !isOfSameItem(known, sighting) && isSeen(known, sighting)) return 'counted';
    if (known === undefined && (!findings.hasRoom(namespace, sighting.subject) || isTerminating(namespace))) {
      return 'capped';
    }
    const finding = known ?? findings.add(identity, openRecord(sighting, receivedAt));
    const before = known?.record.history.at(-1);
    if (known !== undefined) {
      const countsPod = isNewPod(known, sighting.pod, podCreatedAt);
      finding.record = addSighting(known.record, sighting, countsPod, receivedAt);
    }
    rememberPod(finding, sighting.pod);
    // The history is cut in its middle, so that its length tells nothing.
    const transition = finding.record.history.at(-1);
    const isNew = transition !== undefined && transition !== before;
    if (isNew) onTransition(finding, transition);
    finding.runs = undefined;
    finding.pending ??= position;
    finding.since ??= position;
    finding.lastPlace = sighting.place;
    touch(finding, isNew);
    return 'finding';
  };

/** The very same place as it was read once: where it is read again, what lies there was counted. */
const isOfSameItem = ({ lastPlace }: LiveFinding, { place }: Sighting): boolean =>
  place !== undefined && lastPlace === place;

/**
 * A replay; or what its sender sent again to this replica, since the one that counted it was lost before it could answer or tell us. Of two
 * nodes that give the same ids neither may hide what the other has seen.
 */
const isSeen = ({ record }: LiveFinding, { place, event }: Sighting): boolean =>
  (place !== undefined && isCounted(record, place)) ||
  (event.id !== undefined &&
    record.evidence.some(({ id, at, node }) => id === event.id && at === event.at && node === event.node));
