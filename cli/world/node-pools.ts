// Node pools as they are written before any node exists: Karpenter's NodePool and eksctl's ClusterConfig. Each becomes a node such as it
// would make; taints that go by themselves when a node starts are left out.
import { projectNode } from '../../facts/node.ts';
import { list, object, text, textMap, texts, type Raw } from '../../facts/read.ts';
import type { Labels, NodeFacts } from '../../domain/types.ts';

interface PoolNode {
  readonly name: string;
  readonly labels: Labels;
  readonly taints: readonly unknown[];
}

/** Empty where it is no kind of pool that is known here. */
export const poolNodes = (raw: Raw): readonly NodeFacts[] =>
  poolsIn(raw).flatMap(({ name, labels, taints }) => {
    const operatingSystem = labels[osLabel] ?? 'linux';
    const written = {
      apiVersion: 'v1',
      kind: 'Node',
      // Old enough that nothing waits for a grace period.
      metadata: {
        name: `a node of ${name}`,
        creationTimestamp: '2000-01-01T00:00:00Z',
        labels: { ...labels, [osLabel]: operatingSystem },
      },
      spec: { taints },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { operatingSystem, architecture: labels[archLabel] ?? '' },
      },
    };
    return projectNode(written) ?? [];
  });

const osLabel = 'kubernetes.io/os';
const archLabel = 'kubernetes.io/arch';

const poolsIn = (raw: Raw): readonly PoolNode[] => {
  const [group = ''] = text(raw.apiVersion).split('/');
  switch (`${group}/${text(raw.kind)}`) {
    case 'karpenter.sh/NodePool':
      return karpenterPools(raw);
    case 'eksctl.io/ClusterConfig':
      return eksctlPools(raw);
    default:
      return [];
  }
};

/** One node for each operating system and architecture that it may choose; of everything else that it may choose, the first. */
const karpenterPools = (raw: Raw): readonly PoolNode[] => {
  const name = text(object(raw.metadata).name);
  const { metadata, spec } = object(object(raw.spec).template);
  const { taints, requirements } = object(spec);
  const chosen = list(requirements)
    .map(object)
    .filter(({ operator }) => operator === 'In')
    .map(({ key, values }) => ({ key: text(key), values: texts(values) }));
  const fixed = Object.fromEntries(
    chosen.flatMap(({ key, values: [first] }) => (first === undefined ? [] : [[key, first]])),
  );
  const valuesOf = (label: string): readonly string[] => chosen.find(({ key }) => key === label)?.values ?? [];
  const systems = orOne(valuesOf(osLabel));
  const architectures = orOne(valuesOf(archLabel));
  return systems.flatMap((system) =>
    architectures.map((architecture) => ({
      name: [name, ...(systems.length > 1 ? [system] : []), ...(architectures.length > 1 ? [architecture] : [])].join(
        '/',
      ),
      labels: {
        ...textMap(object(metadata).labels),
        ...fixed,
        'karpenter.sh/nodepool': name,
        ...(system === undefined ? {} : { [osLabel]: system }),
        ...(architecture === undefined ? {} : { [archLabel]: architecture }),
      },
      taints: list(taints),
    })),
  );
};

const orOne = (values: readonly string[]): readonly (string | undefined)[] =>
  values.length === 0 ? [undefined] : values;

const eksctlPools = (raw: Raw): readonly PoolNode[] =>
  [...list(raw.managedNodeGroups), ...list(raw.nodeGroups)].map((item) => {
    const group = object(item);
    const name = text(group.name);
    const isWindows = text(group.amiFamily).startsWith('Windows');
    return {
      name,
      labels: {
        ...textMap(group.labels),
        'alpha.eksctl.io/nodegroup-name': name,
        ...(isWindows ? { [osLabel]: 'windows' } : {}),
      },
      taints: taintsOf(group.taints),
    };
  });

/** As a list of taints, or in short: `key: value:Effect`. */
const taintsOf = (taints: unknown): readonly unknown[] =>
  Array.isArray(taints)
    ? list(taints)
    : Object.entries(textMap(taints)).map(([key, written]) => {
        const [value = '', effect = ''] = written.split(':');
        return { key, value, effect };
      });
