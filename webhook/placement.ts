// Pods and the controllers of pods: whether what is about to be created would run protected.
import type { Answer } from '../domain/placement/answer.ts';
import { createAnswerer, type Answerer } from '../domain/placement/remembered-answers.ts';
import { createDecider, type Decider } from '../domain/placement/remembered-decisions.ts';
import type { Emergency } from '../domain/placement/wording.ts';
import type { OwnerReference } from '../domain/types.ts';
import { breakGlassOf } from '../facts/break-glass.ts';
import { controllerOf } from '../facts/metadata.ts';
import { placementQuestion } from '../facts/placement-question.ts';
import { ownerReferenceTo, podTemplateOf } from '../facts/pod-template.ts';
import { object, textOrNone, type Raw } from '../facts/read.ts';
import type { Cluster } from './cluster.ts';
import type { AdmissionRequest, Ruling } from './review.ts';
import type { Webhook } from './server.ts';

export const createPodWebhook =
  (cluster: Cluster, now: () => number, judges = createJudges()): Webhook =>
  (request) => {
    const { operation, subResource, kind } = request;
    const isNew = operation === 'CREATE' && (subResource ?? '') === '';
    // An ephemeral container brings new code to where the pod runs already.
    const isAddition = operation === 'UPDATE' && subResource === 'ephemeralcontainers';
    if (kind.kind !== 'Pod' || kind.group !== '' || (!isNew && !isAddition) || isOnItsWayOut(request)) return skipped;
    if (isMirror(request.object)) return skipped;
    return rule(
      { cluster, ...judges },
      request,
      { pod: object(request.object), owner: controllerOf(request.object) },
      now(),
    );
  };

/** Reads a pod; undefined where it is not there, or could not be read in time. */
export type PodLookup = (namespace: string, name: string) => Promise<unknown>;

/** The scheduler has chosen: the only moment at which the very node is known. It comes without the pod, which is read. */
export const createBindingWebhook =
  (cluster: Cluster, lookUpPod: PodLookup, now: () => number, judges = createJudges()): Webhook =>
  async (request) => {
    const { kind, operation, namespace = '', name = '' } = request;
    const { target } = object(request.object);
    const node = textOrNone(object(target).name);
    if (kind.kind !== 'Binding' || operation !== 'CREATE' || node === undefined) return skipped;
    const pod = object(await lookUpPod(namespace, name));
    // Not judged is let through: a cluster that cannot place pods is worse than one pod unprotected.
    if (pod.spec === undefined) return { allowed: true, verdict: 'Unread' };
    if (isGoing(pod) || isMirror(pod)) return skipped;
    const bound = { ...pod, spec: { ...object(pod.spec), nodeName: node } };
    const asked = { ...request, kind: { group: '', version: 'v1', kind: 'Pod' }, object: bound };
    return rule({ cluster, ...judges }, asked, { pod: bound, owner: controllerOf(pod) }, now());
  };

export const createControllerWebhook =
  (cluster: Cluster, now: () => number, judges = createJudges()): Webhook =>
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
    const old = operation === 'UPDATE' ? podTemplateOf(kind.kind, before) : undefined;
    return rule({ cluster, ...judges }, request, { pod: template, owner: itself, before: old }, now());
  };

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const isOnItsWayOut = ({ object: after }: AdmissionRequest): boolean => isGoing(after);

const isGoing = (raw: unknown): boolean =>
  object(object(raw).metadata).deletionTimestamp !== undefined &&
  object(object(raw).metadata).deletionTimestamp !== null;

/** The kubelet runs a static pod whatever is said of its mirror. */
const isMirror = (raw: unknown): boolean =>
  object(object(object(raw).metadata).annotations)['kubernetes.io/config.mirror'] !== undefined;

interface Judges {
  readonly answer: Answerer;
  readonly decide: Decider;
}

/** Each webhook remembers what it has answered. */
const createJudges = (): Judges => ({ answer: createAnswerer(), decide: createDecider() });

/** A pod to come, or a template of pods, with the template that it replaces. */
interface Subject {
  readonly pod: Raw;
  readonly owner: OwnerReference | undefined;
  readonly before?: Raw | undefined;
}

const rule = (
  { cluster, answer, decide }: Judges & { readonly cluster: Cluster },
  request: AdmissionRequest,
  { pod, owner, before }: Subject,
  now: number,
): Ruling => {
  const kind = request.kind.kind;
  const ask = (template: Raw): Answer =>
    answer(
      placementQuestion({ kind, namespace: request.namespace ?? '', pod: template, owner }, cluster),
      cluster.picture(now),
      now,
    );
  const found = ask(pod);
  const decision = decide(found, kind, {
    emergency: emergencyOf(pod, now),
    before: before && ask(before),
  });
  return { ...decision, verdict: found.kind === 'Judged' ? found.verdict : found.kind };
};

/** A break-glass whose end is past holds no more. */
const emergencyOf = (pod: Raw, now: number): Emergency | undefined => {
  const asked = breakGlassOf(pod);
  return asked?.ok === true && asked.value.until <= now
    ? { ok: false, problem: `its end, ${new Date(asked.value.until).toISOString()}, is past` }
    : asked;
};
