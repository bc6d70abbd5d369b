// Policies of one's own, in ConfigMaps that the agent's DaemonSet mounts, and containers that its configuration leaves out.
import { load } from 'js-yaml';
import type { Declarations, DeclaredPolicy, Exclusion, RuleFacts } from '../../domain/telemetry/types.ts';
import { attackIdsInTags } from '../attack-ids.ts';
import type { ConfigMapContent, DeclareInput } from '../agent.ts';
import { boundedByName, boundedVersion } from '../bounded.ts';
import { list, object, text, textOrNone, texts } from '../read.ts';
import { ruleType, tagsOf, typeOf } from './ruleset.ts';

export const declareDatadog = ({ agent, configMaps, daemonSets }: DeclareInput): Declarations => {
  const mounted = new Set(daemonSets.flatMap(mountedBy));
  const found = configMaps.flatMap((configMap) => [
    ...(isMounted(configMap, mounted) ? policiesIn(agent, configMap) : []),
    ...exclusionsIn(agent, configMap),
  ]);
  return {
    policies: found.flatMap(({ policies = [] }) => policies),
    contents: [],
    exclusions: found.flatMap(({ exclusions = [] }) => exclusions),
    notes: found.flatMap(({ notes = [] }) => notes),
  };
};

type Part = Partial<Pick<Declarations, 'policies' | 'exclusions' | 'notes'>>;

/** `namespace/name` of the ConfigMaps that its pods mount. */
const mountedBy = (daemonSet: unknown): readonly string[] => {
  const { metadata, spec } = object(daemonSet);
  const namespace = text(object(metadata).namespace);
  return list(object(object(object(spec).template).spec).volumes)
    .map(object)
    .flatMap(({ configMap, projected }) => [
      text(object(configMap).name),
      ...list(object(projected).sources).map((source) => text(object(object(source).configMap).name)),
    ])
    .filter((name) => name !== '')
    .map((name) => `${namespace}/${name}`);
};

/** Datadog's own operator mounts what it makes under this ending. */
const isMounted = ({ namespace, name }: ConfigMapContent, mounted: ReadonlySet<string>): boolean =>
  mounted.has(`${namespace}/${name}`) || name.endsWith('-cws-config');

/** The agent calls a policy by its file. */
const policiesIn = (agent: string, { namespace, name, data }: ConfigMapContent): readonly Part[] =>
  Object.entries(data)
    .filter(([file]) => file.endsWith('.policy'))
    .map(([file, content]): Part => {
      const document = parsed(content);
      if (document === undefined)
        return {
          notes: [
            `ConfigMap ${namespace}/${name} holds ${file}, which is no YAML: which rules it declares cannot be told.`,
          ],
        };
      const rules = readRules(document);
      const type = typeOf(rules);
      const version = boundedVersion(textOrNone(object(document).version));
      const policy: DeclaredPolicy = {
        agent,
        name: file,
        ...(version === undefined ? {} : { version }),
        source: 'File',
        ...(type === undefined ? {} : { type }),
        declaredBy: { kind: 'ConfigMap', namespace, name },
        rules,
      };
      return { policies: [policy] };
    });

const readRules = (document: unknown): readonly RuleFacts[] =>
  boundedByName(
    list(object(document).rules).flatMap((value): readonly RuleFacts[] => {
      const rule = object(value);
      const name = text(rule.id);
      if (name === '') return [];
      const type = ruleType(rule);
      return [
        {
          name,
          status: rule.disabled === true ? 'Disabled' : 'Loaded',
          ...attackIdsInTags(tagsOf(rule)),
          ...(type === undefined ? {} : { type }),
        },
      ];
    }),
  ).items;

const suffix = '-system-probe-config';
const file = 'system-probe.yaml';

/** A filter is a regular expression, found anywhere: only one that is a name from end to end can be told of pods. */
const exclusionsIn = (agent: string, { namespace, name, data }: ConfigMapContent): readonly Part[] => {
  const content = data[file];
  if (!name.endsWith(suffix) || content === undefined) return [];
  const settings = object(object(parsed(content)).runtime_security_config);
  const excluded = filtersOf(settings.container_exclude);
  if (excluded.length === 0) return [];
  const where = `runtime_security_config.container_exclude in ConfigMap ${namespace}/${name}`;
  if (filtersOf(settings.container_include).length > 0)
    return [
      { notes: [`${where} leaves containers out and container_include takes some back: which ones cannot be told.`] },
    ];
  const read = excluded.map((filter) => ({ filter, exclusion: exclusionOf(agent, filter, where) }));
  const unread = read.flatMap(({ filter, exclusion }) => (exclusion === undefined ? [filter] : []));
  return [
    {
      exclusions: read.flatMap(({ exclusion }) => exclusion ?? []),
      notes:
        unread.length === 0
          ? []
          : [
              `${where} leaves containers out by patterns of which it cannot be told whom they match: ${unread.slice(0, 5).join(' ')}`.slice(
                0,
                500,
              ),
            ],
    },
  ];
};

const filtersOf = (value: unknown): readonly string[] =>
  (typeof value === 'string' ? value.split(/\s+/) : texts(value)).filter((filter) => filter !== '');

const exclusionOf = (agent: string, filter: string, where: string): Exclusion | undefined => {
  const [, kind, value] = /^(kube_namespace|name):\^([-a-z0-9]+)\$$/.exec(filter) ?? [];
  if (kind === undefined || value === undefined) return undefined;
  return {
    agent,
    pods: kind === 'name' ? { containers: [value] } : { namespace: value },
    cause: `${where} leaves it out: ${filter}`,
    remedy: `Take ${filter} out of it, and restart the agent`,
  };
};

const parsed = (content: string): unknown => {
  try {
    return load(content);
  } catch {
    return undefined;
  }
};
