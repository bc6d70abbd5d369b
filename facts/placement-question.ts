// A pod, or a controller's template of pods → the question whether it would run protected. The webhook and `kubectl protection check`
// ask the same one, so that what passes before the cluster passes at its door.
import { daemonSetTolerations } from '../domain/placement/fit.ts';
import type { PlacementQuestion } from '../domain/placement/answer.ts';
import { withRuntimeClass } from '../domain/placement/runtime-class.ts';
import type { Labels, OwnerReference, RuntimeClassFacts } from '../domain/types.ts';
import { projectPodShape } from './pod-shape.ts';
import type { Raw } from './read.ts';
import { projectScheduling } from './scheduling.ts';

/** What else is there that decides on the pod. */
export interface Surroundings {
  readonly namespaceLabels: (name: string) => Labels;
  readonly runtimeClass: (name: string) => RuntimeClassFacts | undefined;
}

export interface PodToCome {
  /** Of what is asked about: `Pod`, `Deployment`, … */
  readonly kind: string;
  readonly namespace: string;
  /** With `metadata` and `spec` as pods have them. */
  readonly pod: Raw;
  readonly owner: OwnerReference | undefined;
}

export const placementQuestion = (
  { kind, namespace, pod, owner }: PodToCome,
  { namespaceLabels, runtimeClass }: Surroundings,
): PlacementQuestion => {
  const written = projectScheduling(pod.spec);
  const sandbox = written.runtimeClass === undefined ? undefined : runtimeClass(written.runtimeClass);
  const scheduling = withRuntimeClass(written, sandbox);
  const shape = projectPodShape(pod);
  return {
    kind,
    namespace,
    namespaceLabels: namespaceLabels(namespace),
    shape,
    scheduling:
      kind === 'DaemonSet'
        ? { ...scheduling, tolerations: [...scheduling.tolerations, ...daemonSetTolerations(shape.hostNetwork)] }
        : scheduling,
    handler: sandbox?.handler ?? written.runtimeClass,
    owner,
  };
};
