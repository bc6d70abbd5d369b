// falco-operator's resources → the files that its sidecar writes into Falco's rules directory. It works in its own namespace only.
import type { DeclaredPolicy } from '../../domain/telemetry/types.ts';
import type { ConfigMapContent, DeclareInput } from '../agent.ts';
import { readDeclaringObjects, type DeclaringObject } from '../declaring-object.ts';
import { readLabelSelector } from '../label-selector.ts';
import { isObject, list, object, text, textOrNone, type Raw } from '../read.ts';
import { baseName, type SourceFile } from './installation.ts';
import { configMapKey } from './mounts.ts';
import { itemsOf, parseRules, type RulesContent } from './rules/items.ts';
import { parseFalcoConfig } from './rules/settings.ts';

export const rulesDirectory = '/etc/falco/rules.d';

type Medium = 'oci' | 'configmap' | 'inline';

/** What ArtifactNodes say of one file of a Rulesfile. */
interface Written {
  /** The digests of it on all nodes. */
  readonly digests: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

export const rulesfileSources = (
  input: DeclareInput,
  namespace: string,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): readonly SourceFile[] => {
  const written = writtenFiles(input, namespace);
  return readDeclaringObjects(input, 'rulesfiles', 'Rulesfile')
    .filter((rulesfile) => rulesfile.namespace === namespace)
    .flatMap((rulesfile) => filesOf(rulesfile, input, configMaps, written));
};

/** Rulesfiles that some nodes could not be given. */
export const artifactNodeNotes = (input: DeclareInput, namespace: string): readonly string[] => {
  const failing = new Map<string, number>();
  for (const { raw, metadata, ...node } of readDeclaringObjects(input, 'artifactnodes', 'ArtifactNode')) {
    const parent = parentOf(metadata);
    const failed = failedCondition(raw, ['Programmed']);
    if (node.namespace !== namespace || parent === undefined || failed === undefined) continue;
    const words = `Rulesfile ${namespace}/${parent} is not on every node: ${failed}`;
    failing.set(words, (failing.get(words) ?? 0) + 1);
  }
  return [...failing].map(([words, nodes]) => `${words} (${nodes === 1 ? '1 node' : `${nodes} nodes`}).`);
};

/** Settings of Config resources, the lowest priority first; those for some nodes only are not among them. */
export const configResources = (
  input: DeclareInput,
  namespace: string,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
): { readonly configs: readonly Raw[]; readonly notes: readonly string[] } => {
  const resources = readDeclaringObjects(input, 'configs', 'Config')
    .filter((resource) => resource.namespace === namespace)
    .toSorted((a, b) => priorityOf(a.spec) - priorityOf(b.spec));
  const forAll = resources.filter(({ spec }) => readLabelSelector(spec.selector) === undefined);
  return {
    configs: forAll.flatMap(({ spec }) => {
      const referenced = configMaps.get(configMapKey(namespace, text(object(spec.configMapRef).name)));
      return [spec.config, referenced?.data['config.yaml']].flatMap((config) => {
        const read = isObject(config) ? config : parseFalcoConfig(text(config));
        return read === undefined ? [] : [read];
      });
    }),
    notes: resources
      .filter((resource) => !forAll.includes(resource))
      .map(
        ({ name }) =>
          `Config ${namespace}/${name} is for some nodes only, so what it says of rules is not taken into account.`,
      ),
  };
};

const filesOf = (
  rulesfile: DeclaringObject,
  { agent, digest }: DeclareInput,
  configMaps: ReadonlyMap<string, ConfigMapContent>,
  written: ReadonlyMap<string, Written>,
): readonly SourceFile[] => {
  const { namespace, name, spec, raw, declaredBy } = rulesfile;
  const title = `Rulesfile ${namespace}/${name}`;
  const nodeSelector = readLabelSelector(spec.selector);
  const failed = failedCondition(raw, ['ResolvedRefs', 'Programmed']);
  const conditionTrouble =
    failed === undefined
      ? undefined
      : {
          cause: `${title} is not in force: ${failed}`,
          remedy: `Mend what ${title} refers to, and see kubectl describe rulesfile ${name} -n ${namespace}`,
        };

  const fileOf = (
    medium: Medium,
    source: DeclaredPolicy['source'],
    held: Held,
    more: Pick<DeclaredPolicy, 'version' | 'trouble'> = {},
  ): SourceFile => {
    const told = written.get(writtenKey(name, medium));
    const fileName =
      only(told?.names) ?? `${twoDigits(priorityOf(spec))}-${subPriority[medium]}-${name}-${medium}.yaml`;
    const known = held.digest ?? only(told?.digests);
    const trouble = more.trouble ?? conditionTrouble;
    return {
      path: `${rulesDirectory}/${fileName}`,
      content: held.content,
      policy: {
        agent,
        name: fileName,
        ...(more.version === undefined ? {} : { version: more.version }),
        ...(known === undefined ? {} : { digest: known }),
        source,
        declaredBy,
        ...(nodeSelector === undefined ? {} : { nodeSelector }),
        ...(trouble === undefined ? {} : { trouble }),
      },
      mend: title,
    };
  };

  const files: SourceFile[] = [];
  if (isObject(spec.ociArtifact)) {
    const version = textOrNone(object(spec.ociArtifact.image).tag);
    files.push(fileOf('oci', 'OCI', {}, version === undefined ? {} : { version }));
  }
  if (isObject(spec.configMapRef)) {
    const wanted = text(spec.configMapRef.name);
    const rules = configMaps.get(configMapKey(namespace, wanted))?.data['rules.yaml'];
    const absent = {
      cause: `${title} refers to the key rules.yaml of ConfigMap ${namespace}/${wanted}, which is not there`,
      remedy: `Create ConfigMap ${namespace}/${wanted} with the rules under the key rules.yaml`,
    };
    files.push(
      rules === undefined
        ? fileOf('configmap', 'ConfigMap', {}, { trouble: absent })
        : fileOf('configmap', 'ConfigMap', { content: parseRules(rules), digest: digest(rules) }),
    );
  }
  if (typeof spec.inlineRules === 'string')
    files.push(
      fileOf('inline', 'CustomResource', { content: parseRules(spec.inlineRules), digest: digest(spec.inlineRules) }),
    );
  // Rules that are written as a structure: the sidecar makes text of them, whose digest only ArtifactNodes tell.
  else if (Array.isArray(spec.inlineRules))
    files.push(fileOf('inline', 'CustomResource', { content: itemsOf([spec.inlineRules]) }));
  return files;
};

interface Held {
  readonly content?: RulesContent;
  readonly digest?: string;
}

/** Between files of one priority: as the sidecar names them, so that Falco reads them in this order. */
const subPriority: Readonly<Record<Medium, string>> = { oci: '01', configmap: '02', inline: '03' };

const priorityOf = ({ priority }: Raw): number =>
  typeof priority === 'number' && Number.isInteger(priority) && priority >= 0 && priority <= 99 ? priority : 50;

const twoDigits = (priority: number): string => String(priority).padStart(2, '0');

/** The words of the first of these conditions that is False. */
const failedCondition = (raw: Raw, types: readonly string[]): string | undefined => {
  const conditions = list(object(raw.status).conditions).map(object);
  const failed = types.flatMap((type) => conditions.filter((item) => item.type === type && item.status === 'False'))[0];
  if (failed === undefined) return undefined;
  const words = [textOrNone(failed.reason), textOrNone(failed.message)].filter((word) => word !== undefined);
  return words.join(': ').slice(0, 300) || `${text(failed.type)} is False`;
};

const parentOf = (metadata: Raw): string | undefined => {
  const { 'artifact.falcosecurity.dev/kind': kind, 'artifact.falcosecurity.dev/parent': parent } = object(
    metadata.labels,
  );
  return kind === undefined || text(kind).toLowerCase() === 'rulesfile' ? textOrNone(parent) : undefined;
};

const writtenFiles = (input: DeclareInput, namespace: string): ReadonlyMap<string, Written> => {
  const written = new Map<string, { readonly digests: Set<string>; readonly names: Set<string> }>();
  for (const { raw, metadata, ...node } of readDeclaringObjects(input, 'artifactnodes', 'ArtifactNode')) {
    const parent = parentOf(metadata);
    if (node.namespace !== namespace || parent === undefined) continue;
    for (const artifact of list(object(raw.status).installedArtifacts).map(object)) {
      const key = writtenKey(parent, text(artifact.medium));
      const known = written.get(key) ?? { digests: new Set<string>(), names: new Set<string>() };
      written.set(key, known);
      const hash = text(artifact.contentHash)
        .replace(/^sha256:/, '')
        .toLowerCase();
      if (/^[0-9a-f]{64}$/.test(hash)) known.digests.add(`sha256:${hash}`);
      const name = baseName(text(artifact.path));
      if (name !== '') known.names.add(name);
    }
  }
  return written;
};

const writtenKey = (rulesfile: string, medium: string): string => `${rulesfile} ${medium}`;

/** Where all nodes agree. */
const only = (items: ReadonlySet<string> | undefined): string | undefined =>
  items?.size === 1 ? [...items][0] : undefined;
