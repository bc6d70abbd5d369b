// What the pretended kubelets of the control plane read from a pod, and who names it.

/** A label: how the pod fares. Can be changed while the pod lives. */
export const podBehaviourLabel = 'e2e.workloadprotection.dev/pod-behaviour';

/** Annotations that say more. */
export const containerAnnotation = 'e2e.workloadprotection.dev/container';
export const exitCodeAnnotation = 'e2e.workloadprotection.dev/exit-code';
export const completesAfterAnnotation = 'e2e.workloadprotection.dev/completes-after';

export type PodBehaviour = 'ready' | 'not-ready' | 'crash-loop' | 'image-pull' | 'evicted' | 'pending';
