// Nodes and pods of every kind that bears on where a pod may land, drawn by chance: what the scheduler's verdict is compared over.
import {
  array,
  constant,
  constantFrom,
  dictionary,
  oneof,
  option,
  record,
  sample,
  uniqueArray,
  type Arbitrary,
} from 'fast-check';

type Manifest = Readonly<Record<string, unknown>>;

/** The profile with which these pods are scheduled. */
export const parityScheduler = 'parity';

/** Numbers as labels may hold them, some of which only look like numbers. */
const cores = ['4', '8', '16', '007', '8.5', 'many', '', '9223372036854775807', '9223372036854775808'];
const numbers = [...cores.filter((text) => text !== ''), '5', '0x10', '1e1'];
const pools = ['a', 'b', 'c'];
const nodeName = (index: number): string => `node-${String(index).padStart(2, '0')}`;

const mostly = <T>(usual: T, arbitrary: Arbitrary<T>): Arbitrary<T> =>
  oneof({ weight: 2, arbitrary: constant(usual) }, { weight: 1, arbitrary });

const someTaint = record({
  key: constantFrom('dedicated', 'level', 'example.com/maintenance'),
  value: constantFrom('gpu', 'db', '', '5', '50'),
  effect: constantFrom('NoSchedule', 'NoSchedule', 'NoExecute', 'PreferNoSchedule'),
} as const);

const someNode = record({
  pool: constantFrom(...pools),
  zone: constantFrom(undefined, 'z1', 'z2'),
  cores: constantFrom(undefined, ...cores),
  special: constantFrom(undefined, '', 'true'),
  taints: mostly([], uniqueArray(someTaint, { maxLength: 3, selector: ({ key, effect }) => `${key}:${effect}` })),
  unschedulable: constantFrom(false, false, false, false, true),
});

export const someNodes = (count: number, seed: number): readonly Manifest[] =>
  sample(someNode, { numRuns: count, seed }).map(
    ({ pool, zone, cores: many, special, taints, unschedulable }, index) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: nodeName(index),
        labels: {
          'kubernetes.io/hostname': nodeName(index),
          'kubernetes.io/os': 'linux',
          pool,
          ...(zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone }),
          ...(many === undefined ? {} : { cores: many }),
          ...(special === undefined ? {} : { special }),
        },
      },
      spec: { taints, unschedulable },
    }),
  );

const someNodeName = constantFrom(...Array.from({ length: 12 }, (_, index) => nodeName(index * 3)));

const valuesOf: Readonly<Record<string, Arbitrary<string>>> = {
  pool: constantFrom(...pools, 'nobody'),
  'topology.kubernetes.io/zone': constantFrom('z1', 'z2', 'z3'),
  cores: constantFrom(...cores),
  special: constantFrom('', 'true'),
  'kubernetes.io/hostname': someNodeName,
  absent: constantFrom('', 'x'),
};

const someExpression = constantFrom(...Object.keys(valuesOf)).chain((key) => {
  const values = array(valuesOf[key] ?? constant(''), { minLength: 1, maxLength: 3 });
  return oneof(
    record({ key: constant(key), operator: constantFrom('In', 'NotIn'), values }),
    record({ key: constant(key), operator: constantFrom('Exists', 'DoesNotExist') }),
    record({
      key: constantFrom(key, 'cores'),
      operator: constantFrom('Gt', 'Lt'),
      values: constantFrom(...numbers).map((value) => [value]),
    }),
  );
});

const someField = record({
  key: constant('metadata.name'),
  operator: constantFrom('In', 'NotIn'),
  values: someNodeName.map((name) => [name]),
});

const someTerm = record(
  {
    matchExpressions: array(someExpression, { maxLength: 3 }),
    matchFields: array(someField, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const someToleration = oneof(
  record({ operator: constant('Exists') }),
  record({ operator: constant('Exists'), effect: constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule') }),
  record(
    { key: constantFrom('dedicated', 'level', 'example.com/maintenance'), operator: constant('Exists') },
    { requiredKeys: ['key', 'operator'] },
  ),
  record(
    {
      key: constantFrom('dedicated', 'level', 'node.kubernetes.io/unschedulable'),
      operator: constant('Equal'),
      value: constantFrom('gpu', 'db', '5'),
      effect: constantFrom('NoSchedule', 'NoExecute'),
    },
    { requiredKeys: ['key'] },
  ),
  constant({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }),
  constant({ key: 'dedicated', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }),
);

/** Refused where the cluster does not compare taints by number. */
const someComparison = record({
  key: constant('level'),
  operator: constantFrom('Lt', 'Gt'),
  value: constantFrom('4', '10', '60'),
  effect: constantFrom('NoSchedule', 'NoExecute'),
});

const somePod = record({
  nodeSelector: mostly(
    {},
    dictionary(constantFrom('pool', 'special', 'cores'), constantFrom('a', 'b', '', 'true', '8'), { maxKeys: 2 }),
  ),
  terms: option(array(someTerm, { minLength: 1, maxLength: 3 }), { nil: undefined, freq: 3 }),
  tolerations: mostly([], array(someToleration, { maxLength: 3 })),
  comparison: oneof({ weight: 9, arbitrary: constant(undefined) }, { weight: 1, arbitrary: someComparison }),
  runtimeClassName: constantFrom(undefined, undefined, undefined, 'pooled', 'tolerant'),
  isPreferring: constantFrom(true, false),
});

export const runtimeClasses: readonly Manifest[] = [
  { name: 'pooled', scheduling: { nodeSelector: { pool: 'a' } } },
  {
    name: 'tolerant',
    scheduling: { nodeSelector: { special: 'true' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }] },
  },
].map(({ name, scheduling }) => ({
  apiVersion: 'node.k8s.io/v1',
  kind: 'RuntimeClass',
  metadata: { name },
  handler: name,
  scheduling,
}));

export const somePods = (count: number, seed: number): readonly Manifest[] =>
  sample(somePod, { numRuns: count, seed }).map(
    ({ nodeSelector, terms, tolerations, comparison, runtimeClassName, isPreferring }, index) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${index}`, namespace: 'default' },
      spec: {
        schedulerName: parityScheduler,
        containers: [{ name: 'main', image: 'registry.example.com/main:1' }],
        nodeSelector,
        affinity: {
          nodeAffinity: {
            ...(terms === undefined
              ? {}
              : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } }),
            // A preference keeps nobody away.
            ...(isPreferring
              ? {
                  preferredDuringSchedulingIgnoredDuringExecution: [
                    { weight: 1, preference: { matchExpressions: [{ key: 'pool', operator: 'In', values: ['a'] }] } },
                  ],
                }
              : {}),
          },
        },
        tolerations: comparison === undefined ? tolerations : [...tolerations, comparison],
        ...(runtimeClassName === undefined ? {} : { runtimeClassName }),
      },
    }),
  );
