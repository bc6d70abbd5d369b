// Agents as the official charts and operators render them, one install to a node: each is recognised by its ready-made
// ProtectionAgent, whatever was renamed, and what only looks like an agent protects nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../fleet/agent-mix.ts';
import {
  datadogByHelm,
  datadogByOperator,
  falco,
  kubeArmorByOperator,
  kubeArmorNodeLabels,
  tracee,
} from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import { defaultFlavour } from '../fleet/agents/kubearmor.ts';
import type { Manifest } from '../fleet/manifest.ts';
import { eventually } from './support/eventually.ts';
import { createAll, namespacesOf, node, placeLabel, pod } from './support/small-fleet.ts';
import { condition, startWorld, type World } from './support/world.ts';

interface Install {
  readonly id: string;
  /** The ProtectionAgent that must recognise it. */
  readonly agent: string;
  readonly version: string;
  readonly manifests: readonly Manifest[];
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

const at = (id: string) => ({ tolerations: everywhere, nodeSelector: { [placeLabel]: id } });

/** Which ready-made agent each install of the catalogue is, and in which version: what its chart's README says, not what we compute. */
const official: Readonly<Record<string, readonly [agent: string, version: string]>> = {
  falco: ['falco', '0.44.1'],
  'falco-relabelled': ['falco', '0.44.1'],
  'falco-operator': ['falco', '0.44.1'],
  tetragon: ['tetragon', '1.7.0'],
  'datadog-helm': ['datadog', '7.81.1'],
  'datadog-operator': ['datadog', '7.81.1'],
  kubearmor: ['kubearmor', '1.7.4'],
  'kubearmor-operator': ['kubearmor', '1.7.4'],
  kubescape: ['kubescape', '0.3.158'],
  tracee: ['tracee', '0.24.1'],
  'sysdig-agent': ['sysdig', '14.7.4'],
  'sysdig-shield': ['sysdig-shield', '0.19.0'],
};

const protecting: readonly Install[] = [
  ...catalogue
    .filter(({ id }) => id !== 'datadog-helm-off')
    .map(({ id, render }) => {
      const [agent, version] = official[id] ?? ['nobody', ''];
      const nodeLabels = id === 'kubearmor-operator' ? kubeArmorNodeLabels(defaultFlavour) : {};
      return { id, agent, version, nodeLabels, manifests: render(at(id)) };
    }),
  {
    id: 'mirrored',
    agent: 'falco',
    version: '0.43.0',
    // A mirror that renames: only labels and the container's name are left.
    manifests: falco({
      ...at('mirrored'),
      namespace: 'mirrored',
      image: 'registry.example.com:5000/security/runtime',
      version: '0.43.0',
    }),
  },
];

const outdated: Install = {
  id: 'old-tracee',
  agent: 'tracee',
  version: '0.19.0',
  manifests: tracee({ ...at('old-tracee'), namespace: 'old-tracee', version: '0.19.0' }),
};

const switchedOff: readonly (Install & { readonly cause: string; readonly remedy: string })[] = [
  {
    id: 'off-by-environment',
    agent: 'datadog',
    version: '7.81.1',
    manifests: datadogByOperator({ ...at('off-by-environment'), namespace: 'off-by-environment', cws: false }),
    cause: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED is not true',
    remedy: 'features.cws.enabled',
  },
  {
    id: 'off-by-config-map',
    agent: 'datadog',
    version: '7.81.1',
    manifests: datadogByHelm({ ...at('off-by-config-map'), namespace: 'off-by-config-map', cws: false }),
    cause: 'runtime_security_config.enabled is false in ConfigMap off-by-config-map/datadog-system-probe-config',
    remedy: 'datadog.securityAgent.runtime.enabled=true',
  },
  {
    id: 'nothing-to-enforce-with',
    agent: 'kubearmor',
    version: '1.7.4',
    manifests: kubeArmorByOperator({
      ...at('nothing-to-enforce-with'),
      namespace: 'nothing-to-enforce-with',
      flavour: { ...defaultFlavour, enforcer: 'none' },
    }),
    nodeLabels: kubeArmorNodeLabels({ ...defaultFlavour, enforcer: 'none' }),
    cause: 'kubearmor.io/enforcer is none',
    remedy: 'AppArmor',
  },
];

/** Sends from system-probe, so that the ConfigMap alone can say whether protection is on. */
const unlisted: Install = {
  id: 'unlisted',
  agent: 'datadog',
  version: '7.81.1',
  manifests: datadogByHelm({ ...at('unlisted'), namespace: 'unlisted', cws: true, securityAgent: false }),
};

const falcoPodSpec = (falco(at('plugin-only')).find(({ kind }) => kind === 'DaemonSet')!['spec'] as DaemonSetSpec)
  .template;

/** The chart's controller.kind=deployment: Falco with plugins only, which watches no kernel. */
const pluginOnly: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'falco-k8saudit', namespace: 'plugin-only', labels: falcoPodSpec.metadata.labels },
  spec: { replicas: 1, selector: { matchLabels: falcoPodSpec.metadata.labels }, template: falcoPodSpec },
};

const falcoLabels = { 'app.kubernetes.io/name': 'falco' };
const impostors: readonly Install[] = [
  { id: 'plugin-only', agent: 'falco', version: '', manifests: [pluginOnly] },
  {
    id: 'label-only',
    agent: 'falco',
    version: '',
    manifests: [
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'web', namespace: 'label-only' },
        spec: {
          selector: { matchLabels: falcoLabels },
          template: {
            metadata: { labels: falcoLabels },
            spec: { nodeSelector: at('label-only').nodeSelector, containers: [{ name: 'web', image: 'nginx:1.29' }] },
          },
        },
      },
    ],
  },
  {
    id: 'bare-pod',
    agent: 'falco',
    version: '',
    manifests: [
      pod('bare-pod', 'falco', {
        on: 'bare-pod',
        labels: falcoLabels,
        spec: { containers: falcoPodSpec.spec.containers, volumes: falcoPodSpec.spec.volumes },
      }),
    ],
  },
];

const all = [...protecting, outdated, ...switchedOff, unlisted, ...impostors];
const listedNamespaces = ['datadog', 'off-by-config-map'];
const values = {
  agentNamespaces: listedNamespaces,
  starterPolicy: { spec: { gracePeriod: '0s' } },
  agents: { tracee: { spec: { minVersion: '0.20.0' } } },
};

let world: World;

beforeAll(async () => {
  world = await startWorld('recognition');
  const manifests = all.flatMap(({ manifests }) => manifests);
  await createAll(world.cluster, [
    ...namespacesOf(manifests),
    ...all.map(({ id, nodeLabels }) => node(id, nodeLabels)),
    ...manifests,
  ]);
  await world.install(values);
  await world.startOperator();
});

afterAll(() => world?.stop());

const verdictOf = async (id: string) => {
  const verdict = (await world.verdicts()).nodes.get(id);
  if (verdict === undefined) throw new Error(`node ${id} is in no slice`);
  return verdict;
};

const namespaceOf = (manifests: readonly Manifest[]): string => manifests.at(-1)?.metadata.namespace ?? '';
const byFirst = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number =>
  a.localeCompare(b);

const withoutV = (version: string | undefined): string | undefined => version?.replace(/^v/, '');

describe('agents as their charts and operators install them', () => {
  test.each(protecting)('$id is recognised as $agent', async ({ id, agent, version }) => {
    await eventually(async () => {
      const verdict = await verdictOf(id);
      expect(verdict).toMatchObject({ state: 'Protected', evidence: 'Running', reasons: [] });
      const there = verdict.agents.filter(({ evidence }) => evidence !== undefined);
      expect(there.map(({ name }) => name)).toEqual([agent]);
      expect(withoutV(there[0]?.version)).toBe(version);
    });
  });

  test.each([...new Set(all.map(({ agent }) => agent))])(
    'ProtectionAgent %s counts its own pods and no others',
    async (name) => {
      const own = all.filter((install) => install.agent === name && !impostors.includes(install));
      await eventually(async () => {
        const agent = await world.agent(name);
        expect(agent.status).toMatchObject({ pods: { found: own.length, ready: own.length }, nodes: own.length });
        expect(condition(agent, 'Ready')).toMatchObject({ status: 'True', reason: 'AllPodsReady' });
        expect(
          agent.status?.daemonSets
            ?.map((each) => [each.namespace, each.desired, each.ready] as const)
            .toSorted(byFirst),
        ).toEqual(own.map(({ manifests }) => [namespaceOf(manifests), 1, 1] as const).toSorted(byFirst));
        const counted = new Map(agent.status?.versions?.map(({ version, nodes }) => [withoutV(version), nodes]));
        for (const version of new Set(own.map((install) => install.version))) {
          expect(counted.get(version), version).toBe(own.filter((install) => install.version === version).length);
        }
      });
    },
  );

  test('an agent below its minVersion protects with a warning', async () => {
    await eventually(async () => {
      expect(await verdictOf(outdated.id)).toMatchObject({
        state: 'Warning',
        reasons: [
          { reason: 'AgentOutdated', agent: 'tracee', remedy: expect.stringContaining('old-tracee/tracee') as string },
        ],
      });
    });
    const { status } = await world.agent('tracee');
    const isOld = new Map(status?.versions?.map((each) => [withoutV(each.version), each.outdated]));
    expect([isOld.get('0.19.0'), isOld.get('0.24.1')]).toEqual([true, false]);
  });
});

describe('agents that run without protecting', () => {
  test.each(switchedOff)(
    '$id: protection is off, with the setting that switches it on',
    async ({ id, agent, cause, remedy }) => {
      await eventually(async () => {
        const { state, reasons } = await verdictOf(id);
        expect(state).toBe('NoProtection');
        expect(reasons[0]).toMatchObject({ reason: 'ProtectionDisabled', agent });
        expect(reasons[0]?.cause).toContain(cause);
        expect(reasons[0]?.remedy).toContain(remedy);
      });
    },
  );

  test('whether protection is on cannot be told where the ConfigMap may not be read, until it may', async () => {
    await eventually(async () => {
      const { state, evidence, reasons } = await verdictOf(unlisted.id);
      expect([state, evidence]).toEqual(['Incomplete', 'Declared']);
      expect(reasons[0]).toMatchObject({ reason: 'EvidenceTooWeak', agent: 'datadog' });
      expect(reasons[0]?.cause).toContain('ConfigMap unlisted/datadog-system-probe-config is not readable');
      expect(reasons[0]?.remedy).toContain('agentNamespaces');
      const readable = condition(await world.agent('datadog'), 'ConfigurationReadable');
      expect(readable).toMatchObject({ status: 'False', reason: 'ConfigMapsUnreadable' });
      expect(readable.message).toContain('unlisted');
      expect(readable.message).toContain('agentNamespaces');
      expect(readable.message).not.toContain('off-by-config-map');
    });

    await world.install({ ...values, agentNamespaces: [...listedNamespaces, 'unlisted'] });
    // A refused watch is tried again with growing pauses.
    await eventually(
      async () => {
        expect(await verdictOf(unlisted.id)).toMatchObject({ state: 'Protected', evidence: 'Running' });
        expect(condition(await world.agent('datadog'), 'ConfigurationReadable').status).toBe('True');
      },
      { withinMs: 90_000 },
    );
  });
});

describe('what only looks like an agent', () => {
  test.each(impostors)('$id protects nothing', async ({ id }) => {
    await eventually(async () => {
      const running = await world.cluster.list<{ readonly status: { readonly phase?: string } }>('v1', 'Pod', {
        fieldSelector: `spec.nodeName=${id}`,
      });
      expect(running.filter(({ status }) => status.phase === 'Running').length).toBeGreaterThan(0);
      const { state, reasons, agents } = await verdictOf(id);
      expect([state, reasons[0]?.reason]).toEqual(['NoAgent', 'AgentMissing']);
      expect(agents.filter(({ evidence }) => evidence !== undefined)).toEqual([]);
    });
  });
});

interface DaemonSetSpec {
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly unknown[]; readonly volumes: readonly unknown[] };
  };
}
