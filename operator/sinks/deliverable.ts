// What the cluster stores, as the events that are to be told of it. So nothing has to be remembered beside it: whoever leads makes the
// same events of the same objects, and an annotation says how far the sink was told.
import type { StandingFinding } from '../../domain/findings/finding-object.ts';
import { findingEvents, snapshotEvent, type CloudEvent } from '../../domain/findings/cloud-event.ts';
import { isObject, object, text, textOrNone } from '../../facts/read.ts';
import { resources, type Resource } from '../../kube/resource.ts';
import type { RawObject } from '../watches.ts';

/** On the object itself: the id of the last event that the sink has accepted. */
export const toldAnnotation = 'workloadprotection.dev/cloudevents-told';

/** On a tombstone: namespace, name and uid of the finding that it was. */
const originAnnotation = 'workloadprotection.dev/tombstone-of';

/** What a tombstone has from the finding that it is made of, so that what is left to tell of that is told of this. */
export const originAnnotations = (finding: RawObject): Readonly<Record<string, string>> => {
  const { namespace = '', name, uid } = finding.metadata;
  const told = toldOf(finding);
  return {
    [originAnnotation]: `${namespace}/${name}/${uid}`,
    ...(told === undefined ? {} : { [toldAnnotation]: told }),
  };
};

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
  const finding = isTombstone(raw) ? buriedFinding(raw) : standingFinding(raw);
  if (finding === undefined) return [];
  const events = findingEvents(finding, cluster);
  // A tombstone has no case any more.
  return isTombstone(raw) ? events.map((event) => ({ ...event, data: { ...event.data, case: undefined } })) : events;
};

/** Under its own name; undefined of a tombstone that does not say whose it is. */
const buriedFinding = (raw: RawObject): StandingFinding | undefined => {
  const [namespace, name, uid] = annotationOf(raw, originAnnotation)?.split('/') ?? [];
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  const finding = readStanding(raw);
  return finding && { ...finding, metadata: { namespace, name, uid } };
};

/** Undefined where the operator has not come to it yet, and of a tombstone, which is no finding any more. */
export const standingFinding = (raw: RawObject): StandingFinding | undefined =>
  isTombstone(raw) ? undefined : readStanding(raw);

const isTombstone = (raw: RawObject): boolean =>
  object((raw as { readonly status?: unknown }).status)['tombstone'] !== undefined;

const readStanding = (raw: RawObject): StandingFinding | undefined => {
  const { spec, status } = raw as { readonly spec?: unknown; readonly status?: unknown };
  if (!isObject(status) || textOrNone(status['behaviour']) === undefined) return undefined;
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

const toldOf = (raw: RawObject): string | undefined => annotationOf(raw, toldAnnotation);

const annotationOf = ({ metadata }: RawObject, name: string): string | undefined =>
  textOrNone(object(object(metadata)['annotations'])[name]);
