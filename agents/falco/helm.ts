// Falco as its Helm chart installs it, or anyone who mounts ConfigMaps: rules and settings in ConfigMaps, more rules brought by falcoctl.
import type { ConfigMapContent } from '../agent.ts';
import { list, object, text, textMap, texts, textOrNone, type Raw } from '../read.ts';
import { isRulesArtifact, parseReference, rulesFileIn } from './artifact-names.ts';
import { baseName, type Installation, type SourceFile } from './installation.ts';
import { mountedConfigMaps, mountedFiles, podSpecOf, type MountedFile } from './mounts.ts';
import { parseRules } from './rules/items.ts';
import { defaultSettings, parseFalcoConfig, settingsOf, type RuleSettings } from './rules/settings.ts';

export interface HelmInput {
  readonly agent: string;
  readonly daemonSet: Raw;
  /** The name of the DaemonSet, with its namespace. */
  readonly name: string;
  readonly configMaps: ReadonlyMap<string, ConfigMapContent>;
  readonly digest: (text: string) => string;
  /** Further settings that Falco merges into falco.yaml, in order. */
  readonly configs?: readonly Raw[];
  readonly defaults?: RuleSettings;
}

export const helmInstallation = (input: HelmInput): Installation => {
  const { daemonSet, name, configMaps, configs = [], defaults = defaultSettings } = input;
  const mounted = mountedFiles(daemonSet, configMaps);
  const settings = readSettings(mounted);
  const artifacts = mountedConfigMaps(daemonSet, configMaps).flatMap((configMap) => artifactsOf(input, configMap));
  const files = [...mounted].map(([path, file]) => sourceOf(input, path, file));
  // A mounted file hides one of an artifact at the same place.
  const paths = new Set(files.map(({ path }) => path));
  return {
    name,
    nodeLabels: textMap(podSpecOf(daemonSet).nodeSelector),
    settings: settingsOf([...settings.configs, ...configs], defaults),
    sources: [
      ...files,
      ...artifacts.flatMap(({ source }) => (source === undefined || paths.has(source.path) ? [] : [source])),
    ],
    notes: [...settings.notes, ...artifacts.flatMap(({ note }) => note ?? [])],
  };
};

const readSettings = (
  mounted: ReadonlyMap<string, MountedFile>,
): { readonly configs: readonly Raw[]; readonly notes: readonly string[] } => {
  const paths = [...mounted.keys()].filter(
    (path) => path === '/etc/falco/falco.yaml' || path.startsWith('/etc/falco/config.d/'),
  );
  // falco.yaml first, then the files of config.d in order of their names.
  const ordered = paths.toSorted(
    (a, b) => Number(a.includes('config.d')) - Number(b.includes('config.d')) || (a < b ? -1 : 1),
  );
  const read = ordered.flatMap((path) => {
    const file = mounted.get(path);
    return file === undefined ? [] : [{ file, config: parseFalcoConfig(file.text) }];
  });
  return {
    configs: read.flatMap(({ config }) => (config === undefined ? [] : [config])),
    notes: read.flatMap(({ file, config }) =>
      config === undefined
        ? [
            `${file.key} in ConfigMap ${nameOf(file.configMap)} is not readable YAML, so Falco's own defaults are assumed instead.`,
          ]
        : [],
    ),
  };
};

const sourceOf = ({ agent, digest }: HelmInput, path: string, { configMap, key, text }: MountedFile): SourceFile => ({
  path,
  content: parseRules(text),
  policy: {
    agent,
    name: baseName(path),
    digest: digest(text),
    source: 'ConfigMap',
    declaredBy: { kind: 'ConfigMap', namespace: configMap.namespace, name: configMap.name },
  },
  mend: `${key} in ConfigMap ${nameOf(configMap)}`,
});

interface Artifact {
  readonly source?: SourceFile;
  readonly note?: string;
}

/** What falcoctl installs and follows, out of falcoctl.yaml: each as far as one of its containers does so. */
const artifactsOf = ({ agent, daemonSet }: HelmInput, configMap: ConfigMapContent): readonly Artifact[] => {
  const { 'falcoctl.yaml': written } = configMap.data;
  if (written === undefined) return [];
  const config = parseFalcoConfig(written);
  if (config === undefined)
    return [
      {
        note: `falcoctl.yaml in ConfigMap ${nameOf(configMap)} is not readable YAML, so the artifacts that falcoctl installs are not known.`,
      },
    ];
  const { initContainers, containers } = podSpecOf(daemonSet);
  const names = [...list(initContainers), ...list(containers)].map((container) => text(object(container).name));
  const steps = (['install', 'follow'] as const)
    .filter((step) => names.some((name) => name.includes(`artifact-${step}`)))
    .map((step) => object(object(config.artifact)[step]));
  const directory = steps.flatMap(({ rulesfilesDir }) => textOrNone(rulesfilesDir) ?? [])[0] ?? '/etc/falco';
  const references = new Set(steps.flatMap(({ refs }) => texts(refs)));
  return [...references].flatMap((reference): readonly Artifact[] => {
    const { name, tag } = parseReference(reference);
    if (!isRulesArtifact(name)) return [];
    const file = rulesFileIn(name);
    if (file === undefined)
      return [{ note: `No object says which rules files the artifact ${reference} brings, which falcoctl installs.` }];
    return [
      {
        source: {
          path: `${directory.replace(/\/+$/, '')}/${file}`,
          content: undefined,
          policy: {
            agent,
            name: file,
            ...(tag === undefined ? {} : { version: tag }),
            source: 'OCI',
            declaredBy: { kind: 'ConfigMap', namespace: configMap.namespace, name: configMap.name },
          },
          mend: `the artifact ${reference}`,
        },
      },
    ];
  });
};

const nameOf = ({ namespace, name }: ConfigMapContent): string => `${namespace}/${name}`;
