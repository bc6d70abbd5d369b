// What the kubelet says of a pod's containers, of every kind.
import { list, object, text, type Raw } from './read.ts';

export const containerStatusesOf = (status: unknown): readonly Raw[] => {
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = object(status);
  return [containerStatuses, initContainerStatuses, ephemeralContainerStatuses].flatMap(list).map(object);
};

/** Without the runtime's prefix; of each container also the one that it ran before, whose events may still come. */
export const containerIdsOf = (status: unknown): readonly { readonly id: string; readonly container: string }[] =>
  containerStatusesOf(status).flatMap(({ name, containerID, lastState }) =>
    [containerID, object(object(lastState)['terminated'])['containerID']]
      .map((each) => text(each).replace(/^[a-z0-9.+-]+:\/\//, ''))
      .filter((id) => id !== '')
      .map((id) => ({ id, container: text(name) })),
  );

/**
 * Of `registry/app@sha256:…`, with or without a prefix of the runtime. An image that came from no registry has only an id of its own, which
 * differs from node to node: that is no digest.
 */
export const digestIn = (imageId: unknown): string | undefined => /@(sha256:[0-9a-f]{64})$/.exec(text(imageId))?.[1];
