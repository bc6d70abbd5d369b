import { afterEach, describe, expect, it } from 'vitest';
import { createCoverageModel } from '../../../domain/coverage/model.ts';
import { aFalco } from '../../../domain/testing/agents.ts';
import { aDaemonSet, anywhere } from '../../../domain/testing/pods.ts';
import { createWriter } from '../../../kube/apply.ts';
import { systemClock } from '../../../kube/clock.ts';
import type { EventRecord } from '../../../kube/events.ts';
import { silentLog } from '../../../kube/log.ts';
import { resources } from '../../../kube/resource.ts';
import { Store } from '../../../kube/store.ts';
import { eventually } from '../../../kube/testing/eventually.ts';
import { startFakeKube } from '../../../kube/testing/fake-kube.ts';
import { createTransport } from '../../../kube/transport.ts';
import type { RawObject } from '../../watches.ts';
import { keepAdmissionPolicies } from './keep.ts';
import { componentLabel, ownerName, wantedAnnotation } from './plan.ts';

const kinds = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'].map(
  (plural) => `admissionregistration.k8s.io/${plural}`,
);
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const aPolicy = (name: string, { wanted = true, spec = {} }: { wanted?: boolean; spec?: object } = {}): RawObject =>
  ({
    apiVersion: 'workloadprotection.dev/v1alpha1',
    kind: 'WorkloadPolicy',
    metadata: {
      name,
      uid: `uid-${name}`,
      generation: 1,
      ...(wanted ? { annotations: { [wantedAnnotation]: 'true' } } : {}),
    },
    spec: { admission: { mode: 'Deny' }, ...spec },
  }) as RawObject;

const start = async (...policies: readonly RawObject[]) => {
  const kube = await startFakeKube();
  kube.put(resources.clusterRoles, { metadata: { name: ownerName } });
  kube.put(resources.validatingWebhookConfigurations, {
    metadata: { name: 'workload-protection' },
    webhooks: [{ name: 'pods.workloadprotection.dev', namespaceSelector: {} }],
  });
  kube.put(resources.runtimeClasses, { metadata: { name: 'isolated' }, handler: 'kata' });
  kube.put(resources.validatingAdmissionPolicies, { metadata: { name: 'of-somebody-else' } });
  const model = createCoverageModel();
  model.setAgents([aFalco()]);
  model.upsertDaemonSet(aDaemonSet({ scheduling: anywhere }));
  model.evaluate(Date.now());
  const store = new Store<RawObject>({ keyOf: ({ metadata: { name } }) => ({ namespace: '', name }) });
  for (const policy of policies) store.upsert(policy);
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const said: EventRecord[] = [];
  const stop = new AbortController();
  const done = keepAdmissionPolicies(
    {
      transport,
      writer: createWriter(transport),
      events: { record: (event) => void said.push(event) },
      model,
      policies: store,
      // Seconds pass as milliseconds.
      clock: { ...systemClock, after: (ms, callback) => systemClock.after(ms / 1000, callback) },
      log: silentLog,
    },
    stop.signal,
  );
  running.push(async () => {
    stop.abort();
    await done;
    await transport.close();
    await kube.close();
  });
  const names = (): readonly string[] =>
    kinds.flatMap((kind) =>
      kube.cluster
        .list(kind)
        .map(({ metadata }) => metadata.name)
        .filter((name) => name !== 'of-somebody-else')
        .toSorted(),
    );
  return {
    kube,
    store,
    said,
    namesAre: (...wanted: readonly string[]) =>
      eventually(`${wanted.join()} and their bindings`, () => names().join() === [...wanted, ...wanted].join()),
    written: (): number => kube.requests.filter(({ verb }) => verb === 'patch' || verb === 'create').length,
    rounds: (): number => kube.requests.filter(({ path }) => path.endsWith(ownerName)).length,
  };
};

describe('the keeper of generated policies', () => {
  it('makes them for those that ask, with a binding each, owned by the role that allows it, and says so once', async () => {
    const { kube, namesAre, said } = await start(aPolicy('vault'), aPolicy('silent', { wanted: false }));
    await namesAre('vault.workloadprotection.dev');
    const made = kube.cluster.list(kinds[0] ?? '').find(({ metadata }) => metadata.name !== 'of-somebody-else');
    expect(made?.metadata).toMatchObject({ labels: componentLabel, ownerReferences: [{ name: ownerName }] });
    expect(said.map(({ reason, regarding }) => [reason, regarding.name])).toEqual([
      ['AdmissionPolicyGenerated', 'vault'],
    ]);
  });

  it('writes nothing again while nothing changes', async () => {
    const { namesAre, written, rounds } = await start(aPolicy('vault'));
    await namesAre('vault.workloadprotection.dev');
    // What was written comes back by the watch, and makes a round or two of its own.
    const settled = rounds() + 3;
    await eventually('more rounds', () => rounds() > settled);
    const [before, then] = [written(), rounds()];
    await eventually('yet more rounds', () => rounds() > then + 3);
    expect(written()).toBe(before);
  });

  it('says why not of what cannot be said without knowing nodes, once, and takes away what was made before', async () => {
    const { store, namesAre, said, rounds } = await start(aPolicy('vault'));
    await namesAre('vault.workloadprotection.dev');
    store.upsert(aPolicy('vault', { spec: { selector: { nodeSelector: { matchLabels: { pool: 'a' } } } } }));
    await namesAre();
    const then = rounds();
    await eventually('more rounds', () => rounds() > then + 2);
    expect(said.map(({ reason, type }) => [reason, type])).toEqual([
      ['AdmissionPolicyGenerated', 'Normal'],
      ['AdmissionPolicyNotGenerated', 'Warning'],
    ]);
    expect(said.at(-1)?.note).toContain('it has a nodeSelector');
  });

  it('takes them away where they are no longer asked for, and those of deleted policies, and leaves those of others', async () => {
    const { kube, store, namesAre } = await start(aPolicy('a'), aPolicy('b'), aPolicy('c'));
    await namesAre(...['a', 'b', 'c'].map((name) => `${name}.workloadprotection.dev`));
    store.upsert(aPolicy('a', { wanted: false }));
    store.remove('', 'b');
    await namesAre('c.workloadprotection.dev');
    expect(kube.cluster.list(kinds[0] ?? '').map(({ metadata }) => metadata.name)).toContain('of-somebody-else');
  });

  it('makes again what somebody has changed', async () => {
    const { kube, namesAre } = await start(aPolicy('vault'));
    await namesAre('vault.workloadprotection.dev');
    const failurePolicy = (): unknown =>
      (
        kube.cluster.list(kinds[0] ?? '').find(({ metadata }) => metadata.name.startsWith('vault')) as unknown as {
          readonly spec?: { readonly failurePolicy?: string };
        }
      ).spec?.failurePolicy;
    expect(failurePolicy()).toBe('Ignore');
    kube.put(resources.validatingAdmissionPolicies, {
      metadata: { name: 'vault.workloadprotection.dev', labels: componentLabel },
      spec: { failurePolicy: 'Fail' },
    });
    await eventually('it to be as it was', () => failurePolicy() === 'Ignore');
  });
});
