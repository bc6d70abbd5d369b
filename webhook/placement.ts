// Pods and the controllers of pods: whether what is about to be created would run protected.
import { answerPlacement, type PlacementQuestion } from '../domain/placement/answer.ts';
import { decidePlacement } from '../domain/placement/decide.ts';
import { withRuntimeClass } from '../domain/placement/runtime-class.ts';
import { daemonSetTolerations } from '../domain/placement/fit.ts';
import type { OwnerReference } from '../domain/types.ts';
import { controllerOf, metadataOf } from '../facts/metadata.ts';
import { projectPodShape } from '../facts/pod-shape.ts';
import { object, text, type Raw } from '../facts/read.ts';
import { projectScheduling } from '../facts/scheduling.ts';
import type { Cluster } from './cluster.ts';
import type { AdmissionRequest, Ruling } from './review.ts';
import type { Webhook } from './server.ts';

export const createPodWebhook =
  (cluster: Cluster, now: () => number): Webhook =>
  (request) => {
    const { operation, subResource, kind } = request;
    const isNew = operation === 'CREATE' && (subResource ?? '') === '';
    // An ephemeral container brings new code to where the pod runs already.
    const isAddition = operation === 'UPDATE' && subResource === 'ephemeralcontainers';
    if (kind.kind !== 'Pod' || kind.group !== '' || (!isNew && !isAddition) || isOnItsWayOut(request)) return skipped;
    // The kubelet runs a static pod whatever is said of its mirror.
    if (object(object(object(request.object).metadata).annotations)['kubernetes.io/config.mirror'] !== undefined)
      return skipped;
    return rule(cluster, request, object(request.object), controllerOf(request.object), now());
  };

export const createControllerWebhook =
  (cluster: Cluster, now: () => number): Webhook =>
  (request) => {
    const { kind, operation, subResource, object: after, oldObject: before } = request;
    if ((operation !== 'CREATE' && operation !== 'UPDATE') || (subResource ?? '') !== '' || isOnItsWayOut(request))
      return skipped;
    const template = templateOf(kind.kind, after);
    if (template === undefined) return skipped;
    // Its owner was warned of.
    if (controllerOf(after) !== undefined) return { ...skipped, verdict: 'Owned' };
    // Scaling and annotating change nothing about where pods run.
    if (operation === 'UPDATE' && JSON.stringify(template) === JSON.stringify(templateOf(kind.kind, before)))
      return skipped;
    const itself: OwnerReference = {
      apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
      kind: kind.kind,
      name: request.name ?? metadataOf(after)?.name ?? '',
    };
    return rule(cluster, request, template, itself, now());
  };

const skipped: Ruling = { allowed: true, verdict: 'Skipped' };

const isOnItsWayOut = ({ object: after }: AdmissionRequest): boolean =>
  object(object(after).metadata).deletionTimestamp !== undefined &&
  object(object(after).metadata).deletionTimestamp !== null;

const rule = (
  cluster: Cluster,
  request: AdmissionRequest,
  pod: Raw,
  owner: OwnerReference | undefined,
  now: number,
): Ruling => {
  const kind = request.kind.kind;
  const { allowed, message, warnings, auditAnnotations, verdict } = decide(
    cluster,
    questionOf(cluster, request, pod, owner),
    kind,
    now,
  );
  return { allowed, message, warnings, auditAnnotations, verdict };
};

const decide = (cluster: Cluster, question: PlacementQuestion, kind: string, now: number) => {
  const answer = answerPlacement(question, cluster.picture(now), now);
  return { ...decidePlacement(answer, kind), verdict: answer.kind === 'Judged' ? answer.verdict : answer.kind };
};

const questionOf = (
  cluster: Cluster,
  { kind, namespace = '' }: AdmissionRequest,
  pod: Raw,
  owner: OwnerReference | undefined,
): PlacementQuestion => {
  const written = projectScheduling(pod.spec);
  const runtimeClass = written.runtimeClass === undefined ? undefined : cluster.runtimeClass(written.runtimeClass);
  const scheduling = withRuntimeClass(written, runtimeClass);
  const shape = projectPodShape(pod);
  return {
    kind: kind.kind,
    namespace,
    namespaceLabels: cluster.namespaceLabels(namespace),
    shape,
    scheduling:
      kind.kind === 'DaemonSet'
        ? { ...scheduling, tolerations: [...scheduling.tolerations, ...daemonSetTolerations(shape.hostNetwork)] }
        : scheduling,
    handler: runtimeClass?.handler ?? written.runtimeClass,
    owner,
  };
};

const controllerKinds = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
]);

const templateOf = (kind: string, raw: unknown): Raw | undefined => {
  const spec = object(object(raw).spec);
  const template =
    kind === 'CronJob'
      ? object(object(spec.jobTemplate).spec).template
      : controllerKinds.has(text(kind))
        ? spec.template
        : undefined;
  return template === undefined || template === null ? undefined : object(template);
};
