import { afterEach, describe, expect, it } from 'vitest';
import { catalogueLabel, type AgentAdapter, type DeclareInput } from '../../agents/agent.ts';
import { createCoverageModel, type CoverageModel } from '../../domain/coverage/model.ts';
import type { Declarations } from '../../domain/telemetry/types.ts';
import { aFalco } from '../../domain/testing/agents.ts';
import { aDaemonSet } from '../../domain/testing/pods.ts';
import { KubeError } from '../../kube/errors.ts';
import { silentLog } from '../../kube/log.ts';
import { resources } from '../../kube/resource.ts';
import { eventually } from '../../kube/testing/eventually.ts';
import { fasterClock } from '../../kube/testing/fake-clock.ts';
import { startFakeKube, type FakeKube } from '../../kube/testing/fake-kube.ts';
import { createTransport, type KubeRequest } from '../../kube/transport.ts';
import { createDeclarations } from './keep.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const rulesfiles = {
  group: 'artifact.falcosecurity.dev',
  version: 'v1alpha1',
  kind: 'Rulesfile',
  plural: 'rulesfiles',
  namespaced: true,
} as const;

interface World {
  readonly kube: FakeKube;
  readonly model: CoverageModel;
  /** What API discovery lists; whoever has no entry is not installed. */
  readonly installed: Map<string, readonly string[]>;
  /** What the adapter was given, the last at the end. */
  readonly inputs: DeclareInput[];
  readonly declared: Map<string, Declarations>;
  readonly settled: Promise<void>;
  readonly adapter: { throws: boolean };
  /** What the last input says of an object by its kind and name. */
  readonly last: () => DeclareInput | undefined;
}

/** Fast enough that a minute is over in half a second. */
const speed = 120;

const start = async (
  arrange: (kube: FakeKube, installed: World['installed'], model: CoverageModel) => void = () => {},
): Promise<World> => {
  const kube = await startFakeKube();
  const real = createTransport(kube.access, { userAgent: 'test', qps: 10_000, burst: 10_000 });
  const installed = new Map<string, readonly string[]>();
  const request = async <T>(asked: KubeRequest): Promise<T> => {
    const version = /^\/apis\/([^/]+\/[^/]+)$/.exec(asked.path)?.[1];
    if (version === undefined) return real.request<T>(asked);
    const plurals = installed.get(version);
    if (plurals === undefined) throw new KubeError({ code: 404, reason: 'NotFound', message: 'no', request: 'GET' });
    return { resources: plurals.map((name) => ({ name })) } as T;
  };
  const model = createCoverageModel();
  model.setAgents([aFalco()]);
  model.upsertDaemonSet(aDaemonSet());
  arrange(kube, installed, model);
  model.evaluate(0);
  const inputs: DeclareInput[] = [];
  const adapter = { throws: false };
  const falco: AgentAdapter = {
    type: 'Falco',
    probes: () => [],
    read: () => ({ failed: 'not asked' }),
    declaringKinds: [rulesfiles],
    readsConfigMaps: true,
    declare: (input) => {
      inputs.push(input);
      if (adapter.throws) throw new Error('boom');
      return { policies: [], contents: [], exclusions: [], notes: [`${input.configMaps.length} ConfigMaps`] };
    },
  };
  const declared = new Map<string, Declarations>();
  const stop = new AbortController();
  const keeper = createDeclarations({
    transport: { ...real, request },
    namespace: 'watchers',
    adapters: new Map([[falco.type, falco]]),
    model: {
      ...model,
      setDeclarations: (agent, declarations) => {
        declared.set(agent, declarations);
        return model.setDeclarations(agent, declarations);
      },
    },
    touch: () => {},
    clock: fasterClock(speed),
    log: silentLog,
    metrics: {},
  });
  const running = keeper.run(stop.signal);
  closers.push(async () => {
    stop.abort();
    await running;
    await real.close();
    await kube.close();
  });
  return { kube, model, installed, inputs, declared, settled: keeper.settled, adapter, last: () => inputs.at(-1) };
};

/** Everything was read, and given to the adapter. */
const takenIn = async (world: World): Promise<void> => {
  await world.settled;
  await eventually('everything is taken in', () => world.inputs.length > 0);
};

const aConfigMap = (namespace: string, name: string, data: object, labels: Record<string, string> = {}) => ({
  metadata: { namespace, name, labels },
  data,
});
const namesOf = (objects: readonly unknown[] | undefined): string[] =>
  (objects ?? []).map((raw) => (raw as { metadata: { name: string } }).metadata.name);

describe('what an adapter is given', () => {
  it('is what the agent’s namespace and the operator’s hold', async () => {
    const world = await start((kube, installed) => {
      installed.set('artifact.falcosecurity.dev/v1alpha1', ['rulesfiles', 'rulesfiles/status']);
      kube.put(rulesfiles, { metadata: { namespace: 'security', name: 'custom' }, spec: { priority: 50 } });
      kube.put(resources.configMaps, aConfigMap('security', 'falco-rules', { 'rules.yaml': '- rule: x' }));
      kube.put(resources.configMaps, aConfigMap('elsewhere', 'not-ours', {}));
      kube.put(resources.configMaps, aConfigMap('watchers', 'catalogue', { a: 'b' }, { [catalogueLabel]: 'falco' }));
      kube.put(resources.daemonSets, { metadata: { namespace: 'security', name: 'falco' }, spec: {}, status: {} });
      kube.put(resources.daemonSets, { metadata: { namespace: 'security', name: 'other' }, spec: {} });
    });
    await takenIn(world);
    expect(world.inputs).toHaveLength(1);
    const input = world.last();
    expect(input?.agent).toBe('falco');
    expect(namesOf(input?.objects.get('rulesfiles'))).toEqual(['custom']);
    expect(input?.configMaps.map(({ namespace, name }) => `${namespace}/${name}`).toSorted()).toContain(
      'security/falco-rules',
    );
    expect(input?.configMaps.find(({ name }) => name === 'falco-rules')).toEqual({
      namespace: 'security',
      name: 'falco-rules',
      labels: {},
      annotations: {},
      data: { 'rules.yaml': '- rule: x' },
      binaryData: {},
    });
    expect(input?.configMaps.map(({ name }) => name)).not.toContain('not-ours');
    expect(input?.configMaps.map(({ name }) => name)).toContain('catalogue');
    expect(input?.daemonSets).toMatchObject([{ metadata: { namespace: 'security', name: 'falco' }, spec: {} }]);
    expect(input?.daemonSets[0]).not.toHaveProperty('status');
    expect(input?.digest('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    const asked = world.kube.requests.find(({ query }) => query['labelSelector'] !== undefined);
    expect([asked?.path, asked?.query['labelSelector']]).toEqual([
      '/api/v1/namespaces/watchers/configmaps',
      catalogueLabel,
    ]);
  });

  it('is given again where an object changes, and not where nothing is new in it', async () => {
    const world = await start((kube) => {
      kube.put(resources.daemonSets, { metadata: { namespace: 'security', name: 'falco' }, spec: {}, status: {} });
    });
    await takenIn(world);
    world.kube.put(resources.daemonSets, {
      metadata: { namespace: 'security', name: 'falco' },
      spec: {},
      status: { numberReady: 3 },
    });
    world.kube.put(resources.configMaps, aConfigMap('security', 'falco-rules', { 'rules.yaml': '- rule: x' }));
    await eventually(
      'the ConfigMap is seen',
      () => namesOf(world.last()?.daemonSets).length > 0 && world.inputs.length > 1,
    );
    expect(world.inputs).toHaveLength(2);
    expect(world.declared.get('falco')?.notes).toEqual(['1 ConfigMaps']);
  });
});

describe('kinds that come and go', () => {
  it('are watched once they are installed, and forgotten once they are gone', async () => {
    const world = await start((kube) => {
      kube.put(rulesfiles, { metadata: { namespace: 'security', name: 'custom' } });
    });
    await takenIn(world);
    expect(world.last()?.objects.get('rulesfiles')).toBeUndefined();
    expect(world.kube.requests.some(({ path }) => path.includes('rulesfiles'))).toBe(false);
    world.installed.set('artifact.falcosecurity.dev/v1alpha1', ['rulesfiles']);
    await eventually('the kind is read', () => namesOf(world.last()?.objects.get('rulesfiles')).length === 1);
    world.installed.clear();
    await eventually('the kind is forgotten', () => world.last()?.objects.get('rulesfiles') === undefined);
  });
});

describe('what cannot be read', () => {
  it('is told with what would let it be read, and holds up nothing', async () => {
    const world = await start((kube, installed) => {
      installed.set('artifact.falcosecurity.dev/v1alpha1', ['rulesfiles']);
      kube.settings.forbidden.add('configmaps').add('rulesfiles');
    });
    await takenIn(world);
    expect(world.declared.get('falco')?.notes).toEqual([
      '0 ConfigMaps',
      expect.stringMatching(/^The rulesfiles.artifact.falcosecurity.dev cannot be read.*ClusterRole/),
      expect.stringMatching(/^The ConfigMaps of namespace security cannot be read.*agentNamespaces/),
    ]);
  });

  it('is told no more once it can be read', async () => {
    const world = await start((kube) => {
      kube.settings.forbidden.add('configmaps');
      kube.put(resources.configMaps, aConfigMap('security', 'falco-rules', {}));
    });
    await takenIn(world);
    world.kube.settings.forbidden.clear();
    await eventually('the ConfigMap is seen', () => world.declared.get('falco')?.notes.join() === '1 ConfigMaps');
  });

  it('is understood by nobody where the adapter fails, and the others go on', async () => {
    const world = await start();
    await takenIn(world);
    world.adapter.throws = true;
    world.kube.put(resources.configMaps, aConfigMap('security', 'falco-rules', {}));
    await eventually('it is told', () =>
      /could not be understood/.test(world.declared.get('falco')?.notes.join() ?? ''),
    );
    world.adapter.throws = false;
    world.kube.put(resources.configMaps, aConfigMap('security', 'more', {}));
    await eventually('it is well again', () => world.declared.get('falco')?.notes.join() === '2 ConfigMaps');
  });
});

describe('an agent that is recognised everywhere', () => {
  it('is watched in so many namespaces and no more, which is said', async () => {
    const world = await start((_, __, model) => {
      for (let index = 0; index < 40; index += 1)
        model.upsertDaemonSet(aDaemonSet({ namespace: `team-${index}`, name: `falco-${index}` }));
    });
    await takenIn(world);
    const namespaces = new Set(
      world.kube.requests.flatMap(({ path }) => /\/namespaces\/([^/]+)\/configmaps/.exec(path)?.[1] ?? []),
    );
    expect(namespaces.size).toBe(32);
    const unread = world.declared.get('falco')?.notes.filter((note) => note.includes('more than 32 namespaces'));
    // Ten have no room, with their ConfigMaps and their DaemonSets.
    expect(unread).toHaveLength(20);
  });
});

describe('an agent that is removed', () => {
  it('declares nothing any more, and is not watched', async () => {
    const world = await start();
    await takenIn(world);
    world.model.setAgents([]);
    world.model.evaluate(1);
    await eventually('nothing is declared', () => world.declared.get('falco')?.notes.length === 0);
    await eventually('only catalogues are watched', () => world.kube.watches === 1);
  });
});
