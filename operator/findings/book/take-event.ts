// An event comes in: whose it is, which behaviours it shows by the policies of now, and that each of them has been seen.
import type { CoverageModel } from '../../../domain/coverage/model.ts';
import { attribute, type AttributionInput, type UnattributedReason } from '../../../domain/findings/attribute.ts';
import { classify, type ClassifyContext, type TermsMemory } from '../../../domain/findings/classify.ts';
import { evidenceOf } from '../../../domain/findings/evidence.ts';
import { createRulesDigest } from '../../../domain/findings/rules-digest.ts';
import type { JournalPlace } from '../../../domain/findings/record.ts';
import type { FindingSubject, SecurityEvent } from '../../../domain/findings/types.ts';
import type { Places } from '../identity.ts';
import type { EventOutcome } from './event-outcome.ts';
import type { NamedBehaviours } from './named-behaviours.ts';
import { reportingAgent } from './reporting-agent.ts';
import { selectingOf } from './selecting-policies.ts';
import type { Sight } from './sight.ts';

export interface TakenEvent {
  readonly event: SecurityEvent;
  /** The node that its sender is limited to. */
  readonly senderNode: string | undefined;
  readonly receivedAt: number;
  /** Where it lay first, by which a replay is known. */
  readonly place: JournalPlace;
  /** In the journal that is being worked in. */
  readonly position: number;
}

export type TakeEvent = (taken: TakenEvent) => EventOutcome;

export interface TakeEventOptions {
  readonly model: Pick<CoverageModel, 'inventory' | 'agents'>;
  readonly pod: AttributionInput['pod'];
  readonly container: AttributionInput['container'];
  /** The containers of the node may tell whose that id is. True: the event will be brought again once they are known. */
  readonly hold: (node: string, id: string, receivedAt: number) => boolean;
  readonly onUnattributed: (
    node: string | undefined,
    reason: UnattributedReason,
    message: string,
    event: SecurityEvent,
    agent: string | undefined,
  ) => void;
  readonly named: NamedBehaviours;
  readonly places: Pick<Places, 'subjectOf'>;
  readonly sight: Sight;
}

export const createTakeEvent = (options: TakeEventOptions): TakeEvent => {
  const { model, pod: findPod, container, hold, onUnattributed, named, places, sight } = options;
  const memory: TermsMemory = new WeakMap();
  const digest = createRulesDigest();
  const isNode = (name: string): boolean => model.inventory.nodes.get(name)?.facts !== undefined;

  return ({ event, senderNode, receivedAt, place, position }) => {
    if (event.isInternal === true) return 'internal';
    const whose = attribute({ origin: event.origin, senderNode, pod: findPod, isNode, container });
    if (whose.kind === 'Refused') return 'refused';
    if (whose.kind === 'Unattributed') {
      const { lookUp } = whose;
      if (lookUp !== undefined && hold(lookUp.node, lookUp.id, receivedAt)) return 'held';
      const agent = reportingAgent(model, event.agentType, whose.node);
      onUnattributed(whose.node, whose.reason, whose.message, event, agent);
      return 'unattributed';
    }
    const subject: FindingSubject =
      whose.kind === 'Node'
        ? { kind: 'Node', namespace: undefined, name: whose.node, container: undefined }
        : places.subjectOf(whose.pod.workload, whose.pod.namespace, whose.container);
    const pod = whose.kind === 'Container' ? whose.pod : undefined;
    const image = whose.kind === 'Container' ? whose.image : undefined;
    const context: ClassifyContext = {
      namespace: subject.namespace,
      workload: subject.kind === 'Node' ? undefined : subject.name,
      container: subject.container,
      image,
      podAge: pod && happenedAt(event.at, receivedAt, pod.createdAt) - pod.createdAt,
      selecting: selectingOf(model, subject, pod),
      named: named(),
      memory,
    };
    const behaviours = classify(event, context);
    if (behaviours.length === 0) return 'signal';
    const agent = reportingAgent(model, event.agentType, whose.node);
    // No event happened after it was received or before there was its pod, whatever the clock of its node says.
    const seen = {
      at: Math.min(Math.max(event.at, pod?.createdAt ?? 0), receivedAt),
      agent,
      node: whose.node,
      pod: pod?.name,
      podAge: context.podAge,
    };
    const outcomes = behaviours.map((behaving) => {
      const countedBy = digest(behaving.behaviour, context.selecting, context.named);
      const kept = evidenceOf(event, { ...seen, countedBy });
      return sight(
        { subject, behaving, image, pod: pod?.name, node: whose.node, agent, event: kept, place },
        receivedAt,
        position,
        pod?.createdAt,
      );
    });
    return outcomes.includes('finding') ? 'finding' : (outcomes[0] ?? 'signal');
  };
};

/** By the agent's clock, unless that is behind the pod's beginning: events may come late, or be of a node whose clock is wrong. */
const happenedAt = (at: number, receivedAt: number, podCreatedAt: number): number =>
  at >= podCreatedAt ? Math.min(at, receivedAt) : receivedAt;
