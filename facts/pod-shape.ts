// A pod, or a template of pods → what all pods of one template have in common.
import type { Labels, PodShape } from '../domain/types.ts';
import { containersOf, literalEnv } from './containers.ts';
import { list, object, type Raw, text, textMap, textOrNone } from './read.ts';

/** Of anything with `metadata` and `spec` as pods have them: a pod, a controller's template. */
export const projectPodShape = (template: unknown): PodShape => {
  const { metadata, spec: rawSpec } = object(template);
  const spec = object(rawSpec);
  const containers = containersOf(spec);
  return {
    labels: textMap(object(metadata).labels),
    ...heededAnnotations(textMap(object(metadata).annotations)),
    containers: containers.map(({ role, raw }) => ({
      name: text(raw.name),
      image: text(raw.image),
      role,
      ...switchesOf(raw),
    })),
    runtimeClass: textOrNone(spec.runtimeClassName),
    privileged: isHostProcess(spec) || containers.some(({ raw }) => isPrivileged(raw)),
    hostPID: spec.hostPID === true,
    hostNetwork: spec.hostNetwork === true,
    hostPath: list(spec.volumes).some((volume) => object(object(volume).hostPath).path !== undefined),
  };
};

/** By which a pod takes itself out of an agent's protection. Others may be long, and are none of our business. */
const heeded: readonly string[] = ['kubearmor-policy'];

const heededAnnotations = (annotations: Labels): Pick<PodShape, 'annotations'> => {
  const kept = heeded.flatMap((key) => (annotations[key] === undefined ? [] : [[key, annotations[key]] as const]));
  return kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) };
};

/** Words that switch. Other values of the environment, secrets among them, are none of our business. */
const switchWords = /^(?:true|false|yes|no|on|off|enabled|disabled|[01])$/i;

const switchesOf = (container: Raw): { readonly switches?: Readonly<Record<string, string>> } => {
  // Nearly every container.
  if (!list(container.env).some((variable) => switchWords.test(text(object(variable).value)))) return {};
  const switches = Object.entries(literalEnv(container)).filter(([, value]) => switchWords.test(value));
  return switches.length === 0 ? {} : { switches: Object.fromEntries(switches) };
};

const isPrivileged = (container: Raw): boolean =>
  object(container.securityContext).privileged === true || isHostProcess(container);

/** What privileged is on Windows: said for the pod or for a container. */
const isHostProcess = (podOrContainer: Raw): boolean =>
  object(object(podOrContainer.securityContext).windowsOptions).hostProcess === true;
