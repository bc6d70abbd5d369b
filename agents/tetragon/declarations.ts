// TracingPolicy objects → what Tetragon is to load, with a rule for each hook.
import type { Declarations, DeclaredPolicy, PodScope, RuleFacts } from '../../domain/telemetry/types.ts';
import type { LabelSelector } from '../../domain/types.ts';
import type { DeclareInput } from '../agent.ts';
import { annotatedAttackIds } from '../attack-annotation.ts';
import { attackIdsInTags, joinAttackIds, type AttackIds } from '../attack-ids.ts';
import { readDeclaringObjects, type DeclaringObject } from '../declaring-object.ts';
import { isInstalled } from '../installed.ts';
import { readLabelSelector } from '../label-selector.ts';
import { isObject, list, object, textOrNone, texts, type Raw } from '../read.ts';
import { tracingPolicyName } from './policy-name.ts';

export const declareTetragon = (input: DeclareInput): Declarations => {
  const declaring = [
    ...readDeclaringObjects(input, 'tracingpolicies', 'TracingPolicy'),
    ...readDeclaringObjects(input, 'tracingpoliciesnamespaced', 'TracingPolicyNamespaced'),
  ];
  const read = declaring.map((found) => declare(input.agent, found));
  return {
    policies: read.map(({ policy }) => policy),
    contents: [],
    exclusions: [],
    notes: [
      ...(declaring.length === 0 && isInstalled(input)
        ? ['No TracingPolicy is declared: Tetragon then tells that processes start and end, and of nothing else.']
        : []),
      ...read.flatMap(({ notes }) => notes),
    ],
  };
};

const declare = (
  agent: string,
  { namespace, name, version, declaredBy, spec, raw }: DeclaringObject,
): { readonly policy: DeclaredPolicy; readonly notes: readonly string[] } => {
  const nodeSelector = readLabelSelector(spec.nodeSelector);
  const containers = readContainers(spec.containerSelector);
  const podSelector = readLabelSelector(spec.podSelector);
  const pods: PodScope = {
    ...(namespace === '' ? {} : { namespace }),
    ...(podSelector === undefined ? {} : { podSelector }),
    ...(containers === undefined || containers === 'Unknown' ? {} : { containers }),
  };
  const fullName = tracingPolicyName(namespace, name);
  return {
    policy: {
      agent,
      name: fullName,
      ...(version === undefined ? {} : { version }),
      source: 'CustomResource',
      declaredBy,
      rules: readRules(spec, annotatedAttackIds(raw)),
      ...(nodeSelector === undefined ? {} : { nodeSelector }),
      ...(Object.keys(pods).length === 0 ? {} : { pods }),
    },
    notes: [
      ...(containers === 'Unknown'
        ? [
            `${declaredBy.kind} ${fullName} selects containers by more than their names; it is taken to be for all containers of its pods.`,
          ]
        : []),
      ...(isObject(spec.hostSelector) && !isObject(spec.podSelector) && !isObject(spec.containerSelector)
        ? [`${declaredBy.kind} ${fullName} has a hostSelector; whether it leaves pods out cannot be told.`]
        : []),
    ],
  };
};

/** Names, undefined for all, or Unknown where they are selected in another way. */
const readContainers = (value: unknown): readonly string[] | 'Unknown' | undefined => {
  const selector = readLabelSelector(value);
  if (selector === undefined) return undefined;
  return namesIn(selector) ?? 'Unknown';
};

const namesIn = ({ matchLabels, matchExpressions }: LabelSelector): readonly string[] | undefined => {
  const named = Object.entries(matchLabels);
  const lists = [
    ...named.map(([key, value]) => (key === 'name' ? [value] : undefined)),
    ...matchExpressions.map(({ key, operator, values }) => (key === 'name' && operator === 'In' ? values : undefined)),
  ];
  return lists.reduce((all, values) =>
    all === undefined || values === undefined ? undefined : all.filter((name) => values.includes(name)),
  );
};

/** Keys of the spec that hold hooks, and which of a hook's fields says what it is. */
const hooks: readonly { readonly key: string; readonly named: (hook: Raw) => string | undefined }[] = [
  { key: 'kprobes', named: ({ call }) => textOrNone(call) },
  { key: 'fentries', named: ({ call }) => textOrNone(call) },
  { key: 'tracepoints', named: ({ subsystem, event }) => joined('/', subsystem, event) },
  { key: 'lsmhooks', named: ({ hook }) => textOrNone(hook) },
  { key: 'uprobes', named: ({ path, symbols }) => joined(':', path, texts(symbols).join(',')) },
  { key: 'usdts', named: ({ path, provider, name }) => joined(':', path, provider, name) },
];

/** A rule is called by its message, which is what its events carry, or else by its hook. Two of the same name are one. */
const readRules = (spec: Raw, annotated: AttackIds): readonly RuleFacts[] => {
  const rules = new Map<string, AttackIds>();
  for (const { key, named } of hooks) {
    for (const item of list(spec[key])) {
      const hook = object(item);
      const name = textOrNone(hook.message) ?? named(hook) ?? key;
      const ids = joinAttackIds(annotated, attackIdsInTags(texts(hook.tags)), rules.get(name) ?? annotated);
      rules.set(name, ids);
    }
  }
  return [...rules].map(([name, ids]) => ({ name, status: 'Loaded', ...ids }));
};

const joined = (separator: string, ...parts: readonly unknown[]): string | undefined => {
  const given = parts.filter((part): part is string => typeof part === 'string' && part !== '');
  return given.length === 0 ? undefined : given.join(separator);
};
