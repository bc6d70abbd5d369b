// KubeArmor's policies → what it is to enforce or to tell of, and for which pods; and the pods that take themselves out.
import type { Declarations, DeclaredPolicy, Exclusion, PodScope } from '../../domain/telemetry/types.ts';
import type { LabelSelector } from '../../domain/types.ts';
import type { DeclareInput } from '../agent.ts';
import { annotatedAttackIds } from '../attack-annotation.ts';
import { readDeclaringObjects, type DeclaringObject } from '../declaring-object.ts';
import { isInstalled } from '../installed.ts';
import { namespacesNamed, noPods, readLabelSelector } from '../label-selector.ts';
import { list, object, text, textMap, texts } from '../read.ts';
import { readRules } from './rules.ts';

export const declareKubeArmor = (input: DeclareInput): Declarations => {
  const { agent } = input;
  const ofPods = readDeclaringObjects(input, 'kubearmorpolicies', 'KubeArmorPolicy');
  const ofCluster = readDeclaringObjects(input, 'kubearmorclusterpolicies', 'KubeArmorClusterPolicy');
  const ofHosts = readDeclaringObjects(input, 'kubearmorhostpolicies', 'KubeArmorHostPolicy');
  return {
    policies: [
      ...ofPods.map((found) => policyOf(agent, found, { pods: podScope(found) })),
      ...ofCluster.map((found) => policyOf(agent, found, { pods: clusterScope(found) })),
      ...ofHosts.map((found) => {
        const nodeSelector = readLabelSelector(found.spec.nodeSelector);
        return policyOf(agent, found, { ...(nodeSelector === undefined ? {} : { nodeSelector }), pods: noPods });
      }),
    ],
    contents: [],
    exclusions: optOuts(agent),
    notes:
      ofPods.length + ofCluster.length + ofHosts.length === 0 && isInstalled(input)
        ? ['No KubeArmor policy is declared: KubeArmor then tells only what its default posture and visibility say.']
        : [],
  };
};

const policyOf = (
  agent: string,
  { namespace, name, version, declaredBy, spec, raw }: DeclaringObject,
  scope: Pick<DeclaredPolicy, 'nodeSelector' | 'pods'>,
): DeclaredPolicy => {
  const isOff = text(spec.status) === 'Inactive';
  // The same name may stand in every namespace.
  const fullName = namespace === '' ? name : `${namespace}/${name}`;
  return {
    agent,
    name: fullName,
    ...(version === undefined ? {} : { version }),
    source: 'CustomResource',
    declaredBy,
    rules: readRules(spec, annotatedAttackIds(raw), isOff),
    ...scope,
  };
};

/** A label that no pod has: KubeArmor takes it for the names of containers, `[app, web]` or one alone. */
const containerLabel = 'kubearmor.io/container.name';

const podScope = ({ namespace, spec }: DeclaringObject): PodScope => {
  const { [containerLabel]: containers, ...labels } = textMap(object(spec.selector).matchLabels);
  const podSelector = readLabelSelector({
    matchLabels: labels,
    matchExpressions: list(object(spec.selector).matchExpressions).flatMap(expressionOf),
  });
  return {
    namespace,
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(containers === undefined ? {} : { containers: namesOf(containers) }),
  };
};

/** Newer KubeArmor writes `key: label` with `app=nginx` among the values; others write expressions as Kubernetes does. */
const expressionOf = (written: unknown): readonly unknown[] => {
  const { key, operator, values } = object(written);
  if (key !== 'label') return [written];
  const byLabel = new Map<string, string[]>();
  for (const value of texts(values)) {
    const [label = '', ...rest] = value.split('=');
    byLabel.set(label, [...(byLabel.get(label) ?? []), rest.join('=')]);
  }
  return [...byLabel].map(([label, those]) => ({ key: label, operator, values: those }));
};

const namesOf = (written: string): readonly string[] =>
  written
    .replace(/^\[|\]$/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** A cluster policy selects namespaces by name, and in newer versions pods by label. */
const clusterScope = ({ spec }: DeclaringObject): PodScope => {
  const written = list(object(spec.selector).matchExpressions);
  const namespaceSelectors: LabelSelector[] = written.flatMap((item) => {
    const { key, operator, values } = object(item);
    if (key !== 'namespace') return [];
    return [operator === 'NotIn' ? namespacesNamed('NotIn', texts(values)) : namespacesNamed('In', texts(values))];
  });
  const podSelector = readLabelSelector({
    matchLabels: textMap(object(spec.selector).matchLabels),
    matchExpressions: written.filter((item) => object(item).key !== 'namespace').flatMap(expressionOf),
  });
  return {
    ...(namespaceSelectors.length === 0
      ? {}
      : {
          namespaceSelector: {
            matchLabels: {},
            matchExpressions: namespaceSelectors.flatMap(({ matchExpressions }) => matchExpressions),
          },
        }),
    ...(podSelector === undefined ? {} : { podSelector }),
  };
};

/** What its owner wrote onto a pod's template, or KubeArmor itself, where it found nothing to enforce with. */
const optOuts = (agent: string): readonly Exclusion[] => {
  const remedy = 'Set the annotation kubearmor-policy of the pod template to enabled, or remove it';
  return [
    {
      agent,
      annotation: { key: 'kubearmor-policy', value: 'disabled' },
      cause: 'Its annotation kubearmor-policy: disabled makes KubeArmor leave the pod out',
      remedy,
    },
    {
      agent,
      annotation: { key: 'kubearmor-policy', value: 'audited' },
      cause: 'Its annotation kubearmor-policy: audited makes KubeArmor enforce nothing in the pod',
      remedy,
    },
  ];
};
