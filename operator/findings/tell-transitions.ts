// Transitions are told as Events of the object, at once where it stands: an Event without the uid of what it is about is not shown where
// that is looked at.
import type { Transition } from '../../domain/findings/life-cycle.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Log } from '../../kube/log.ts';
import type { OurObjects, RawObject } from '../watches.ts';
import type { LiveFinding } from './book/live-finding.ts';
import { recordTransition } from './transition-event.ts';

export interface TransitionTeller {
  readonly tell: (finding: LiveFinding, transition: Transition) => void;
  /** What could not be told before the object was made. */
  readonly tellRest: (finding: LiveFinding, object: RawObject) => void;
  /** There is no such finding any more. */
  readonly forget: (key: string) => void;
}

export interface TransitionTellerOptions {
  readonly ours: Pick<OurObjects, 'findings'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly log: Log;
}

export const createTransitionTeller = (options: TransitionTellerOptions): TransitionTeller => {
  /** Of findings that are not made yet. */
  const untold = new Map<string, Transition[]>();
  return {
    tell: (finding, transition) => {
      const object = options.ours.findings.get(finding.identity.namespace, finding.identity.name);
      if (object !== undefined) recordTransition(options, finding, transition, object);
      else untold.set(finding.key, [...(untold.get(finding.key) ?? []), transition]);
    },
    tellRest: (finding, object) => {
      for (const transition of untold.get(finding.key) ?? []) recordTransition(options, finding, transition, object);
      untold.delete(finding.key);
    },
    forget: (key) => void untold.delete(key),
  };
};
