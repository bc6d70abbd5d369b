// How an agent is told from other containers. Every label can be overridden and every image mirrored, so no single mark is
// trusted: labels, container name and image are one kind of evidence each, and several must agree.
import { isFromRepository, parseImage } from './image.ts';
import { isEverything, matchesLabels } from './selector.ts';
import type { AgentDefinition, ContainerFacts, Labels, Recognition } from './types.ts';
import { isVersion } from './version.ts';

/** The container in which the agent was recognised. */
export interface RecognisedContainer {
  readonly container: ContainerFacts;
  /** From the image's tag, else from the label `app.kubernetes.io/version`; undefined where neither is a version. */
  readonly version: string | undefined;
}

/** The agent's container among `containers`; undefined where too little agrees. */
export const recognise = (
  recognition: Recognition,
  labels: Labels,
  containers: readonly ContainerFacts[],
): RecognisedContainer | undefined => {
  const { selector, containerNames, images } = recognition;
  // A selector that selects everything is no mark of anything.
  const hasSelector = selector !== undefined && !isEverything(selector);
  const byLabels = hasSelector && matchesLabels(selector, labels);
  const namesContainer = containerNames.length > 0 || images.length > 0;
  const kinds = [hasSelector, containerNames.length > 0, images.length > 0].filter(Boolean).length;
  // More evidence than is described cannot be asked for.
  const needed = Math.max(1, Math.min(recognition.minimumEvidence, kinds));
  let best: { container: ContainerFacts; agreeing: number } | undefined;
  for (const container of containers) {
    // What has run before the pod started, or was put into it to look around, watches nothing.
    if (container.role === 'init' || container.role === 'ephemeral') continue;
    const byName = containerNames.includes(container.name);
    const byImage = images.some((suffix) => isFromRepository(container.image, suffix));
    const agreeing = Number(byLabels) + Number(byName) + Number(byImage);
    // Where a container's mark is described, labels alone do not say which container is the agent's.
    if (namesContainer ? !byName && !byImage : !byLabels) continue;
    if (agreeing >= needed && agreeing > (best?.agreeing ?? 0)) best = { container, agreeing };
  }
  return best && { container: best.container, version: versionOf(best.container, labels) };
};

export const isInNamespace = (agent: AgentDefinition, namespace: string): boolean =>
  agent.namespaces.length === 0 || agent.namespaces.includes(namespace);

const versionOf = (container: ContainerFacts, labels: Labels): string | undefined =>
  [parseImage(container.image).tag, labels['app.kubernetes.io/version']].find(
    (candidate) => candidate !== undefined && isVersion(candidate),
  );
