// In which versions node-agent runs, by its DaemonSets: its environment says, or else the tag of its image.
import { isVersion } from '../../domain/version.ts';
import { list, object, text } from '../read.ts';

export const agentVersions = (daemonSets: readonly unknown[]): readonly string[] => {
  const versions = daemonSets.flatMap((daemonSet) => {
    const { containers } = object(object(object(object(daemonSet).spec).template).spec);
    return list(containers).flatMap((item) => {
      const { name, image, env } = object(item);
      if (name !== 'node-agent') return [];
      const said = list(env)
        .map(object)
        .find((variable) => variable.name === 'AGENT_VERSION')?.value;
      return [text(said), tagOf(text(image))].filter(isVersion).slice(0, 1);
    });
  });
  return [...new Set(versions)].toSorted();
};

/** Empty where the image has none; the port of a registry is not one. */
const tagOf = (image: string): string => /:([\w][\w.-]*)(?:@\S+)?$/.exec(image)?.[1] ?? '';
