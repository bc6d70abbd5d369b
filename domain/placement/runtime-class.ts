import type { RuntimeClassFacts, Scheduling } from '../types.ts';

/**
 * What the API server adds to a pod of the class when it is created. Templates do not have it yet; for a pod that has it already this
 * changes nothing.
 */
export const withRuntimeClass = (scheduling: Scheduling, runtimeClass: RuntimeClassFacts | undefined): Scheduling => {
  if (runtimeClass === undefined) return scheduling;
  const { nodeSelector, tolerations } = runtimeClass;
  return {
    ...scheduling,
    nodeSelector: { ...scheduling.nodeSelector, ...nodeSelector },
    tolerations: [...scheduling.tolerations, ...tolerations],
  };
};
