import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainNode } from '../control-plane/nodes.ts';
import { isRunning } from '../control-plane/processes.ts';
import { openControlPlane, startControlPlane } from '../control-plane/start.ts';
import type { ControlPlane } from '../control-plane/start.ts';
import { freshName } from './support/fresh-name.ts';

const podBehaviour = 'e2e.workloadprotection.dev/pod-behaviour';
const deadlineMs = 60_000;

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly reason?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly restartCount: number;
      readonly state: { readonly waiting?: { readonly reason: string }; readonly running?: object };
      readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly reason: string } };
    }[];
  };
}

/** Asks until `accept` gives a value; fails with what was seen last. */
async function eventually<T>(
  what: string,
  ask: () => Promise<unknown>,
  accept: (seen: unknown) => T | undefined,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const seen = await ask();
    const accepted = accept(seen);
    if (accepted !== undefined) return accepted;
    if (Date.now() > deadline)
      throw new Error(`${what}: not so after ${deadlineMs / 1000} s; last seen ${JSON.stringify(seen)}`);
    await delay(100);
  }
}

describe('the control plane for development and tests', () => {
  const name = `suite-${process.pid}`;
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane({ name });
  });
  afterAll(async () => {
    await plane?.stop();
  });

  const get = async (path: string): Promise<unknown> => (await plane.api.call('GET', path)).body;
  const podsOf = async (app: string): Promise<readonly Pod[]> =>
    ((await get(`/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`)) as { readonly items: readonly Pod[] })
      .items;
  const create = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await plane.api.call('POST', path, body);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  };
  const isReady = (pod: Pod): boolean =>
    pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;

  test('a node keeps the status that its creator gave it', async () => {
    const given = freshName('given');
    await create('/api/v1/nodes', {
      ...plainNode(given),
      status: {
        capacity: { cpu: '4', memory: '16Gi', pods: '58' },
        nodeInfo: {
          ...Object.fromEntries(['machineID', 'systemUUID', 'bootID', 'kubeProxyVersion'].map((key) => [key, ''])),
          architecture: 'arm64',
          operatingSystem: 'linux',
          osImage: 'Bottlerocket OS 1.44.0',
          kernelVersion: '5.15.178',
          containerRuntimeVersion: 'containerd://1.7.27',
          kubeletVersion: 'v1.33.1',
        },
      },
    });
    const status = await eventually(
      'node is Ready',
      async () => get(`/api/v1/nodes/${given}`),
      (seen) => {
        const { status } = seen as { status: { conditions?: { type: string; status: string }[] } };
        return status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
          ? status
          : undefined;
      },
    );
    expect(status).toMatchObject({
      capacity: { cpu: '4', pods: '58' },
      nodeInfo: {
        architecture: 'arm64',
        osImage: 'Bottlerocket OS 1.44.0',
        kernelVersion: '5.15.178',
        kubeletVersion: 'v1.33.1',
      },
    });
  });

  test('a Deployment is scheduled and its pods run', async () => {
    const app = freshName('web');
    await create('/apis/apps/v1/namespaces/default/deployments', {
      metadata: { name: app },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app } },
        template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } },
      },
    });
    const pods = await eventually(
      'two pods ready',
      async () => podsOf(app),
      (seen) => {
        const pods = seen as readonly Pod[];
        return pods.length === 2 && pods.every(isReady) ? pods : undefined;
      },
    );
    for (const pod of pods) {
      expect(pod.status.phase).toBe('Running');
      expect(pod.status.podIP).toMatch(/^10\./);
      expect(pod.status.containerStatuses?.[0]?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    }
  });

  test('a living pod goes where its label sends it, and comes back', async () => {
    const agent = freshName('agent');
    const path = `/api/v1/namespaces/default/pods/${agent}`;
    await create('/api/v1/namespaces/default/pods', {
      metadata: {
        name: agent,
        labels: { app: 'agent' },
        annotations: {
          'e2e.workloadprotection.dev/pod-ip': '127.1.2.3',
          'e2e.workloadprotection.dev/exit-code': '137',
          'e2e.workloadprotection.dev/exit-reason': 'OOMKilled',
        },
      },
      spec: { containers: [{ name: 'main', image: 'agent:1' }] },
    });
    const become = async (behaviour: string, accept: (pod: Pod) => boolean): Promise<Pod> => {
      await plane.api.call('PATCH', path, { metadata: { labels: { [podBehaviour]: behaviour } } });
      return eventually(
        behaviour,
        async () => get(path),
        (seen) => (accept(seen as Pod) ? (seen as Pod) : undefined),
      );
    };
    const waitingFor = (reason: string) => (pod: Pod) =>
      pod.status.containerStatuses?.[0]?.state.waiting?.reason === reason && !isReady(pod);

    expect((await become('ready', isReady)).status.podIP).toBe('127.1.2.3');
    await become('not-ready', (pod) => !isReady(pod) && pod.status.containerStatuses?.[0]?.state.running !== undefined);
    const crashed = await become('crash-loop', waitingFor('CrashLoopBackOff'));
    expect(crashed.status.containerStatuses?.[0]).toMatchObject({
      restartCount: 7,
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
    });
    await become('image-pull', waitingFor('ImagePullBackOff'));
    expect((await become('pending', waitingFor('ContainerCreating'))).status.phase).toBe('Pending');
    expect((await become('ready', isReady)).status).toMatchObject({ phase: 'Running', podIP: '127.1.2.3' });
    const evicted = await become('evicted', (pod) => pod.status.phase === 'Failed');
    expect(evicted.status.reason).toBe('Evicted');
  });

  test('a Job completes', async () => {
    const once = freshName('once');
    await create('/apis/batch/v1/namespaces/default/jobs', {
      metadata: { name: once },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job:1' }] } } },
    });
    await eventually(
      'Job succeeded',
      async () => get(`/apis/batch/v1/namespaces/default/jobs/${once}`),
      (seen) => ((seen as { status: { succeeded?: number } }).status.succeeded === 1 ? true : undefined),
    );
  });

  test('a ServiceAccount has only the rights that it was given', async () => {
    const token = await plane.tokenFor({ namespace: 'default', serviceAccount: 'default' });
    const agent = new Agent({ connect: { ca: plane.ca } });
    const answer = await request(`${plane.url}/api/v1/nodes`, {
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}` },
    });
    const body = (await answer.body.json()) as { readonly message: string };
    await agent.close();
    expect(answer.statusCode).toBe(403);
    expect(body.message).toContain('system:serviceaccount:default:default');
    await expect(plane.kubeconfigFor({ namespace: 'default', serviceAccount: 'nobody' })).rejects.toThrow(
      'default/nobody',
    );
  });

  test('after a compaction and a restart an old resourceVersion is answered by 410', async () => {
    const [first, second] = [freshName('a'), freshName('b')];
    const old = (
      (await create('/api/v1/namespaces/default/configmaps', { metadata: { name: first } })) as {
        metadata: { resourceVersion: string };
      }
    ).metadata.resourceVersion;
    await create('/api/v1/namespaces/default/configmaps', { metadata: { name: second } });
    const watch = async (): Promise<unknown> => {
      const query = `watch=true&timeoutSeconds=1&resourceVersion=${old}`;
      const { body } = await plane.api.call('GET', `/api/v1/namespaces/default/configmaps?${query}`);
      return body;
    };
    expect(await watch()).toMatchObject({ type: 'ADDED', object: { metadata: { name: second } } });
    expect(await plane.expireWatches()).toBeGreaterThan(Number(old));
    expect(await watch()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  });

  test('a stopped API server comes back on the same address with the same data', async () => {
    const kept = freshName('kept');
    await create('/api/v1/namespaces/default/configmaps', { metadata: { name: kept } });
    const before = plane.pids()['kube-apiserver'];
    await plane.restartApiServer();
    expect(plane.pids()['kube-apiserver']).not.toBe(before);
    expect((await plane.api.call('GET', `/api/v1/namespaces/default/configmaps/${kept}`)).status).toBe(200);
  });

  test('a second one of the same name is refused, and another process may open this one', async () => {
    await expect(startControlPlane({ name })).rejects.toThrow('runs already');
    const again = await openControlPlane(name);
    expect(again?.url).toBe(plane.url);
    await again?.api.close();
  });

  test('stopping leaves no process and no data', async () => {
    const pids = Object.values(plane.pids());
    expect(pids).toHaveLength(5);
    await plane.stop();
    expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
    expect(await openControlPlane(name)).toBeUndefined();
  });
});
