import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../kube/clock.ts';
import { silentLog } from '../kube/log.ts';
import { resources } from '../kube/resource.ts';
import { eventually } from '../kube/testing/eventually.ts';
import { startFakeKube, type FakeKube } from '../kube/testing/fake-kube.ts';
import { createTransport } from '../kube/transport.ts';
import { createCertificateKeeper } from './keeper.ts';
import { covers, hasSigned, readCertificate } from './material.ts';
import type { CertificateSource, Served } from './served.ts';

const namespace = 'workload-protection';
const secret = 'workload-protection-webhook-tls';
const day = 86_400_000;

/** Real time whose calendar can be turned on; nobody waits for an hour. */
const aClock = () => {
  let ahead = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + ahead,
    after: (ms, callback) => systemClock.after(ms > 3_000_000 ? 20 : ms, callback),
  };
  return { clock, turn: (ms: number) => (ahead += ms) };
};

const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

const aKube = async (): Promise<FakeKube> => {
  const kube = await startFakeKube();
  running.push(async () => kube.close());
  return kube;
};

const aReplica = (kube: FakeKube, clock: Clock, hosts = ['hook.svc']): CertificateSource => {
  const transport = createTransport(kube.access, { userAgent: 'test' });
  const keeper = createCertificateKeeper({
    transport,
    namespace,
    secret,
    hosts,
    component: 'webhook',
    clock,
    random: () => 0,
    log: silentLog,
  });
  const stop = new AbortController();
  const done = keeper.run(stop.signal);
  running.unshift(async () => {
    stop.abort();
    await done;
    await transport.close();
  });
  return keeper;
};

const materialOf = (keeper: CertificateSource): Promise<Served> =>
  eventually('a certificate', () => keeper.served()) as Promise<Served>;

const creations = (kube: FakeKube): number =>
  kube.requests.filter(({ verb, path }) => verb === 'create' && path.includes('/secrets')).length;

describe('the keeper of certificates', () => {
  it('makes the Secret where there is none', async () => {
    const kube = await aKube();
    await materialOf(aReplica(kube, aClock().clock));
    expect(kube.cluster.get('/secrets', namespace, secret)).toMatchObject({
      type: 'Opaque',
      data: {
        'ca.crt': expect.any(String),
        'ca.key': expect.any(String),
        'tls.crt': expect.any(String),
        'tls.key': expect.any(String),
      },
    });
  });

  it('agrees with all other replicas, even if they start in the same moment', async () => {
    const kube = await aKube();
    const { clock } = aClock();
    const replicas = [1, 2, 3].map(() => aReplica(kube, clock));
    await eventually(
      'the same certificate everywhere',
      () => replicas.map((replica) => replica.served()?.certificate),
      ([first, ...others]) => first !== undefined && others.every((other) => other === first),
    );
    expect(kube.cluster.list('/secrets')).toHaveLength(1);
    expect(creations(kube)).toBeLessThanOrEqual(3);
  });

  it('reads what is there, and writes nothing', async () => {
    const kube = await aKube();
    const { clock } = aClock();
    const first = await materialOf(aReplica(kube, clock));
    const writes = creations(kube);
    expect(await materialOf(aReplica(kube, clock))).toEqual(first);
    expect(creations(kube)).toBe(writes);
  });

  it('renews the certificate in time, on every replica', async () => {
    const kube = await aKube();
    const { clock, turn } = aClock();
    const replicas = [aReplica(kube, clock), aReplica(kube, clock)];
    const before = await Promise.all(replicas.map(materialOf));
    turn(61 * day);
    const after = await eventually(
      'another certificate on both',
      () => replicas.map((replica) => replica.served()),
      (all) =>
        all.every(
          (material) =>
            material?.certificate !== before[0]?.certificate && material?.certificate === all[0]?.certificate,
        ),
    );
    const root = readCertificate(before[0]?.authorities ?? '');
    expect(after.every((served) => served && hasSigned(root, readCertificate(served.certificate)))).toBe(true);
  });

  it('issues everything anew where the Secret is deleted', async () => {
    const kube = await aKube();
    const keeper = aReplica(kube, aClock().clock);
    const before = await materialOf(keeper);
    kube.remove(resources.secrets, namespace, secret);
    await eventually(
      'another root',
      () => keeper.served()?.authorities,
      (pem) => pem !== before.authorities,
    );
  });

  it('mends a Secret that somebody has broken', async () => {
    const kube = await aKube();
    const keeper = aReplica(kube, aClock().clock);
    const before = await materialOf(keeper);
    kube.put(resources.secrets, { metadata: { name: secret, namespace }, data: { 'tls.crt': 'bm90aGluZw==' } });
    await eventually(
      'another certificate',
      () => keeper.served()?.certificate,
      (pem) => pem !== before.certificate,
    );
  });

  it('agrees with a process that is reached by another address, and both are named', async () => {
    const kube = await aKube();
    const { clock } = aClock();
    const replicas = [['hook.svc', '10.0.0.7'], ['hook.svc', '10.0.0.8'], ['hook.svc']].map((hosts) =>
      aReplica(kube, clock, hosts),
    );
    const named = (served: Served | undefined): boolean =>
      served !== undefined &&
      ['10.0.0.7', '10.0.0.8'].every((host) => covers(readCertificate(served.certificate), host));
    await eventually(
      'one certificate for both',
      () => replicas.map((replica) => replica.served()),
      (all) => all.every((served) => named(served) && served?.certificate === all[0]?.certificate),
    );
    const writes = (): number => kube.requests.filter(({ verb }) => verb === 'create' || verb === 'update').length;
    const before = writes();
    // A change that somebody else makes is looked at by all, and answered by none.
    const held = kube.cluster.get('/secrets', namespace, secret) as Parameters<FakeKube['put']>[1];
    kube.put(resources.secrets, { ...held, metadata: { ...held.metadata, labels: { touched: 'yes' } } });
    await materialOf(aReplica(kube, clock, ['hook.svc']));
    expect(writes()).toBe(before);
  });

  it('says why it cannot write, and does once it can', async () => {
    const kube = await aKube();
    kube.inject({ verb: 'create', plural: 'secrets', fault: { answer: 403, reason: 'Forbidden' }, times: 3 });
    const keeper = aReplica(kube, aClock().clock);
    const said = await eventually(
      'trouble',
      () => keeper.trouble(),
      (trouble) => trouble?.startsWith('cannot write') === true,
    );
    expect(said).toContain(`cannot write Secret ${namespace}/${secret}`);
    await materialOf(keeper);
    expect(keeper.trouble()).toBeUndefined();
  });
});
