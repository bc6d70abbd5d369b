// All findings of the cluster, in the leader's memory: events come in from the journal, time passes, people work on cases; and what
// differs from what is stored is written, with the places in the journal that it includes.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import type { Transition } from '../../../domain/findings/life-cycle.ts';
import type { Listening } from '../../../domain/findings/quiet-clock.ts';
import type { Policy } from '../../../domain/types.ts';
import type { Listeners } from '../ears.ts';
import { createPlaces } from '../identity.ts';
import { createFollowCase } from './follow-case.ts';
import { createJudgeEvidence } from './judge-evidence.ts';
import type { LiveFinding } from './live-finding.ts';
import { createLookAtFinding, type LookAtFindingOptions } from './look-at-finding.ts';
import { createNamedBehaviours } from './named-behaviours.ts';
import { createFindingRegistry, type FindingRegistry } from './registry.ts';
import { createSightNodes } from './sight-nodes.ts';
import { createSight } from './sight.ts';
import { createSeeStored, type SeeStored, type SeeStoredOptions } from './see-stored.ts';
import { createTakeEvent, type TakeEvent, type TakeEventOptions } from './take-event.ts';
import { createWritten, type Proof, type Written } from './written.ts';

export interface FindingBook extends Pick<FindingRegistry, 'get' | 'all' | 'full'>, Omit<Written, 'touch'> {
  readonly take: TakeEvent;
  /** Time has passed, or the fleet has changed: who listens now, and what follows. `deaf`: the operator itself heard nothing in that time. */
  readonly look: (listeners: Listeners, now: number, elapsed: number, deaf?: Listening) => void;
  /** What stands in the cluster. */
  readonly seen: SeeStored;
  /** Follows what people have decided. */
  readonly follow: (key: string, now: number) => void;
  /** What stands in the cluster of it is not our word, and is to be. */
  readonly overwritten: (key: string) => void;
}

export interface FindingBookOptions
  extends
    Pick<TakeEventOptions, 'pod' | 'container' | 'hold' | 'onUnattributed'>,
    Pick<LookAtFindingOptions, 'cgroups' | 'reader' | 'readSoon'>,
    Pick<SeeStoredOptions, 'isTerminating' | 'aliveUntil'> {
  readonly model: Pick<CoverageModel, 'inventory' | 'agents' | 'namespaceLabels'>;
  readonly policies: () => readonly Policy[];
  readonly operatorNamespace: string;
  /** Findings of one namespace, with those that are resolved and kept; further ones are counted and not made. */
  readonly mostPerNamespace: number;
  readonly enqueue: (key: string, isUrgent: boolean) => void;
  readonly onTransition: (finding: LiveFinding, transition: Transition) => void;
  readonly proof: Proof;
}

export const createFindingBook = (options: FindingBookOptions): FindingBook => {
  const { model, cgroups, reader, readSoon, operatorNamespace, isTerminating, onTransition } = options;
  const findings = createFindingRegistry(options.mostPerNamespace);
  const { touch, ...written } = createWritten(findings, options.enqueue, options.proof);
  const named = createNamedBehaviours(options.policies);
  const places = createPlaces(operatorNamespace);
  const sight = createSight({ findings, places, touch, isTerminating, onTransition });
  const { pod, container, hold, onUnattributed } = options;
  const take = createTakeEvent({ model, pod, container, hold, onUnattributed, named, places, sight });
  const sightNodes = createSightNodes({
    model,
    findings,
    named,
    cgroups,
    operatorNamespace,
    sight,
    touch,
    onTransition,
  });
  const judgeEvidence = createJudgeEvidence(model, named);
  const lookAt = createLookAtFinding({ model, named, judgeEvidence, cgroups, reader, readSoon, touch, onTransition });
  const followCase = createFollowCase({ touch, onTransition });

  return {
    take,
    look: (listeners, now, elapsed, deaf) => {
      sightNodes(now);
      const look = { listeners, now, elapsed, deaf };
      for (const finding of findings.all()) {
        if (finding.record.state.phase !== 'Resolved') lookAt(finding, look);
      }
    },
    get: findings.get,
    all: findings.all,
    full: findings.full,
    seen: createSeeStored({ findings, touch, isTerminating, aliveUntil: options.aliveUntil }),
    follow: (key, now) => {
      const finding = findings.get(key);
      if (finding !== undefined) followCase(finding, now);
    },
    overwritten: (key) => {
      const finding = findings.get(key);
      if (finding !== undefined) touch(finding, true);
    },
    ...written,
  };
};
