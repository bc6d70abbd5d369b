// What the cluster stores, as the events that are to be told of it. So nothing has to be remembered beside it: whoever leads makes the
// same events of the same objects, and an annotation says how far the sink was told.
import type { StandingFinding } from '../../domain/findings/finding-object.ts';
import { findingEvents, snapshotEvent, type CloudEvent } from '../../domain/findings/cloud-event.ts';
import { isObject, object, text, textOrNone } from '../../facts/read.ts';
import { resources, type Resource } from '../../kube/resource.ts';
import type { RawObject } from '../watches.ts';

/** On the object itself: the id of the last event that the sink has accepted. */
export const toldAnnotation = 'workloadprotection.dev/cloudevents-told';

export interface Deliverable {
  readonly resource: Resource;
  readonly object: RawObject;
  /** All that there is to tell of it, the oldest first. */
  readonly events: readonly CloudEvent[];
  /** Id of the last that was told; undefined where none was. */
  readonly told: string | undefined;
}

export const findingDeliverable = (raw: RawObject, cluster: string): Deliverable => ({
  resource: resources.findings,
  object: raw,
  events: eventsOf(raw, cluster),
  told: toldOf(raw),
});

const eventsOf = (raw: RawObject, cluster: string): readonly CloudEvent[] => {
  const finding = standingFinding(raw);
  return finding === undefined ? [] : findingEvents(finding, cluster);
};

/** Undefined where the operator has not come to it yet, and of a tombstone, which repeats what was told of another finding. */
export const standingFinding = (raw: RawObject): StandingFinding | undefined => {
  const { spec, status } = raw as { readonly spec?: unknown; readonly status?: unknown };
  if (!isObject(status) || status['tombstone'] !== undefined || textOrNone(status['behaviour']) === undefined)
    return undefined;
  const file = { phase: 'New', ...object(object(spec)['case']) };
  // The API server has checked it by the schema.
  return { metadata: raw.metadata, spec: { case: file }, status } as unknown as StandingFinding;
};

/** A report that is no snapshot, or none yet, has nothing to tell; nor has one that was taken elsewhere and imported. */
export const snapshotDeliverable = (raw: RawObject, cluster: string): Deliverable => {
  const { spec, status } = raw as { readonly spec?: unknown; readonly status?: unknown };
  const snapshot = object(object(status)['snapshot']);
  const { name, uid } = raw.metadata;
  const digest = textOrNone(snapshot['digest']);
  const taken = {
    name,
    uid,
    of: text(object(object(spec)['snapshotOf'])['name']),
    takenAt: text(snapshot['takenAt']),
    digest: digest ?? '',
  };
  return {
    resource: resources.coverageReports,
    object: raw,
    events: digest === undefined || snapshot['imported'] === true ? [] : [snapshotEvent(taken, cluster)],
    told: toldOf(raw),
  };
};

const toldOf = ({ metadata }: RawObject): string | undefined =>
  textOrNone(object(object(metadata)['annotations'])[toldAnnotation]);
