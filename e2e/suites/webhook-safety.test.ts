// The webhook stands in everyone's way. Whatever happens to it, its certificate or the API server, no creation fails because of it, and
// while one replica lives none goes unjudged.
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueLeaf, issueRoot } from '../../certificates/issue.ts';
import {
  bundleOf,
  fromSecretData,
  hasSigned,
  hostsOf,
  readCertificate,
  toSecretData,
  type Material,
} from '../../certificates/material.ts';
import { settling } from '../../certificates/renew.ts';
import { falco } from '../fleet/agents.ts';
import { everywhere } from '../fleet/agents/daemon-set.ts';
import type { ProcessHandle } from '../installation/install.ts';
import { createDuring, type Creations } from './support/creations.ts';
import { eventually } from './support/eventually.ts';
import { fetchMetrics, readExposition } from './support/exposition.ts';
import { startFront, type Front } from './support/front.ts';
import { createAll, deployment, namespace, namespacesOf, node, pod } from './support/small-fleet.ts';
import { startWorld, type World } from './support/world.ts';

const agents = falco({ tolerations: everywhere, nodeSelector: { 'agents.example.com/falco': 'true' } });
const hour = 3_600_000;
const secretPath = '/api/v1/namespaces/workload-protection/secrets/workload-protection-webhook-tls';
const configurationPath = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/workload-protection';
const values = {
  starterPolicy: { spec: { gracePeriod: '0s', admission: { mode: 'Warn' } } },
  operator: { replicas: 0 },
  webhook: { replicas: 0, failClosed: { enabled: true, fallbackAfter: '6s' } },
};

let world: World;
let front: Front;
let operator: ProcessHandle;
let replicas: ProcessHandle[] = [];

const killReplicas = async (): Promise<void> => {
  for (const replica of replicas) {
    replica.kill('SIGKILL');
    await replica.exited;
  }
};

const startReplica = async (): Promise<ProcessHandle> => {
  // A shorter drain than the default, which allows for many API servers; here is one, which asks a hundred times a second.
  const replica = await world.startWebhook({ args: [`--advertise-url=${front.url}`, '--drain-period=4s'] });
  front.add(replica);
  return replica;
};

beforeAll(async () => {
  front = await startFront();
  world = await startWorld('webhook-safety');
  const strict = namespace('strict', { 'workloadprotection.dev/fail-closed': 'true' });
  await createAll(world.cluster, [strict, ...namespacesOf(agents), node('open'), ...agents]);
  await world.install({ ...values, webhook: { ...values.webhook, advertiseUrl: front.url } });
});

afterAll(async () => {
  await world?.stop();
  await front?.close();
});

/** Every pod of this name fits the unprotected node only, so that a judged one is a warned one. */
const aPod = (index: number) => pod('default', `safe-${index}`, { on: 'open' });

const failedOpen = async (): Promise<number> => {
  const { body } = await world.plane.api.call('GET', '/metrics');
  return readExposition(String(body)).sum('apiserver_admission_webhook_fail_open_count') ?? 0;
};

const expectAllJudged = ({ made, judged, refused, unanswered }: Creations, atLeast: number): void => {
  expect(refused).toEqual([]);
  expect(made).toBeGreaterThanOrEqual(atLeast);
  expect({ judged, unanswered }).toEqual({ judged: made, unanswered: 0 });
};

const published = async (): Promise<string> => {
  const { webhooks } = await world.get<{
    readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
  }>(configurationPath);
  return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
};
/** What an API server would meet: the certificate, where it is of a root that was published before. */
const greet = async (): Promise<string> => {
  const ca = await published();
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: front.port, ca }, () => {
      resolve(socket.getPeerX509Certificate()?.toString() ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
};

describe('with no replica', () => {
  test('a cluster comes up, from its API server to a running workload', async () => {
    await world.plane.restartApiServer();
    await world.cluster.create(deployment('default', 'first', { on: 'open', replicas: 2 }));
    await eventually(async () => {
      const { status } = await world.get<{ readonly status: { readonly readyReplicas?: number } }>(
        '/apis/apps/v1/namespaces/default/deployments/first',
      );
      expect(status.readyReplicas).toBe(2);
    });
  });
});

describe('with two replicas', () => {
  beforeAll(async () => {
    operator = await world.startOperator();
    replicas = [await startReplica(), await startReplica()];
    await eventually(async () => {
      const { judged, made } = await createDuring(world.plane, aPod, Promise.resolve(), 100);
      expect([made > 0, judged]).toEqual([true, made]);
    });
  });

  const material = async (): Promise<Material> => {
    const { data } = await world.get<{ readonly data: Record<string, string> }>(secretPath);
    const found = fromSecretData(data);
    if (found === undefined) throw new Error('the Secret holds no certificate');
    return found;
  };
  const write = async (next: Material): Promise<void> => {
    await world.cluster.patch(secretPath, { data: toSecretData(next) });
  };
  test('the certificate and then its root are replaced, and every creation is judged meanwhile', async () => {
    const failedBefore = await failedOpen();
    const greetings = { made: 0, isOver: false };
    const greeting = (async () => {
      for (; !greetings.isOver; greetings.made += 1) await greet();
    })();
    greeting.catch(() => {});

    const rotate = async (): Promise<void> => {
      const before = await material();
      const root = { certificate: before.roots[0]?.pem ?? '', key: before.rootKey };
      // Three quarters of its life are over: it is due.
      const old = await issueLeaf(root, hostsOf(before.leaf), {
        from: Date.now() - 72 * hour,
        to: Date.now() + 24 * hour,
      });
      await write({ ...before, leaf: readCertificate(old.certificate), leafKey: old.key });
      const renewed = await eventually(async () => {
        const now = await material();
        expect([before.leaf.pem, old.certificate]).not.toContain(now.leaf.pem);
        expect(await greet()).toBe(now.leaf.pem);
        return now;
      });
      // A new root that is trusted from now on, and settled in eight seconds.
      const settlesIn = 8000;
      const from = Date.now() - hour - settling + settlesIn;
      const next = await issueRoot({ from, to: Date.now() + 26_000 * hour });
      const overlapping = {
        ...renewed,
        roots: [readCertificate(next.certificate), ...renewed.roots],
        rootKey: next.key,
      };
      await write(overlapping);
      await eventually(async () => expect(await published()).toBe(bundleOf(overlapping)));
      expect((await material()).leaf).toEqual(renewed.leaf);
      await eventually(async () => {
        const now = await material();
        const [newest] = now.roots;
        expect(newest && hasSigned(newest, now.leaf)).toBe(true);
        expect(await greet()).toBe(now.leaf.pem);
      });
    };
    const creations = await createDuring(world.plane, aPod, rotate(), 20_000);
    greetings.isOver = true;
    await greeting;
    expectAllJudged(creations, 1000);
    expect(greetings.made).toBeGreaterThan(20);
    expect(await failedOpen()).toBe(failedBefore);
  });

  test('both are replaced one after the other, and every creation is judged meanwhile', async () => {
    const failedBefore = await failedOpen();
    const roll = async (): Promise<void> => {
      for (const old of replicas) {
        const next = await startReplica();
        replicas = [...replicas.filter((replica) => replica !== old), next];
        await old.stop();
      }
    };
    expectAllJudged(await createDuring(world.plane, aPod, roll()), 500);
    expect(await failedOpen()).toBe(failedBefore);
  });

  test('the operator that leads is lost, and every creation is judged meanwhile', async () => {
    const lose = async (): Promise<void> => {
      operator.kill('SIGKILL');
      await operator.exited;
      operator = await world.startOperator();
    };
    expectAllJudged(await createDuring(world.plane, aPod, lose(), 3000), 150);
  });

  test('the API server restarts, and judges by us again from its first answer', async () => {
    const { refused, judged, made } = await createDuring(world.plane, aPod, world.plane.restartApiServer(), 8000);
    expect(refused).toEqual([]);
    expect(judged).toBe(made);
    expect(made).toBeGreaterThan(100);
    // A new process counts from zero.
    expect(await failedOpen()).toBe(0);
    for (const replica of replicas) {
      const { sum } = await fetchMetrics(`${replica.metricsUrl}/metrics`);
      expect(sum('workload_protection_webhook_self_probe_success')).toBe(1);
      expect(sum('workload_protection_webhook_shed_total')).toBe(0);
    }
  });

  test('more is asked than can be answered at once, and no creation fails', async () => {
    const { made, judged, refused, unanswered } = await createDuring(world.plane, aPod, Promise.resolve(), 2000, 1);
    // What is not judged for want of time is let through with a warning, too.
    expect({ refused, unanswered, judged }).toEqual({ refused: [], unanswered: 0, judged: made });
    expect(made).toBeGreaterThan(500);
  });

  test('both are killed, and every creation goes through unjudged', async () => {
    await killReplicas();
    const { refused, judged, made, unanswered } = await createDuring(world.plane, aPod, Promise.resolve(), 3000);
    expect({ refused, judged, unanswered }).toEqual({ refused: [], judged: 0, unanswered: 0 });
    expect(made).toBeGreaterThan(20);
    // So the count does count.
    expect(await failedOpen()).toBeGreaterThan(20);
  });
});

describe('a namespace that fails closed', () => {
  const strictPath = `${configurationPath}-fail-closed`;
  const policyIs = (wanted: string): Promise<void> =>
    eventually(async () => {
      const { webhooks } = await world.get<{ readonly webhooks: readonly { readonly failurePolicy: string }[] }>(
        strictPath,
      );
      expect(webhooks.map(({ failurePolicy }) => failurePolicy)).toEqual([wanted]);
    });
  const tryIn = async (inNamespace: string): Promise<number> =>
    (
      await world.plane.api.call(
        'POST',
        `/api/v1/namespaces/${inNamespace}/pods?dryRun=All`,
        pod(inNamespace, 'tried', { on: 'open' }),
      )
    ).status;
  const judgedIn = async (inNamespace: string): Promise<void> => {
    const { made, judged } = await createDuring(
      world.plane,
      (index) => pod(inNamespace, `strict-${index}`, { on: 'open' }),
      Promise.resolve(),
      100,
    );
    expect([made > 0, judged]).toEqual([true, made]);
  };

  test('refuses what nobody judges, and is let through again even if everything of ours was gone', async () => {
    // Nobody has answered for longer than the patience lasts.
    await killReplicas();
    await policyIs('Ignore');
    expect(await tryIn('strict')).toBe(201);
    replicas = [await startReplica()];
    await policyIs('Fail');
    await judgedIn('strict');

    await killReplicas();
    operator.kill('SIGKILL');
    await operator.exited;
    await world.plane.restartApiServer();
    expect(await tryIn('strict')).toBe(500);
    for (const inNamespace of ['default', 'kube-system', 'workload-protection']) {
      expect([inNamespace, await tryIn(inNamespace)]).toEqual([inNamespace, 201]);
    }

    operator = await world.startOperator();
    await policyIs('Ignore');
    expect(await tryIn('strict')).toBe(201);
    expect(await world.kubectl(['get', 'events', '-n', 'default', '-o', 'wide'])).toContain('FailOpen');
    replicas = [await startReplica()];
    await policyIs('Fail');
    await judgedIn('strict');
  });

  test('is gone when it is switched off', async () => {
    await world.kubectl(['delete', 'clusterrole', 'workload-protection-fail-closed', '--ignore-not-found']);
    await eventually(async () => expect((await world.plane.api.call('GET', strictPath)).status).toBe(404));
    await killReplicas();
    expect(await tryIn('strict')).toBe(201);
  });
});

describe('with a certificate that the user keeps', () => {
  test('a replica serves what the Secret holds, reloads it, and may not write it', async () => {
    const root = await issueRoot({ from: Date.now() - hour, to: Date.now() + 1000 * hour });
    const issue = () => issueLeaf(root, ['127.0.0.1'], { from: Date.now() - hour, to: Date.now() + 100 * hour });
    const put = async ({ certificate, key }: Awaited<ReturnType<typeof issue>>): Promise<void> => {
      await world.kubectl(['apply', '--server-side', '-f', '-'], {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name: 'mine', namespace: 'workload-protection' },
        stringData: { 'tls.crt': certificate, 'tls.key': key, 'ca.crt': root.certificate },
      });
    };
    const first = await issue();
    await put(first);
    const certificate = { source: 'Secret', secretName: 'mine' };
    await world.install({ ...values, webhook: { replicas: 0, advertiseUrl: front.url, certificate } });
    await startReplica();
    await eventually(async () => {
      const { judged, made } = await createDuring(world.plane, aPod, Promise.resolve(), 100);
      expect([made > 0, judged]).toEqual([true, made]);
    });

    const second = await issue();
    const reload = async (): Promise<void> => {
      await put(second);
      await eventually(async () => expect(await greet()).toBe(second.certificate));
    };
    const creations = await createDuring(world.plane, aPod, reload(), 2000);
    expectAllJudged(creations, 20);
    for (const verb of ['update', 'create']) {
      const account = 'system:serviceaccount:workload-protection:workload-protection-webhook';
      const { stdout } = await world.kubectl.say([
        'auth',
        'can-i',
        verb,
        'secrets/mine',
        '--namespace=workload-protection',
        `--as=${account}`,
      ]);
      expect([verb, stdout.trim()]).toEqual([verb, 'no']);
    }
  });
});
