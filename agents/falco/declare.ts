// What the cluster's objects declare of Falco's rules: for each rules file its digest, its rules as Falco has them in the end, and
// what keeps it from being in force.
import type { DeclaredPolicy, Declarations, KnownContent } from '../../domain/telemetry/types.ts';
import type { ConfigMapContent, DeclareInput, DeclaringKind } from '../agent.ts';
import { isObject, list, object, text, type Raw } from '../read.ts';
import { readCatalogue } from './catalogue.ts';
import { helmInstallation } from './helm.ts';
import {
  baseName,
  placedFiles,
  unreadFiles,
  type CatalogueFile,
  type Installation,
  type PlacedFile,
  type SourceFile,
} from './installation.ts';
import { configMapKey, podSpecOf } from './mounts.ts';
import { effectiveRules } from './rules/effective.ts';
import { defaultSettings, type RuleSettings } from './rules/settings.ts';
import { artifactNodeNotes, configResources, rulesDirectory, rulesfileSources } from './rulesfile.ts';

const group = 'artifact.falcosecurity.dev';

export const declaringKinds: readonly DeclaringKind[] = [
  { group, version: 'v1alpha1', kind: 'Rulesfile', plural: 'rulesfiles', namespaced: true },
  { group, version: 'v1alpha1', kind: 'Config', plural: 'configs', namespaced: true },
  { group, version: 'v1alpha1', kind: 'ArtifactNode', plural: 'artifactnodes', namespaced: true },
];

export const declareFalco = (input: DeclareInput): Declarations => {
  const catalogue = readCatalogue(input);
  const installations = readInstallations(input);
  const policies = mergePolicies(installations.map((installation) => policiesOf(installation, catalogue.files)));
  return {
    policies: policies.map(({ policy }) => policy),
    contents: mergeContents([
      ...policies.flatMap(({ content }) => content ?? []),
      ...catalogue.files.flatMap((file) => catalogueContent(file, catalogue.files, installations)),
    ]),
    exclusions: [],
    notes: boundedNotes([...installations.flatMap(({ notes }) => notes), ...catalogue.notes]),
  };
};

/** They are read one after the other, in one message. */
const mostNotes = 20;

const boundedNotes = (notes: readonly string[]): readonly string[] => {
  const distinct = [...new Set(notes)];
  const more = distinct.length - mostNotes;
  return more <= 0 ? distinct : [...distinct.slice(0, mostNotes), `And ${more} more of this kind.`];
};

/** In order of their names, so that nothing depends on the order in which DaemonSets come. */
const readInstallations = (input: DeclareInput): readonly Installation[] => {
  const configMaps = new Map(
    input.configMaps.map((content) => [configMapKey(content.namespace, content.name), content]),
  );
  return input.daemonSets
    .filter(isObject)
    .map((daemonSet) => ({ daemonSet, name: nameOf(daemonSet) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ daemonSet, name }) => readInstallation(input, daemonSet, name, configMaps));
};

const readInstallation = (
  input: DeclareInput,
  daemonSet: Raw,
  name: string,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): Installation => {
  const { agent, digest } = input;
  if (!isByOperator(daemonSet)) return helmInstallation({ agent, digest, daemonSet, name, configMaps });
  const namespace = text(object(daemonSet.metadata).namespace);
  const { configs, notes } = configResources(input, namespace, configMaps);
  const installed = helmInstallation({
    agent,
    digest,
    daemonSet,
    name,
    configMaps,
    configs,
    defaults: operatorDefaults,
  });
  return {
    ...installed,
    sources: [...installed.sources, ...rulesfileSources(input, namespace, configMaps)],
    notes: [...installed.notes, ...notes, ...artifactNodeNotes(input, namespace)],
  };
};

/** Its plugins come by resources of their own, whose sources of events are not known here. */
const operatorDefaults: RuleSettings = { ...defaultSettings, rulesFiles: [rulesDirectory], hasSourcePlugin: true };

/** Its sidecar, an init container that goes on, writes the rules files. */
const isByOperator = (daemonSet: Raw): boolean => {
  const { initContainers, containers } = podSpecOf(daemonSet);
  return [...list(initContainers), ...list(containers)].some(
    (container) => object(container).name === 'artifact-operator',
  );
};

const nameOf = ({ metadata }: Raw): string => `${text(object(metadata).namespace)}/${text(object(metadata).name)}`;

interface Placed {
  readonly policy: DeclaredPolicy;
  /** What is loaded where its digest is, even where Falco is expected to refuse it. */
  readonly content?: KnownContent;
  readonly installation: Installation;
}

const policiesOf = (installation: Installation, catalogue: readonly CatalogueFile[]): readonly Placed[] => [
  ...placedFiles(installation, catalogue).flatMap((placed) => policyOf(placed, installation)),
  ...unreadFiles(installation).flatMap((source) => unreadPolicy(source, installation)),
];

const policyOf = ({ source, effective }: PlacedFile, installation: Installation): readonly Placed[] => {
  const { policy, content, mend } = source;
  if (policy === undefined) return [];
  // The rules of a file that only an artifact holds are told by the content of its digest.
  if (content === undefined || effective === undefined) return [{ policy, installation }];
  const { failure, rules } = effective;
  const known =
    policy.digest === undefined || content.failure !== undefined ? undefined : { digest: policy.digest, rules };
  const placed = { installation, ...(known === undefined ? {} : { content: known }) };
  if (failure === undefined) return [{ ...placed, policy: { ...policy, rules } }];
  const trouble = { cause: `Falco refuses ${policy.name} of ${describe(policy)}: ${failure}`, remedy: `Mend ${mend}` };
  const failed = rules.map((rule) => ({ ...rule, status: 'Failed' as const, message: failure }));
  return [{ ...placed, policy: { ...policy, rules: failed, trouble } }];
};

/** Rules that are brought to the node and stay unread; files that hold no rules are something else. */
const unreadPolicy = ({ policy, content, path }: SourceFile, installation: Installation): readonly Placed[] => {
  const hasRules = content === undefined || content.items.some(({ does }) => does === 'define');
  if (policy === undefined || !hasRules) return [];
  const trouble = {
    cause: `${describe(policy)} brings ${path}, and rules_files in falco.yaml does not name it, so Falco does not read it`,
    remedy: `Add ${path} to rules_files in falco.yaml (falco.rules_files in the values of the Falco chart)`,
  };
  return [{ policy: { ...policy, trouble }, installation }];
};

const describe = ({ declaredBy: { kind, namespace, name } }: DeclaredPolicy): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

/** What several DaemonSets have in common is declared once; what only one of several has is for its nodes. */
const mergePolicies = (byInstallation: readonly (readonly Placed[])[]): readonly Placed[] => {
  const merged = new Map<string, Placed[]>();
  for (const placed of byInstallation.flat()) {
    const { name, declaredBy } = placed.policy;
    const key = JSON.stringify([declaredBy, name]);
    merged.set(key, [...(merged.get(key) ?? []), placed]);
  }
  return [...merged.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    // One installation may have it at two places.
    const having = new Set([first, ...others].map(({ installation }) => installation)).size;
    const { nodeLabels } = first.installation;
    const needsSelector = having === 1 && byInstallation.length > 1 && Object.keys(nodeLabels).length > 0;
    if (!needsSelector || first.policy.nodeSelector !== undefined) return [first];
    return [{ ...first, policy: { ...first.policy, nodeSelector: { matchLabels: nodeLabels, matchExpressions: [] } } }];
  });
};

/** Its rules as they are where this very version of the file is loaded: with the changes that the declared files make. */
const catalogueContent = (
  file: CatalogueFile,
  catalogue: readonly CatalogueFile[],
  installations: readonly Installation[],
): readonly KnownContent[] => {
  if (file.content.failure !== undefined) return [];
  const { digest, name, content } = file;
  for (const installation of installations) {
    const placed = placedFiles(installation, [file, ...catalogue]).find(
      ({ source }) => source.content === undefined && baseName(source.path) === name,
    );
    if (placed?.effective !== undefined) return [{ digest, rules: placed.effective.rules }];
  }
  const [alone] = effectiveRules([{ name, content }], installations[0]?.settings ?? defaultSettings);
  return alone === undefined ? [] : [{ digest, rules: alone.rules }];
};

const mergeContents = (contents: readonly KnownContent[]): readonly KnownContent[] => {
  const byDigest = new Map<string, KnownContent>();
  for (const content of contents) if (!byDigest.has(content.digest)) byDigest.set(content.digest, content);
  return [...byDigest.values()];
};
