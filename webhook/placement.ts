// Pods and the controllers of pods: whether what is about to be created would run protected.
import type { PlacementQuestion } from '../domain/placement/answer.ts';
import { decidePlacement } from '../domain/placement/decide.ts';
import { createAnswerer, type Answerer } from '../domain/placement/remembered-answers.ts';
import type { OwnerReference } from '../domain/types.ts';
import { controllerOf } from '../facts/metadata.ts';
import { placementQuestion } from '../facts/placement-question.ts';
import { ownerReferenceTo, podTemplateOf } from '../facts/pod-template.ts';
import { object, type Raw } from '../facts/read.ts';
import type { Cluster } from './cluster.ts';
import type { AdmissionRequest, Ruling } from './review.ts';
import type { Webhook } from './server.ts';

export const createPodWebhook =
  (cluster: Cluster, now: () => number, answer = createAnswerer()): Webhook =>
  (request) => {
    const { operation, subResource, kind } = request;
    const isNew = operation === 'CREATE' && (subResource ?? '') === '';
    // An ephemeral container brings new code to where the pod runs already.
    const isAddition = operation === 'UPDATE' && subResource === 'ephemeralcontainers';
    if (kind.kind !== 'Pod' || kind.group !== '' || (!isNew && !isAddition) || isOnItsWayOut(request)) return skipped;
    // The kubelet runs a static pod whatever is said of its mirror.
    if (object(object(object(request.object).metadata).annotations)['kubernetes.io/config.mirror'] !== undefined)
      return skipped;
    return rule({ cluster, answer }, request, object(request.object), controllerOf(request.object), now());
  };

export const createControllerWebhook =
  (cluster: Cluster, now: () => number, answer = createAnswerer()): Webhook =>
  (request) => {
    const { kind, operation, subResource, object: after, oldObject: before } = request;
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || (subResource ?? '') !== '' || isOnItsWayOut(request))
      return skipped;
    const template = podTemplateOf(kind.kind, after);
    if (template === undefined) return skipped;
    // Its owner was warned of.
    if (controllerOf(after) !== undefined) return { ...skipped, verdict: 'Owned' };
    // Scaling and annotating change nothing about where pods run.
    if (operation === 'UPDATE' && JSON.stringify(template) === JSON.stringify(podTemplateOf(kind.kind, before)))
      return skipped;
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
    const itself = ownerReferenceTo(apiVersion, kind.kind, after, request.name);
    return rule({ cluster, answer }, request, template, itself, now());
  };

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const isOnItsWayOut = ({ object: after }: AdmissionRequest): boolean =>
  object(object(after).metadata).deletionTimestamp !== undefined &&
  object(object(after).metadata).deletionTimestamp !== null;

interface Answering {
  readonly cluster: Cluster;
  readonly answer: Answerer;
}

const rule = (
  { cluster, answer }: Answering,
  request: AdmissionRequest,
  pod: Raw,
  owner: OwnerReference | undefined,
  now: number,
): Ruling => {
  const kind = request.kind.kind;
  const question = placementQuestion({ kind, namespace: request.namespace ?? '', pod, owner }, cluster);
  const { allowed, message, warnings, auditAnnotations, verdict } = decide({ cluster, answer }, question, kind, now);
  return { allowed, message, warnings, auditAnnotations, verdict };
};

const decide = ({ cluster, answer }: Answering, question: PlacementQuestion, kind: string, now: number) => {
  const found = answer(question, cluster.picture(now), now);
  return { ...decidePlacement(found, kind), verdict: found.kind === 'Judged' ? found.verdict : found.kind };
};
