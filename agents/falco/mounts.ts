// Which files of ConfigMaps Falco's container finds where, out of its DaemonSet's volumes and mounts.
import type { ConfigMapContent } from '../agent.ts';
import { list, object, text, textOrNone, type Raw } from '../read.ts';

export interface MountedFile {
  readonly configMap: ConfigMapContent;
  readonly key: string;
  readonly text: string;
}

/** By absolute path. Binary data is left out: rules and settings are text. */
export const mountedFiles = (
  daemonSet: Raw,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): ReadonlyMap<string, MountedFile> => {
  const spec = podSpecOf(daemonSet);
  const volumes = volumesOf(daemonSet, configMaps);
  const files = new Map<string, MountedFile>();
  for (const mount of list(falcoContainer(spec).volumeMounts).map(object)) {
    const [path, subPath] = [trimSlash(text(mount.mountPath)), textOrNone(mount.subPath)];
    for (const [within, file] of volumes.get(text(mount.name)) ?? []) {
      const rest = subPath === undefined ? `/${within}` : belowSubPath(within, trimSlash(subPath));
      if (rest !== undefined) files.set(`${path}${rest}`, file);
    }
  }
  return files;
};

/** Every ConfigMap that the pod mounts, in whichever container. */
export const mountedConfigMaps = (
  daemonSet: Raw,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): readonly ConfigMapContent[] => [
  ...new Set(
    [...volumesOf(daemonSet, configMaps).values()].flatMap((files) => files.map(([, { configMap }]) => configMap)),
  ),
];

export const podSpecOf = (daemonSet: Raw): Raw => object(object(object(daemonSet.spec).template).spec);

export const configMapKey = (namespace: string, name: string): string => `${namespace}/${name}`;

type VolumeFiles = readonly (readonly [within: string, file: MountedFile])[];

const volumesOf = (
  daemonSet: Raw,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): ReadonlyMap<string, VolumeFiles> => {
  const namespace = text(object(daemonSet.metadata).namespace);
  const filesOf = (source: Raw): VolumeFiles => {
    const configMap = configMaps.get(configMapKey(namespace, text(source.name)));
    return configMap === undefined ? [] : contentsOf(configMap, source);
  };
  return new Map(
    list(podSpecOf(daemonSet).volumes)
      .map(object)
      .map((volume) => [
        text(volume.name),
        [
          ...filesOf(object(volume.configMap)),
          ...list(object(volume.projected).sources).flatMap((source) => filesOf(object(object(source).configMap))),
        ],
      ]),
  );
};

/** All keys under their own names, or those that `items` lists under the names that it gives. */
const contentsOf = (configMap: ConfigMapContent, source: Raw): VolumeFiles => {
  const fileOf = (key: string, path: string): VolumeFiles => {
    const content = Object.hasOwn(configMap.data, key) ? configMap.data[key] : undefined;
    return content === undefined || path === '' ? [] : [[path, { configMap, key, text: content }]];
  };
  const items = list(source.items).map(object);
  if (items.length > 0) return items.flatMap(({ key, path }) => fileOf(text(key), text(path)));
  return Object.keys(configMap.data).flatMap((key) => fileOf(key, key));
};

/** Empty for the file that is itself mounted. */
const belowSubPath = (within: string, subPath: string): string | undefined => {
  if (within === subPath) return '';
  return within.startsWith(`${subPath}/`) ? within.slice(subPath.length) : undefined;
};

const falcoContainer = (spec: Raw): Raw => {
  const containers = list(spec.containers).map(object);
  return (
    containers.find(({ name }) => name === 'falco') ??
    containers.find(({ image }) => /(?:^|\/)falco(?:-no-driver|-distroless)?(?:[:@]|$)/.test(text(image))) ??
    containers[0] ??
    {}
  );
};

const trimSlash = (path: string): string => path.replace(/\/+$/, '');
