import { afterEach, describe, expect, it } from 'vitest';
import { createWriter } from '../../../kube/apply.ts';
import { systemClock } from '../../../kube/clock.ts';
import type { EventRecord } from '../../../kube/events.ts';
import { silentLog } from '../../../kube/log.ts';
import { resources } from '../../../kube/resource.ts';
import { eventually } from '../../../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../../../kube/testing/fake-kube.ts';
import { createTransport } from '../../../kube/transport.ts';
import { keepFailClosed } from './keep.ts';
import { failClosedName, ownerName, sourceName, type FailurePolicy } from './plan.ts';

const configurations = resources.validatingWebhookConfigurations;
const kind = 'admissionregistration.k8s.io/validatingwebhookconfigurations';
const roles = 'rbac.authorization.k8s.io/clusterroles';
const fallbackAfterMs = 60_000;
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const putSource = (kube: FakeKube, caBundle: string): void =>
  void kube.put(configurations, {
    metadata: { name: sourceName },
    webhooks: [
      {
        name: 'pods.workloadprotection.dev',
        clientConfig: {
          url: 'https://10.0.0.7:9443/validate/pods',
          caBundle: Buffer.from(caBundle).toString('base64'),
        },
      },
    ],
  });

/** Seconds pass as milliseconds, and the minute of patience when a test says so. */
const start = async ({ failure }: { readonly failure?: string } = {}) => {
  const kube = await startFakeKube();
  kube.put(resources.clusterRoles, { metadata: { name: ownerName } });
  putSource(kube, 'roots');
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const said: EventRecord[] = [];
  const world: { failure: string | undefined; policy: FailurePolicy | undefined; later: number; probes: number } = {
    failure,
    policy: undefined,
    later: 0,
    probes: 0,
  };
  const stop = new AbortController();
  const done = keepFailClosed(
    {
      transport,
      writer: createWriter(transport),
      events: { record: (event) => void said.push(event) },
      fallbackAfterMs,
      probe: async () => {
        world.probes += 1;
        return world.failure;
      },
      onPolicy: (policy) => void (world.policy = policy),
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now() + world.later,
        after: (ms, callback) => systemClock.after(ms / 1000, callback),
      },
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
  const held = () => kube.cluster.list(kind).find(({ metadata }) => metadata.name === failClosedName);
  return {
    kube,
    world,
    said,
    held,
    policyIs: (wanted: FailurePolicy | undefined) =>
      eventually(`the policy to be ${wanted}`, () => world.policy === wanted && world.probes > 0),
    anotherProbe: async () => {
      const { probes } = world;
      await eventually('two more probes', () => world.probes > probes + 1);
    },
  };
};

describe('the keeper of the fail-closed configuration', () => {
  it('makes it where the webhook answers, owned by the role that allows it', async () => {
    const { kube, policyIs, held, said } = await start();
    await policyIs('Fail');
    expect(held()).toMatchObject({
      metadata: {
        ownerReferences: [{ kind: 'ClusterRole', name: ownerName, uid: kube.cluster.list(roles)[0]?.metadata.uid }],
      },
      webhooks: [{ failurePolicy: 'Fail', clientConfig: { url: 'https://10.0.0.7:9443/validate/pods/fail-closed' } }],
    });
    expect(said.map(({ reason }) => reason)).toEqual(['FailClosed']);
  });

  it('begins open where no replica answers yet', async () => {
    const { policyIs, held } = await start({ failure: 'connection refused' });
    await policyIs('Ignore');
    expect(held()).toMatchObject({ webhooks: [{ failurePolicy: 'Ignore' }] });
  });

  it('is patient for a minute, then lets pods through and says so, and closes again when a replica answers', async () => {
    const { world, policyIs, held, said, anotherProbe } = await start();
    await policyIs('Fail');
    world.failure = 'connection refused';
    await anotherProbe();
    expect(held()).toMatchObject({ webhooks: [{ failurePolicy: 'Fail' }] });
    world.later = fallbackAfterMs;
    await policyIs('Ignore');
    expect(held()).toMatchObject({ webhooks: [{ failurePolicy: 'Ignore' }] });
    expect(said.at(-1)).toMatchObject({ type: 'Warning', reason: 'FailOpen' });
    expect(said.at(-1)?.note).toContain('connection refused');
    world.failure = undefined;
    await policyIs('Fail');
    expect(said.map(({ reason }) => reason)).toEqual(['FailClosed', 'FailOpen', 'FailClosed']);
  });

  it('writes nothing while nothing changes, and follows the authority when it does', async () => {
    const { kube, policyIs, held, anotherProbe } = await start();
    await policyIs('Fail');
    const writes = (): number => kube.requests.filter(({ verb }) => !['list', 'watch', 'get'].includes(verb)).length;
    await anotherProbe();
    const before = writes();
    await anotherProbe();
    expect(writes()).toBe(before);
    putSource(kube, 'newer roots');
    await eventually('the newer roots', () =>
      JSON.stringify(held()).includes(Buffer.from('newer roots').toString('base64')),
    );
  });

  it('goes when the first configuration goes', async () => {
    const { kube, policyIs, held } = await start();
    await policyIs('Fail');
    kube.remove(configurations, '', sourceName);
    await eventually('no configuration', () => held() === undefined);
    await policyIs(undefined);
  });

  it('does not bring it back when somebody has deleted it', async () => {
    const { kube, policyIs, held, anotherProbe } = await start();
    await policyIs('Fail');
    await anotherProbe();
    kube.remove(configurations, '', failClosedName);
    await policyIs(undefined);
    const reads = (): number => kube.requests.length;
    const before = reads();
    putSource(kube, 'newer roots');
    await policyIs(undefined);
    expect([held(), reads()]).toEqual([undefined, before]);
  });
});
